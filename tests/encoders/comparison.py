# SPDX-License-Identifier: Apache-2.0
"""What the tests of this folder share: the same file and arrays in ONNX Runtime and in `detect tensor`.

DETECT_ENCODERS names a folder where files are kept; node_modules is looked for beside it.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import numpy

DETECT = os.environ["DETECT_COMMAND"]
ORT_RUN = os.environ["DETECT_ORT_RUN"]
FOLDER = pathlib.Path(os.environ["DETECT_ENCODERS"]).resolve()
MODULES = pathlib.Path(os.environ.get("DETECT_NODE_MODULES", FOLDER.parent / "node_modules"))


class Comparison(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def save(self, name, sets):
        """Files of the sets of inputs: [{input name: path}]."""
        files = []
        for i, arrays in enumerate(sets):
            files.append({key: str(self.folder / f"{name}_{i}_{key}.npy") for key in arrays})
            for key, array in arrays.items():
                numpy.save(files[-1][key], array)
        return files

    def onnx_runtime(self, model, files):
        """By set of inputs: {output name: array}; None if ONNX Runtime fails."""
        job = {"model": str(model), "threads": os.cpu_count(), "modules": str(MODULES),
               "runs": [{"inputs": inputs, "outputs": str(self.folder / f"expected_{i}")} for i, inputs in enumerate(files)]}
        (self.folder / "job.json").write_text(json.dumps(job))
        done = subprocess.run(["node", ORT_RUN, str(self.folder / "job.json")], capture_output=True, text=True, timeout=900)
        answer = json.loads(done.stdout)
        self.assertNotIn("error", answer)
        return [None if "error" in run else {name: numpy.load(self.folder / f"expected_{i}/{name}.npy") for name in run["shapes"]}
                for i, run in enumerate(answer["runs"])]

    def detect(self, model, inputs, names, *options):
        """{output name: array} for these names."""
        outputs = {name: str(self.folder / f"actual_{name}.npy") for name in names}
        arguments = [argument for option, files in (("--input", inputs), ("--output", outputs))
                     for name, path in files.items() for argument in (option, f"{name}={path}")]
        done = subprocess.run([DETECT, "tensor", str(model), *arguments, *options], capture_output=True, text=True, timeout=900)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {name: numpy.load(path) for name, path in outputs.items()}
