#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files that break a rule each, through the command: the exact error, line by line, is in expected.txt.

`malformed_test.py --write` writes that table anew; read the difference before you commit it. A line is the file, the
command's exit code and what it said, or "read" for what is taken as it is (a damaged EXIF block does not matter).
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import make

DETECT = os.environ["DETECT_COMMAND"]
TABLE = pathlib.Path(__file__).parent / "expected.txt"
PICTURES = make.pictures.ALL.keys()


def command(folder, *arguments):
    """Exit code and what it says of the file, without notes."""
    run = subprocess.run([DETECT, *arguments], cwd=folder, capture_output=True, timeout=120, check=False)
    lines = run.stderr.decode(errors="replace").splitlines()
    said = [line.removeprefix("detect: ") for line in lines if not line.startswith(("detect: note:", "reading ", "Run with"))]
    return run.returncode, " | ".join(said)


def of_pictures(folder, names):
    """One run for all of them: what its records say. Its second half reads the pages of each TIFF first."""
    run = subprocess.run([DETECT, "run", *names, "--json", "found.json", "--no-draw"], cwd=folder, capture_output=True,
                         timeout=600, check=False)
    found = json.loads((folder / "found.json").read_text())
    said = {record["file"]: record.get("error", {}) for record in found["images"]}
    if run.returncode < 0:
        raise AssertionError(f"ended by signal {-run.returncode}")
    for name in names:
        error = said.get(name)
        yield name, "missing" if error is None else f"{error['code']}: {error['message']}" if error else "read"


def arguments_for(name):
    kind = name.split("/")[0]
    if kind == "npy":
        return "tensor", "sound/add.onnx", "--input", name
    if kind in ("torch_zip", "legacy_pickle", "safetensors"):
        return "export", "--weights", name, "--image", "sound/grey.png", "-o", f"{name}.onnx"
    if kind == "onnx":
        return "tensor", name, "--input", "x=sound/array.npy"
    if kind == "annotations":
        return "eval", "--annotations", name, "--detections", "sound/detections.json"
    if kind == "detections":
        return "eval", "--annotations", "sound/annotations.json", "--detections", name
    if kind == "labels":
        return "export", "--weights", "sound/zip.pth", "--image", "sound/grey.png", "--labels", name, "-o", f"{name}.onnx"
    return "export", "--weights", "sound/zip.pth", "--image", "sound/grey.png", "--settings-from", name, "-o", f"{name}.onnx"


def outcome(folder, name):
    code, said = command(folder, *arguments_for(name))
    if code < 0:
        raise AssertionError(f"{name}: ended by signal {-code}")
    return name, "read" if code == 0 else f"exit {code}: {said}"


def normalised(text, folder):
    """Without what differs from machine to machine."""
    text = text.replace(str(folder) + "/", "")
    return re.sub(r"[^\x20-\x7e]", "?", text)


def outcomes():
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(made)
        names = make.write(folder)
        pictures = [name for name in names if name.split("/")[0] in PICTURES]
        found = dict(of_pictures(folder, pictures))
        with ThreadPoolExecutor(4) as pool:
            found |= dict(pool.map(lambda name: outcome(folder, name), [name for name in names if name not in found]))
        return {name: normalised(found[name], folder) for name in names}


class MalformedTest(unittest.TestCase):
    maxDiff = None

    def test_each_is_refused_as_expected(self):
        expected = dict(line.split("  ", 1) for line in TABLE.read_text().splitlines())
        found = outcomes()
        self.assertGreaterEqual(len(found), 200)
        for name, text in found.items():
            with self.subTest(name):
                self.assertEqual(text, expected.get(name))
        self.assertEqual(expected.keys(), found.keys())
        refused = sum(text != "read" for text in found.values())
        print(f"{len(found)} malformed files: {refused} refused, {len(found) - refused} read")


if __name__ == "__main__":
    if "--write" in sys.argv:
        TABLE.write_text("".join(f"{name}  {text}\n" for name, text in outcomes().items()))
    else:
        unittest.main()
