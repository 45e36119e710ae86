# SPDX-License-Identifier: Apache-2.0
"""samples/programs/hello with libdetect under Valgrind's Memcheck: no byte is read that was not written, nothing is lost.

The network has all kinds of layers of the bundled one. Valgrind knows no AVX-512, so kernels are those of AVX2."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HELLO, NETWORK, BOARD, SUPPRESSIONS = sys.argv[1:]

if not shutil.which("valgrind"):
    print("valgrind is not there: install valgrind")
    sys.exit(77)

with tempfile.TemporaryDirectory() as folder:
    model = pathlib.Path(folder, "tiny.onnx")
    subprocess.run([NETWORK, model], check=True)
    isa = "avx2" if " avx2 " in pathlib.Path("/proc/cpuinfo").read_text() else "portable"
    result = subprocess.run(
        ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible",
         "--errors-for-leak-kinds=definite,indirect,possible", f"--suppressions={SUPPRESSIONS}", HELLO, model, BOARD],
        env={**os.environ, "DETECT_ISA": isa}, capture_output=True, text=True, timeout=900)
print(result.stdout + result.stderr)
lines = result.stdout.splitlines()
if result.returncode != 0 or not lines:
    sys.exit(f"ended with {result.returncode}, {len(lines)} objects ({isa})")
print(f"{len(lines)} objects ({isa})")
