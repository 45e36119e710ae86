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
        process = subprocess.Popen([DETECT, "tensor", str(model), *arguments], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        self.assertLess(usage.ru_maxrss * 1024, 1.5 * model.stat().st_size)


for name in encoders.ENCODERS:
    setattr(Encoders, f"test_{name}", lambda self, name=name: self.compare(name))

if __name__ == "__main__":
    if not MODULES.is_dir():
        print(f"skipped: no ONNX Runtime in {MODULES} (scripts/test puts it there)")
        sys.exit(77)
    unittest.main()
