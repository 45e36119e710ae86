#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes ONNX files as people make them with torchvision: sound ones, and one for each thing that goes wrong.

    make_exports.py CHECKPOINT.safetensors PICTURE.png FOLDER

Files that exist already, made by this version of this program, are left alone. Exit code 77 (skipped) with the reason
on stdout if torchvision is not there.
"""

import contextlib
import hashlib
import json
import os
import struct
import sys
import warnings
from pathlib import Path

SKIPPED = 77
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def read_safetensors(path):
    import numpy as np
    import torch

    blob = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", blob[:8])
    kinds = {"F16": np.float16, "F32": np.float32, "I64": np.int64}
    state = {}
    for key, entry in json.loads(blob[8 : 8 + length]).items():
        if key == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        array = np.frombuffer(blob[begin:end], kinds[entry["dtype"]]).reshape(entry["shape"])
        state[key] = torch.from_numpy(array.astype(np.float32) if entry["dtype"] == "F16" else array.copy())
    return state


class Maker:
    def __init__(self, checkpoint, picture, folder):
        import numpy as np
        import torch
        from PIL import Image

        torch.set_num_threads(1)  # two that wait for each other on a busy machine take minutes
        self.torch, self.folder = torch, folder
        self.state = read_safetensors(checkpoint)
        pixels = np.asarray(Image.open(picture).convert("RGB"))
        self.picture = torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255

    def detector(self, **settings):
        """The trained network. Without a threshold on proposals some are left on every picture, as in most detectors."""
        from torchvision.models.detection import fasterrcnn_mobilenet_v3_large_fpn

        chosen = {
            "min_size": 640,
            "max_size": 1333,
            "rpn_pre_nms_top_n_test": 101,
            "rpn_post_nms_top_n_test": 101,
            "rpn_score_thresh": 0.0,
            **settings,
        }
        classes = self.state["roi_heads.box_predictor.cls_score.weight"].shape[0]
        model = fasterrcnn_mobilenet_v3_large_fpn(weights=None, weights_backbone=None, num_classes=classes, **chosen)
        model.load_state_dict(self.state)
        return model.eval()

    def wrapped(self, change, settings=None):
        """A module around the detector, as people write them: change(model, input) -> boxes, labels, scores."""
        model = self.detector(**(settings or {}))

        class Wrapped(self.torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.model = model

            def forward(self, x):
                return change(model, x)

        return Wrapped().eval()

    def export(self, name, model, inputs, opset=11, axes=None, outputs=("boxes", "labels", "scores"), **options):
        axes = axes or {"input": {1: "height", 2: "width"}}
        unfinished = self.folder / f"unfinished_{name}"
        self.torch.onnx.export(
            model,
            inputs,
            str(unfinished),
            opset_version=opset,
            input_names=["input"],
            output_names=list(outputs),
            dynamic_axes={**axes, **{output: [0] for output in outputs}},
            **options,
        )
        os.replace(unfinished, self.folder / name)


def per_channel(torch, values):
    return torch.tensor(values)[:, None, None]


def detections(model, picture):
    found = model([picture])[0]
    return found["boxes"], found["labels"], found["scores"]


@contextlib.contextmanager
def patched(module, name, replacement):
    """As versions of torchvision before it could be exported had it."""
    original = getattr(module, name)
    setattr(module, name, replacement)
    try:
        yield
    finally:
        setattr(module, name, original)


def sound(m, name):
    m.export(name, m.detector(), ([m.picture],))


def usual(m, name):
    """torchvision's defaults, exported by its own recipe: stops on pictures without proposals."""
    m.export(name, m.detector(rpn_score_thresh=0.05), ([m.picture],))


def proposal_less(m, name):
    m.export(name, m.detector(rpn_score_thresh=0.05), ([m.torch.zeros(3, 640, 640)],))


BATCH_AXES = {"input": {0: "batch", 2: "height", 3: "width"}}


def batch_of_one(m, name):
    m.export(name, m.detector(), m.picture[None], axes=BATCH_AXES)


def batch_of_two(m, name):
    m.export(name, m.detector(), m.torch.stack([m.picture, m.picture.flip(2)]), axes=BATCH_AXES)


def first_of_batch(m, name):
    m.export(name, m.wrapped(lambda model, x: detections(model, x[0])), m.picture[None], axes=BATCH_AXES)


