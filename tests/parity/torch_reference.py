#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs torchvision's fasterrcnn_mobilenet_v3_large_fpn and keeps what it computes, for comparison.

    torch_reference.py JOB.json

The job:

    {"checkpoint": "weights.pth",       a plain or wrapped state dict, old or new key names
     "settings": {…},                   see DEFAULTS; missing ones are torchvision's defaults of the preset
     "pictures": [{"name": …, …}, …],   see pictures.py
     "picture_folder": "…",
     "keep": ["features", "rpn", "proposals"],
     "cache": "folder",                 results go to <folder>/<hash of all of this, and of these programs>
     "threads": 2}

Written per picture, in <results>/<name>/: picture.npy (uint8 [3,H,W]), picture.png, boxes.npy [n,4] (pixels of the
picture), labels.npy [n] int64, scores.npy [n]; with keep, of the padded network input: feature_0, feature_1,
feature_pool [1,256,h,w]; rpn_logits_<level> [1, h·w·A] and rpn_deltas_<level> [1, h·w·A, 4] in (h, w, A) order;
proposals [n,4] in pixels of the resized picture. The last line of stdout is a JSON object with the folder and, per
picture, its sizes and number of detections. A job already in the cache is not run again.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

DEFAULTS = {
    "preset": "800",
    "num_classes": None,  # from the checkpoint
    "min_size": None,  # of the preset: 800 or 320
    "max_size": None,  # 1333 or 640
    "anchor_sizes": [32, 64, 128, 256, 512],
    "aspect_ratios": [0.5, 1.0, 2.0],
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
    "rpn_top_n": None,  # 1000 or 150
    "rpn_pre_nms_top_n": None,  # rpn_top_n
    "rpn_post_nms_top_n": None,  # rpn_top_n
    "rpn_nms_threshold": 0.7,
    "box_weights": [10, 10, 5, 5],
    "score_threshold": 0.05,
    "nms_threshold": 0.5,
    "max_detections": 100,
    "frozen_batch_norm": None,  # from the checkpoint: no num_batches_tracked
}


