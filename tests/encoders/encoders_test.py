"""detect tensor gives what ONNX Runtime gives, for the encoders of encoders.py and the sets of inputs there.

DETECT_ENCODERS names a folder where the files and ONNX Runtime's results are kept; node_modules is looked for beside it.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy
    import encoders
except ImportError as error:
    print(f"skipped: {error} (apt-get install python3-torchvision)")
    sys.exit(77)

DETECT = os.environ["DETECT_COMMAND"]
ORT_RUN = os.environ["DETECT_ORT_RUN"]
FOLDER = pathlib.Path(os.environ["DETECT_ENCODERS"]).resolve()
MODULES = pathlib.Path(os.environ.get("DETECT_NODE_MODULES", FOLDER.parent / "node_modules"))


class Encoders(unittest.TestCase):
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
        job = {"model": str(model), "threads": os.cpu_count(), "modules": str(MODULES),
               "runs": [{"inputs": inputs, "outputs": str(self.folder / f"expected_{i}")} for i, inputs in enumerate(files)]}
        (self.folder / "job.json").write_text(json.dumps(job))
        done = subprocess.run(["node", ORT_RUN, str(self.folder / "job.json")], capture_output=True, text=True, timeout=600)
        answer = json.loads(done.stdout)
        self.assertNotIn("error", answer)
        for run in answer["runs"]:
            self.assertNotIn("error", run)
        return [numpy.load(self.folder / f"expected_{i}/features.npy") for i in range(len(files))]

    def detect(self, model, inputs, *options):
        output = self.folder / "actual.npy"
        arguments = [argument for key, path in inputs.items() for argument in ("--input", f"{key}={path}")]
        done = subprocess.run([DETECT, "tensor", str(model), *arguments, "--output", str(output), *options], capture_output=True,
                              text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stderr)
        return numpy.load(output)

    def compare(self, name):
        model = encoders.make(name, FOLDER)
        files = self.save(name, encoders.example_inputs(name))
        expected = self.onnx_runtime(model, files)
        for inputs, features in zip(files, expected):
            with self.subTest(shape=features.shape):
                self.assertGreater(numpy.abs(features).mean(), 1e-3)
                actual = self.detect(model, inputs)
                numpy.testing.assert_allclose(actual, features, rtol=1e-4, atol=1e-5)
                # The same bits on one thread.
                numpy.testing.assert_array_equal(self.detect(model, inputs, "--threads", "1"), actual)


for name in encoders.ENCODERS:
    setattr(Encoders, f"test_{name}", lambda self, name=name: self.compare(name))

if __name__ == "__main__":
    if not MODULES.is_dir():
        print(f"skipped: no ONNX Runtime in {MODULES} (scripts/test puts it there)")
        sys.exit(77)
    unittest.main()
