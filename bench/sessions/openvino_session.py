#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO, answering as detect_session does (bench/README.md).

    openvino_session.py MODEL.onnx THREADS PIXELS BATCH HEIGHT WIDTH
"""

import json
import sys
import time

import numpy as np
import openvino


def answer(line):
    print(json.dumps(line), flush=True)


def peak_memory():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024 / 1e6


def detections(outputs):
    boxes, labels, scores, valid = (outputs[name] for name in ("boxes", "labels", "scores", "valid_detections"))
    return [
        [
            {"label": int(labels[n, i]), "score": float(scores[n, i]), "box": boxes[n, i].tolist()}
            for i in range(int(valid[n]))
        ]
        for n in range(len(valid))
    ]


def main():
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    model, threads, file = sys.argv[1:4]
    batch, height, width = map(int, sys.argv[4:])
    pixels = np.fromfile(file, np.uint8).reshape(batch, height, width, 3)
    tensor = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(255)

    start = time.perf_counter()
    settings = {"INFERENCE_NUM_THREADS": int(threads), "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(model, "CPU", settings)
    load_ms = (time.perf_counter() - start) * 1e3
    request = compiled.create_infer_request()
    answer({"ready": True, "load_ms": load_ms, "version": openvino.__version__})
    for line in map(str.strip, sys.stdin):
        if line == "run":
            start = time.perf_counter()
            request.infer([tensor])
            answer({"ms": (time.perf_counter() - start) * 1e3})
        elif line == "detections":
            names = ("boxes", "labels", "scores", "valid_detections")
            answer({"images": detections({name: request.get_tensor(name).data for name in names})})
        elif line == "memory":
            answer({"peak_mb": peak_memory()})
        else:
            sys.exit(f"unknown request: {line}")


if __name__ == "__main__":
    main()
