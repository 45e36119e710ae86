#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""torchvision, answering as detect_session does (bench/README.md).

    torchvision_session.py CHECKPOINT THREADS PIXELS BATCH HEIGHT WIDTH SETTINGS    eager; SETTINGS: JSON
    torchvision_session.py --matmul SIZE THREADS
    torchvision_session.py --export CHECKPOINT PIXELS HEIGHT WIDTH SETTINGS FILE    torchvision's own ONNX export
    torchvision_session.py --export-matmul FILE
    torchvision_session.py --random-checkpoint FILE                                 1000 proposals on any picture
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/parity"))


def answer(line):
    print(json.dumps(line), flush=True)


def peak_memory():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def timed(work):
    start = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - start) * 1e3


def read_pictures(file, batch, height, width):
    pixels = np.fromfile(file, np.uint8).reshape(batch, height, width, 3)
    return [torch.from_numpy(p.transpose(2, 0, 1).astype(np.float32) / np.float32(255)).contiguous() for p in pixels]


def dense_macs(model, picture):
    """Multiply-accumulates of the convolutions (backbone, FPN, RPN head) of one picture, and its proposals."""
    counted = {"macs": 0, "proposals": 0}

    def convolution(module, inputs, output):
        counted["macs"] += output[0].numel() * module.weight[0].numel()

    def rpn(module, inputs, output):
        counted["proposals"] = len(output[0][0])

    hooks = [m.register_forward_hook(convolution) for m in model.modules() if isinstance(m, torch.nn.Conv2d)]
    hooks.append(model.rpn.register_forward_hook(rpn))
    model([picture])
    for hook in hooks:
        hook.remove()
    return counted


def serve_model(checkpoint, threads, file, batch, height, width, settings):
    from torch_reference import build_model
    import torchvision

    torch.set_num_threads(int(threads))
    model, load_ms = timed(lambda: build_model(checkpoint, json.loads(settings)))
    pictures = read_pictures(file, int(batch), int(height), int(width))
    answer({"ready": True, "load_ms": load_ms, "version": f"{torchvision.__version__}, torch {torch.__version__}"})
    found = []
    for line in map(str.strip, sys.stdin):
        if line == "run":
            found, ms = timed(lambda: model(pictures))
            answer({"ms": ms})
        elif line == "detections":
            rows = [zip(f["labels"].tolist(), f["scores"].tolist(), f["boxes"].tolist()) for f in found]
            answer({"images": [[{"label": l, "score": s, "box": b} for l, s, b in row] for row in rows]})
        elif line == "memory":
            answer({"peak_mb": peak_memory()})
        elif line == "dense":
            answer(dense_macs(model, pictures[0]))
        else:
            sys.exit(f"unknown request: {line}")


def serve_matrix_product(size, threads):
    torch.set_num_threads(int(threads))
    a = torch.full((int(size), int(size)), 0.5)
    answer({"ready": True})
    for _ in sys.stdin:
        answer({"ms": timed(lambda: torch.mm(a, a))[1]})


def export(checkpoint, file, height, width, settings, target):
    """As torchvision's documentation does it; traced on a picture that has proposals, so that it works at all."""
    from torch_reference import build_model

    model = build_model(checkpoint, json.loads(settings))
    picture = read_pictures(file, 1, int(height), int(width))[0]
    torch.onnx.export(
        model,
        ([picture],),
        target,
        opset_version=11,
        input_names=["input"],
        output_names=["boxes", "labels", "scores"],
        dynamic_axes={"input": [1, 2], "boxes": [0], "labels": [0], "scores": [0]},
    )


def export_matrix_product(target):
    class Product(torch.nn.Module):
        def forward(self, a, b):
            return a @ b

    square = torch.zeros(4, 4)
    axes = {name: [0, 1] for name in ("a", "b")}
    torch.onnx.export(Product(), (square, square), target, opset_version=11, input_names=["a", "b"], dynamic_axes=axes)


def random_checkpoint(target):
    from make_strangers import random_network

    torch.save(random_network(91, 7), target)


def main():
    commands = {
        "--matmul": (serve_matrix_product, 2),
        "--export": (export, 6),
        "--export-matmul": (export_matrix_product, 1),
        "--random-checkpoint": (random_checkpoint, 1),
    }
    command, count = commands.get(sys.argv[1] if len(sys.argv) > 1 else "", (serve_model, 7))
    arguments = sys.argv[2:] if sys.argv[1:2] and sys.argv[1] in commands else sys.argv[1:]
    if len(arguments) != count:
        sys.exit(__doc__)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        command(*arguments)


if __name__ == "__main__":
    main()