def file_digest(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def job_digest(job):
    """Names everything the results depend on."""
    import torch
    import torchvision

    here = Path(__file__).parent
    parts = {
        "job": {key: value for key, value in job.items() if key not in ("cache", "picture_folder", "checkpoint")},
        "checkpoint": file_digest(job["checkpoint"]),
        "files": sorted(
            (name, file_digest(Path(job.get("picture_folder", "")) / name)) for name in picture_files(job["pictures"])
        ),
        "programs": [file_digest(here / name) for name in ("torch_reference.py", "pictures.py")],
        "versions": [torch.__version__, torchvision.__version__, np.__version__],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]


def picture_files(descriptions):
    names = set()
    for description in descriptions:
        if "file" in description:
            names.add(description["file"])
        names |= picture_files(description.get("mosaic", []))
    return names


def load_state_dict(path):
    """The state dict in a checkpoint file: unwrapped, without DDP's prefix, with the newer key names."""
    import torch

    state = torch.load(path, map_location="cpu")
    for wrapper in ("model", "model_state_dict", "state_dict"):
        if wrapper in state and isinstance(state[wrapper], dict):
            state = state[wrapper]
            break
    state = {key[len("module.") :] if key.startswith("module.") else key: value for key, value in state.items()}

    def newer(key):
        for old in ("backbone.fpn.inner_blocks.0", "backbone.fpn.inner_blocks.1", "backbone.fpn.layer_blocks.0",
                    "backbone.fpn.layer_blocks.1"):
            if key in (f"{old}.weight", f"{old}.bias"):
                return key.replace(old, f"{old}.0")
        if key in ("rpn.head.conv.weight", "rpn.head.conv.bias"):
            return key.replace("rpn.head.conv", "rpn.head.conv.0.0")
        return key

    return {newer(key): value for key, value in state.items()}


def build_model(checkpoint, settings):
    """torchvision's own model, in evaluation mode, with the checkpoint's weights and these settings."""
    from torchvision.models.detection import fasterrcnn_mobilenet_v3_large_320_fpn, fasterrcnn_mobilenet_v3_large_fpn
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.ops.misc import FrozenBatchNorm2d
    from torchvision.ops.poolers import initLevelMapper

    unknown = set(settings) - set(DEFAULTS)
    if unknown:
        raise ValueError(f"unknown settings: {sorted(unknown)}")
    settings = {**DEFAULTS, **settings}
    state = load_state_dict(checkpoint)
    options = {
        "box_score_thresh": settings["score_threshold"],
        "box_nms_thresh": settings["nms_threshold"],
        "box_detections_per_img": settings["max_detections"],
    }
    for name in ("min_size", "max_size"):
        if settings[name] is not None:
            options[name] = settings[name]
    # Those that are as usual are left to torchvision, so that they are compared with its own.
    for name, option in (("image_mean", "image_mean"), ("image_std", "image_std"), ("box_weights", "bbox_reg_weights"),
                         ("rpn_nms_threshold", "rpn_nms_thresh")):
        if settings[name] != DEFAULTS[name]:
            options[option] = settings[name]
    if settings["rpn_top_n"] is not None:
        options["rpn_pre_nms_top_n_test"] = options["rpn_post_nms_top_n_test"] = settings["rpn_top_n"]
    for name in ("rpn_pre_nms_top_n", "rpn_post_nms_top_n"):
        if settings[name] is not None:
            options[f"{name}_test"] = settings[name]
    make = fasterrcnn_mobilenet_v3_large_320_fpn if settings["preset"] == "320" else fasterrcnn_mobilenet_v3_large_fpn
    model = make(
        weights=None,
        weights_backbone=None,
        num_classes=settings["num_classes"] or state["roi_heads.box_predictor.cls_score.weight"].shape[0],
        **options,
    )
    sizes = settings["anchor_sizes"]
    per_level = sizes if isinstance(sizes[0], (list, tuple)) else [sizes] * 3
    model.rpn.anchor_generator = AnchorGenerator(
        tuple(tuple(level) for level in per_level), (tuple(settings["aspect_ratios"]),) * len(per_level)
    )
    frozen = settings["frozen_batch_norm"]
    if frozen is None:
        frozen = not any(key.endswith("num_batches_tracked") for key in state)
    if frozen:
        freeze_batch_norm(model, FrozenBatchNorm2d)
    model.load_state_dict(state)
    model.eval()

    # torchvision infers the scale of the pooled maps from the first picture it sees and keeps it. Ours is fixed.
    model.roi_heads.box_roi_pool.scales = [1 / 32, 1 / 32]
    model.roi_heads.box_roi_pool.map_levels = initLevelMapper(5, 5)

    # What this program takes for granted about the installed package.
    assert model.rpn.score_thresh == 0.05 and model.rpn.min_size == 1e-3
    assert model.rpn.nms_thresh == settings["rpn_nms_threshold"]
    assert list(model.transform.image_mean) == settings["image_mean"]
    assert list(model.transform.image_std) == settings["image_std"]
    assert list(model.roi_heads.box_coder.weights) == settings["box_weights"]
    assert model.transform.size_divisible == 32 and model.roi_heads.box_roi_pool.output_size == (7, 7)
    assert {module.eps for module in model.modules() if "BatchNorm" in type(module).__name__} == {1e-5}
    return model


def freeze_batch_norm(module, frozen_type):
    import torch

    for name, child in module.named_children():
        if isinstance(child, torch.nn.BatchNorm2d):
            setattr(module, name, frozen_type(child.num_features, eps=child.eps))
        else:
            freeze_batch_norm(child, frozen_type)


class Recorder:
    """Keeps what the model's parts hand to each other during one run."""

    def __init__(self, model):
        self.values = {}
        model.transform.register_forward_hook(self._transformed)
        model.backbone.register_forward_hook(self._features)
        model.rpn.head.register_forward_hook(self._rpn_head)
        model.rpn.register_forward_hook(self._rpn)

    def _transformed(self, module, inputs, output):
        self.values["resized"] = list(output[0].image_sizes[0])
        self.values["padded"] = list(output[0].tensors.shape[-2:])

    def _features(self, module, inputs, output):
        for key, value in output.items():
            self.values[f"feature_{key}"] = value.numpy()

    def _rpn_head(self, module, inputs, output):
        for level, (logits, deltas) in enumerate(zip(*output)):
            batch, anchors, height, width = logits.shape
            self.values[f"rpn_logits_{level}"] = logits.permute(0, 2, 3, 1).reshape(batch, -1).numpy()
            deltas = deltas.reshape(batch, anchors, 4, height, width).permute(0, 3, 4, 1, 2)
            self.values[f"rpn_deltas_{level}"] = deltas.reshape(batch, -1, 4).numpy()

    def _rpn(self, module, inputs, output):
        self.values["proposals"] = output[0][0].numpy()


def kept(name, keep):
    return any(
        name.startswith(prefix)
        for kind, prefix in (("features", "feature_"), ("rpn", "rpn_"), ("proposals", "proposals"))
        if kind in keep
    )


def run(job, folder):
    import torch
    from PIL import Image

    from pictures import load_picture, to_tensor_layout

    torch.set_num_threads(job.get("threads", 2))
    model = build_model(job["checkpoint"], job.get("settings", {}))
    recorder = Recorder(model)
    results = []
    for description in job["pictures"]:
        target = folder / description["name"]
        target.mkdir()
        pixels = load_picture(description, job.get("picture_folder", ""))
        with torch.no_grad():
            detections = model([torch.from_numpy(to_tensor_layout(pixels))])[0]
        np.save(target / "picture.npy", np.ascontiguousarray(pixels.transpose(2, 0, 1)))
        Image.fromarray(pixels).save(target / "picture.png", compress_level=1)
        for name in ("boxes", "labels", "scores"):
            np.save(target / f"{name}.npy", detections[name].numpy())
        for name, value in recorder.values.items():
            if kept(name, job.get("keep", [])):
                np.save(target / f"{name}.npy", np.ascontiguousarray(value))
        results.append(
            {
                "name": description["name"],
                "height": pixels.shape[0],
                "width": pixels.shape[1],
                "resized": recorder.values["resized"],
                "padded": recorder.values["padded"],
                "proposals": len(recorder.values["proposals"]),
                "detections": len(detections["scores"]),
            }
        )
    return results


def cached_run(job):
    """The results' folder and description, from the cache or computed now."""
    cache = Path(job["cache"])
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / job_digest(job)
    done = folder / "results.json"
    if not done.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=cache))
        try:
            results = run(job, unfinished)
            (unfinished / "results.json").write_text(json.dumps(results, indent=1))
            shutil.rmtree(folder, ignore_errors=True)
            os.rename(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return {"folder": str(folder), "pictures": json.loads(done.read_text())}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(json.dumps(cached_run(json.loads(Path(sys.argv[1]).read_text()))))
