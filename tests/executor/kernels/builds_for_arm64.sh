#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# builds_for_arm64.sh TBB_INCLUDE_DIR ROOT SOURCE…: the portable kernels, and the graph under them, compile for ARM64.
set -euo pipefail

compiler=aarch64-linux-gnu-g++
if ! command -v "$compiler" >/dev/null; then
    echo "skipped: there is no $compiler (Debian: g++-aarch64-linux-gnu)"
    exit 77
fi
tbb=$1
root=$2
shift 2

# TBB's headers alone: the others beside them are this machine's.
headers=$(mktemp -d)
trap 'rm -rf "$headers"' EXIT
ln -s "$tbb/tbb" "$tbb/oneapi" "$headers/"

failed=0
for source in "$@"; do
    "$compiler" -std=c++20 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -ffp-contract=off -fsyntax-only \
        -I"$root" -I"$root/include" -isystem "$headers" "$source" || failed=$((failed + 1))
done
echo "$# sources compiled for ARM64, $failed failed"
[ "$failed" -eq 0 ]
