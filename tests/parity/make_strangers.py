#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes checkpoints as strangers would bring them, from one trained checkpoint, by seed.

    make_strangers.py TRAINED.pth FOLDER [NAME …]

A random network detects nothing and a parity test on it proves nothing. So each stranger is the trained network with
4 % relative noise on its weights and, for another class count, with predictor rows drawn from the trained ones with
noise: it keeps spread scores. Files that exist already, made by this version of this program, are left alone.
"""

import hashlib
import json
import struct
import sys
from collections import OrderedDict
from pathlib import Path

import torch

WEIGHT_NOISE = 0.04
ROW_NOISE = 1.0  # in standard deviations of the trained rows: enough that one of several copies wins


def with_noise(state, seed, amount=WEIGHT_NOISE):
    """Every weight matrix and kernel times (1 + amount · normal); biases and statistics stay."""
    generator = torch.Generator().manual_seed(seed)
    noisy = OrderedDict()
    for key, value in state.items():
        if value.is_floating_point() and value.dim() >= 2:
            value = value * (1 + amount * torch.randn(value.shape, generator=generator))
        noisy[key] = value.clone()
    return noisy


def with_classes(state, class_count, seed):
    """Another class count: background stays, the others are copies of trained classes, slightly moved."""
    generator = torch.Generator().manual_seed(seed)
    head = "roi_heads.box_predictor"
    trained = state[f"{head}.cls_score.weight"].shape[0]
    # Every trained class once before any is taken twice.
    picks = torch.cat([torch.randperm(trained - 1, generator=generator) + 1 for _ in range(class_count)])
    rows = torch.cat([torch.zeros(1, dtype=torch.int64), picks[: class_count - 1]])
    changed = OrderedDict(state)
    for part, per_class in (("cls_score", 1), ("bbox_pred", 4)):
        taken = (rows[:, None] * per_class + torch.arange(per_class)).reshape(-1)
        for kind in ("weight", "bias"):
            value = state[f"{head}.{part}.{kind}"][taken]
            noise = ROW_NOISE * torch.randn(value.shape, generator=generator) * value.std()
            changed[f"{head}.{part}.{kind}"] = value + noise
    return changed


def frozen(state):
    """As saved with FrozenBatchNorm2d, which counts no batches."""
    return OrderedDict((key, value) for key, value in state.items() if not key.endswith("num_batches_tracked"))


def old_names(state):
    """Key names of torchvision before 0.13, which the official COCO checkpoints still have."""
    changed = OrderedDict()
    for key, value in state.items():
        for block in ("inner_blocks", "layer_blocks"):
            for level in "01":
                key = key.replace(f"backbone.fpn.{block}.{level}.0.", f"backbone.fpn.{block}.{level}.")
        changed[key.replace("rpn.head.conv.0.0.", "rpn.head.conv.")] = value
    return changed


def optimizer_state(state):
    """What AdamW leaves beside the weights, for a few of them."""
    moments = {
        index: {"step": torch.tensor(2590.0), "exp_avg": value * 1e-3, "exp_avg_sq": value.square() * 1e-6}
        for index, value in enumerate(list(state.values())[:6])
        if value.is_floating_point()
    }
    group = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.05, "params": list(moments)}
    return {"state": moments, "param_groups": [group]}


def save_safetensors(state, path, metadata):
    header, blobs, offset = {"__metadata__": metadata}, [], 0
    for key, value in state.items():
        blob = value.contiguous().numpy().tobytes()
        kind = {torch.float32: "F32", torch.float16: "F16", torch.int64: "I64"}[value.dtype]
        header[key] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def random_network(class_count, seed):
    """Untrained, with enough spread in its objectness that 1000 proposals survive: the most work a picture can make."""
    from torchvision.models.detection import fasterrcnn_mobilenet_v3_large_fpn

    torch.manual_seed(seed)
    model = fasterrcnn_mobilenet_v3_large_fpn(weights=None, weights_backbone=None, num_classes=class_count)
    with torch.no_grad():
        model.rpn.head.cls_logits.bias.fill_(2.0)
        model.rpn.head.bbox_pred.weight.mul_(10)
    return model.state_dict()


def two_classes_float16(trained, path):
    state = with_classes(with_noise(trained, 2), 2, 20)
    torch.save(OrderedDict((k, v.half() if v.is_floating_point() else v) for k, v in state.items()), path)


def twelve_classes_wrapped(trained, path):
    state = with_classes(with_noise(trained, 12), 12, 120)
    torch.save({"epoch": 26, "model": state, "optimizer": optimizer_state(state), "args": {"lr": 1e-3}}, path)


def ninety_one_classes_official(trained, path):
    torch.save(old_names(frozen(with_classes(with_noise(trained, 91), 91, 910))), path)


def frozen_new_names(trained, path):
    torch.save(frozen(with_noise(trained, 3)), path)


def data_parallel(trained, path):
    state = OrderedDict((f"module.{key}", value) for key, value in with_noise(trained, 4).items())
    torch.save({"state_dict": state, "optimizer": optimizer_state(state), "best_ap": 0.857}, path)


def legacy_stream(trained, path):
    torch.save(with_noise(trained, 5), path, _use_new_zipfile_serialization=False)


def preset_320(trained, path):
    torch.save(with_noise(trained, 6), path)


def safetensors(trained, path):
    # The weights of twelve_classes_wrapped.pth, which torchvision reads.
    save_safetensors(with_classes(with_noise(trained, 12), 12, 120), path, {"format": "pt"})


def random_91(trained, path):
    torch.save(random_network(91, 7), path)


def half_weights(trained, path):
    """What an export to float16 computes with: batch normalisation folded into the convolutions, their weights rounded.

    Folded in double precision, as the export does it, and rounded to float32 before float16.
    """
    state = OrderedDict((key, value.clone()) for key, value in trained.items())
    epsilon = float(torch.tensor(1e-5))  # a float32 attribute in ONNX
    for key in [key for key in state if key.endswith(".running_var")]:
        norm = key[: -len(".running_var")]
        convolution = norm[: norm.rindex(".")] + ".0"
        scale = state[f"{norm}.weight"].double() / (state[f"{norm}.running_var"].double() + epsilon).sqrt()
        weight = state[f"{convolution}.weight"]
        state[f"{convolution}.weight"] = (weight.double() * scale[:, None, None, None]).float()
        shift = state[f"{norm}.bias"].double() - state[f"{norm}.running_mean"].double() * scale
        state[f"{norm}.bias"] = shift.float()
        # What is left of the normalisation multiplies by 1.
        state[f"{norm}.weight"] = torch.ones_like(weight[:, 0, 0, 0])
        state[f"{norm}.running_mean"] = torch.zeros_like(weight[:, 0, 0, 0])
        state[key] = torch.full_like(weight[:, 0, 0, 0], 1.0 - epsilon)
    for key, value in state.items():
        if key.endswith(".weight") and value.dim() >= 2:
            state[key] = value.half().float()
    torch.save(state, path)


STRANGERS = {
    "two_classes_float16.pth": two_classes_float16,
    "twelve_classes_wrapped.pth": twelve_classes_wrapped,
    "ninety_one_classes_official.pth": ninety_one_classes_official,
    "frozen_new_names.pth": frozen_new_names,
    "data_parallel.pth": data_parallel,
    "legacy_stream.pth": legacy_stream,
    "preset_320.pth": preset_320,
    "twelve_classes.safetensors": safetensors,
    "random_91.pth": random_91,
    "half_weights.pth": half_weights,
}


def make(trained_path, folder, names=None):
    """Writes the missing files; returns their paths by name."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stamp = hashlib.sha256(Path(__file__).read_bytes() + Path(trained_path).read_bytes()).hexdigest()
    trained = None
    paths = {}
    for name in names or STRANGERS:
        path = folder / name
        stamp_file = folder / f"{name}.made"
        paths[name] = path
        if path.exists() and stamp_file.exists() and stamp_file.read_text() == stamp:
            continue
        if trained is None:
            trained = torch.load(trained_path, map_location="cpu")
        STRANGERS[name](trained, path)
        stamp_file.write_text(stamp)
    return paths


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    for made in make(sys.argv[1], sys.argv[2], sys.argv[3:]).values():
        print(made)