def baked_shapes(m, name):
    import torchvision

    with patched(torchvision, "_is_tracing", lambda: False):
        m.export(name, m.detector(), ([m.picture],))


def baked_clamp(m, name):
    import torchvision

    def clip(boxes, size):
        height, width = (int(side) for side in size)
        x, y = boxes[..., 0::2].clamp(min=0, max=width), boxes[..., 1::2].clamp(min=0, max=height)
        return m.torch.stack((x, y), dim=boxes.dim()).reshape(boxes.shape)

    with patched(torchvision.ops.boxes, "clip_boxes_to_image", clip):
        m.export(name, m.detector(), ([m.picture],))


def baked_factor(m, name):
    from torchvision.models.detection import transform

    def resize(boxes, original, new):
        y, x = (float(new_side) / float(old_side) for old_side, new_side in zip(original, new))
        return boxes * m.torch.tensor([x, y, x, y])

    with patched(transform, "resize_boxes", resize):
        m.export(name, m.detector(), ([m.picture],))


def range_255(m, name):
    m.export(name, m.wrapped(lambda model, x: detections(model, x / 255)), m.picture * 255)


def times_255(m, name):
    """Somebody's wrapper for bytes, around a network that wants 0 to 1."""
    m.export(name, m.wrapped(lambda model, x: detections(model, x * 255)), m.picture)


def bgr(m, name):
    """A model that looks at red alone, behind a wrapper that exchanges red and blue."""
    m.export(name, m.wrapped(lambda model, x: detections(model, x[[2, 1, 0]][0:1].expand(3, -1, -1))), m.picture)


def normalised_twice(m, name):
    mean, deviation = per_channel(m.torch, MEAN), per_channel(m.torch, DEVIATION)
    m.export(name, m.wrapped(lambda model, x: detections(model, (x - mean) / deviation)), m.picture)


def normalised_by_channel(m, name):
    """Twice, where the graph does not show it at once."""
    m.export(
        name,
        m.wrapped(
            lambda model, x: detections(
                model, m.torch.stack([(x[i] - mean) / deviation for i, (mean, deviation) in enumerate(zip(MEAN, DEVIATION))])
            )
        ),
        m.picture,
    )


def not_normalised(m, name):
    m.export(name, m.detector(image_mean=[0.0, 0.0, 0.0], image_std=[1.0, 1.0, 1.0]), ([m.picture],))


def other_classes(m, name):
    """The network without its last class."""
    model = m.detector()
    head = model.roi_heads.box_predictor
    for layer, rows in (head.cls_score, 6), (head.bbox_pred, 24):
        layer.weight.data, layer.bias.data = layer.weight.data[:rows], layer.bias.data[:rows]
    m.export(name, model, ([m.picture],))


def opset_16(m, name):
    m.export(name, m.detector(), ([m.picture],), opset=16)


def with_other_settings(m, name, opset):
    """Nothing as torchvision has it."""
    from torchvision.models.detection.anchor_utils import AnchorGenerator

    model = m.detector(
        min_size=320, max_size=352, image_mean=[0.5, 0.42, 0.44], image_std=[0.25, 0.24, 0.21],
        rpn_pre_nms_top_n_test=303, rpn_post_nms_top_n_test=202, rpn_nms_thresh=0.61, rpn_score_thresh=0.03,
        bbox_reg_weights=(9.0, 11.0, 4.0, 6.0), box_score_thresh=0.07, box_nms_thresh=0.45, box_detections_per_img=55,
    )  # fmt: skip
    model.rpn.anchor_generator = AnchorGenerator(((24, 48, 96, 192, 384),) * 3, ((0.4, 1.0, 2.5),) * 3)
    m.export(name, model, ([m.picture],), opset=opset)


def other_settings(m, name):
    with_other_settings(m, name, 11)


def other_settings_16(m, name):
    with_other_settings(m, name, 16)


def threshold(m, name):
    m.export(name, m.detector(box_score_thresh=0.999), ([m.picture],))


def threshold_of_one(m, name):
    m.export(name, m.detector(box_score_thresh=1.0), ([m.picture],))


def labels_from_zero(m, name):
    def change(model, x):
        boxes, labels, scores = detections(model, x)
        return boxes, labels - 1, scores

    m.export(name, m.wrapped(change), m.picture)


