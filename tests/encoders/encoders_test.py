# SPDX-License-Identifier: Apache-2.0
"""detect tensor gives what ONNX Runtime gives, for the encoders of encoders.py and the sets of inputs there."""

import os
import subprocess
import sys
import unittest

try:
    import numpy
    import encoders
except ImportError as error:
    print(f"skipped: {error} (apt-get install python3-torchvision)")
    sys.exit(77)

from comparison import DETECT, FOLDER, MODULES, Comparison

PEAK_MEMORY = """import os, sys
process = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(process, 0)
print(usage.ru_maxrss * 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Encoders(Comparison):
    def compare(self, name):
        model = encoders.make(name, FOLDER)
        files = self.save(name, encoders.example_inputs(name))
        for inputs, expected in zip(files, self.onnx_runtime(model, files)):
            features = expected["features"]
            with self.subTest(shape=features.shape):
                self.assertGreater(numpy.abs(features).mean(), 1e-3)
                actual = self.detect(model, inputs, ["features"])["features"]
                numpy.testing.assert_allclose(actual, features, rtol=1e-4, atol=1e-5)
                # The same bits on one thread.
                one = self.detect(model, inputs, ["features"], "--threads", "1")["features"]
                numpy.testing.assert_array_equal(one, actual)

    def test_weights_are_in_memory_once(self):
        model = encoders.make("blip_text", FOLDER)
        inputs = self.save("once", encoders.example_inputs("blip_text"))[0]
        arguments = [argument for key, path in inputs.items() for argument in ("--input", f"{key}={path}")]
        # By way of a small process: Linux counts what the parent of a new process holds, here a network of torch's, as the child's peak.
        done = subprocess.run([sys.executable, "-c", PEAK_MEMORY, DETECT, "tensor", str(model), *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLess(int(done.stdout.splitlines()[-1]), 1.5 * model.stat().st_size)


for name in encoders.ENCODERS:
    setattr(Encoders, f"test_{name}", lambda self, name=name: self.compare(name))

if __name__ == "__main__":
    if not MODULES.is_dir():
        print(f"skipped: no ONNX Runtime in {MODULES} (scripts/test puts it there)")
        sys.exit(77)
    unittest.main()
