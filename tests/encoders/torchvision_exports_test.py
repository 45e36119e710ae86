# SPDX-License-Identifier: Apache-2.0
"""torchvision's own exports of the detector, as its documentation makes them, give what ONNX Runtime makes of them.

Opsets 11 to 16, from the trained checkpoint in DETECT_SHARED_DIR; at the size that was traced and at
others, as far as ONNX Runtime gets there.
"""

import os
import pathlib
import sys
import unittest
import warnings

sys.path.insert(0, os.environ.get("DETECT_PARITY_SOURCES", "."))
try:
    import numpy
    import torch
    from PIL import Image
    from torch_reference import build_model
except ImportError as error:
    print(f"skipped: {error} (apt-get install python3-torchvision python3-pil)")
    sys.exit(77)

from comparison import FOLDER, MODULES, Comparison

SHARED = pathlib.Path(os.environ["DETECT_SHARED_DIR"])
CHECKPOINT = SHARED / "weights/deeppcb_mnv3_fpn.pth"
PICTURES = SHARED / "deeppcb/images"


def picture(number, height, width):
    """[3, height, width] in 0 to 1."""
    image = Image.open(sorted(PICTURES.iterdir())[number]).convert("RGB").resize((width, height), Image.BILINEAR)
    return torch.from_numpy(numpy.array(image)).permute(2, 0, 1).float() / 255


def export(preset, opset):
    """The file; made unless it is there and newer than what makes it."""
    path = FOLDER / f"torchvision_{preset}_opset_{opset}.onnx"
    if path.exists() and path.stat().st_mtime > max(p.stat().st_mtime for p in (pathlib.Path(__file__), CHECKPOINT)):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    model = build_model(str(CHECKPOINT), {"preset": preset}).eval()
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, ([picture(0, 640, 640)],), str(unfinished), opset_version=opset, input_names=["input"],
                          output_names=["boxes", "labels", "scores"],
                          dynamic_axes={"input": [1, 2], "boxes": [0], "labels": [0], "scores": [0]})
    os.replace(unfinished, path)
    return path


class TorchvisionExports(Comparison):
    def compare(self, preset, opset):
        model = export(preset, opset)
        inputs = [{"input": picture(number, *size).numpy()} for number, size in ((0, (640, 640)), (57, (640, 640)), (20, (600, 640)), (90, (480, 640)))]
        files = self.save(f"{preset}_{opset}", inputs)
        compared = 0
        for arrays, expected in zip(files, self.onnx_runtime(model, files)):
            if expected is None:
                continue
            with self.subTest(picture=arrays["input"]):
                actual = self.detect(model, arrays, expected)
                numpy.testing.assert_array_equal(actual["labels"], expected["labels"])
                numpy.testing.assert_allclose(actual["scores"], expected["scores"], rtol=1e-4, atol=1e-5)
                numpy.testing.assert_allclose(actual["boxes"], expected["boxes"], rtol=1e-4, atol=1e-2)  # pixels
                compared += len(expected["labels"])
        self.assertGreater(compared, 0)


# The presets differ in numbers alone: of the second, the oldest and the newest opset will do.
for preset, opsets in (("800", (11, 12, 13, 14, 15, 16)), ("320", (11, 16))):
    for opset in opsets:
        setattr(TorchvisionExports, f"test_preset_{preset}_opset_{opset}",
                lambda self, preset=preset, opset=opset: self.compare(preset, opset))

if __name__ == "__main__":
    if not CHECKPOINT.exists() or not PICTURES.is_dir():
        print(f"skipped: no trained checkpoint and pictures in {SHARED}")
        sys.exit(77)
    if not MODULES.is_dir():
        print(f"skipped: no ONNX Runtime in {MODULES} (scripts/test puts it there)")
        sys.exit(77)
    unittest.main()