def not_a_number(m, name):
    model = m.detector()
    model.roi_heads.box_head.fc7.weight.data[3, 5] = float("nan")
    m.export(name, model, ([m.picture],))


def small_network(m):
    from torchvision.models import mobilenet_v3_small

    m.torch.manual_seed(1)
    return mobilenet_v3_small(weights=None, num_classes=10).eval()


SMALL = {"axes": {"input": {0: "batch"}}, "outputs": ("scores",)}


def classifier(m, name):
    m.export(name, small_network(m), m.torch.rand(2, 3, 96, 96), **SMALL)


def training_11(m, name):
    mode = m.torch.onnx.TrainingMode.TRAINING
    m.export(name, small_network(m), m.torch.rand(2, 3, 96, 96), training=mode, do_constant_folding=False, **SMALL)


def training_14(m, name):
    mode = m.torch.onnx.TrainingMode.TRAINING
    m.export(name, small_network(m), m.torch.rand(2, 3, 96, 96), opset=14, training=mode, do_constant_folding=False, **SMALL)


def half_overflow(m, name):
    """Weights kept in float16, of which some were too large for it."""
    torch = m.torch

    class Half(torch.nn.Module):
        def __init__(self):
            super().__init__()
            generator = torch.Generator().manual_seed(1)
            weights = torch.randn(8, 3, 3, 3, generator=generator)
            weights[5] *= 1e6
            self.weights = torch.nn.Parameter(weights.half())

        def forward(self, x):
            return torch.relu(torch.nn.functional.conv2d(x, self.weights.float())).mean((2, 3))

    m.export(name, Half(), torch.rand(2, 3, 32, 32), do_constant_folding=False, **SMALL)


def float64(m, name):
    class Double(m.torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = small_network(m)

        def forward(self, x):
            return m.torch.softmax(self.network(x).double(), 1)

    m.export(name, Double().eval(), m.torch.rand(2, 3, 96, 96), **SMALL)


def hashed(m, name):
    """Labels of clusters by a hash, in integers of 64 bits."""

    class Hashed(m.torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = small_network(m)

        def forward(self, x):
            return (self.network(x) * 1000).long() * 6364136223846793005 % 1000

    m.export(name, Hashed().eval(), m.torch.rand(2, 3, 96, 96), **SMALL)


def shuffled(m, name):
    """Channels in another order, again and again, by way of a list of indices."""
    order = m.torch.randperm(24, generator=m.torch.Generator().manual_seed(1))

    class Shuffled(m.torch.nn.Module):
        def forward(self, x):
            x = x.repeat(1, 8, 1, 1)
            for _ in range(4):
                x = m.torch.relu(x[:, order])
            return x.mean((2, 3))

    m.export(name, Shuffled().eval(), m.torch.rand(2, 3, 96, 96), axes=BATCH_AXES, outputs=("scores",))


FILES = {f"{make.__name__}.onnx": make for make in (
    sound, usual, proposal_less, batch_of_one, batch_of_two, first_of_batch, baked_shapes, baked_clamp, baked_factor,
    range_255, times_255, bgr, normalised_twice, normalised_by_channel, not_normalised, other_classes, other_settings, other_settings_16, opset_16, threshold, threshold_of_one, labels_from_zero,
    not_a_number, classifier, training_11, training_14, half_overflow, float64,
    hashed, shuffled,
)}  # fmt: skip


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        import torch
        import torchvision
    except ImportError as error:
        print(f"skipped: {sys.executable} has no torchvision (apt-get install python3-torchvision): {error}")
        sys.exit(SKIPPED)
    if not torchvision.__version__.startswith("0.14.1"):
        print(f"skipped: torchvision is {torchvision.__version__}; these files are as 0.14.1 makes them")
        sys.exit(SKIPPED)
    warnings.simplefilter("ignore")
    checkpoint, picture, folder = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    stamp = hashlib.sha256(Path(__file__).read_bytes() + checkpoint.read_bytes() + picture.read_bytes()).hexdigest()
    maker = None
    for name, make in FILES.items():
        stamp_file = folder / f"{name}.made"
        if (folder / name).exists() and stamp_file.exists() and stamp_file.read_text() == stamp:
            continue
        maker = maker or Maker(checkpoint, picture, folder)
        make(maker, name)
        stamp_file.write_text(stamp)
        print(name, flush=True)


if __name__ == "__main__":
    main()
