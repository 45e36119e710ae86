# SPDX-License-Identifier: Apache-2.0
"""What the tests of the installed kit share: arguments, running programs, listing a library's symbols."""

import argparse
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path


def parse_arguments():
    parser = argparse.ArgumentParser()
    for name in ("build", "source", "cmake"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    return arguments


def run(*words, cwd=None, expected=0, environment=None):
    """Runs a program; its result, once it has ended with the expected code."""
    result = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=600,
                            env={**os.environ, **(environment or {})})
    if result.returncode != expected:
        raise AssertionError(f"{' '.join(map(str, words))}\nended with {result.returncode}, expected {expected}\n"
                             f"{result.stdout}\n{result.stderr}")
    return result


def exported_symbols(library):
    """Names of what a shared library shows, demangled, without symbol versions' own names."""
    lines = run("nm", "-D", "-C", "--defined-only", library).stdout.splitlines()
    matches = [re.fullmatch(r"[0-9a-f]+ (\w) (.*)", line) for line in lines]
    return {re.sub(r"@@.*", "", match[2]) for match in matches if match[1] != "A"}


def dynamic_section(library, field):
    return re.findall(rf"\({field}\).*\[(.*)\]", run("readelf", "-d", library).stdout)


def main():
    unittest.main(verbosity=2)
