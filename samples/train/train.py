#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains torchvision's fasterrcnn_mobilenet_v3_large_fpn on pictures annotated in COCO's format.

    ./train.py --images photos/ --annotations train.json --out run/

Stop it when you like; the same command goes on where it stopped. README.md walks through all of it.
"""

import argparse
import json
import os
import pickle
import random
import shlex
import signal
import sys
import time
from pathlib import Path

import torch
from torchvision.models.detection import fasterrcnn_mobilenet_v3_large_fpn
from torchvision.models.detection.anchor_utils import AnchorGenerator

from average_precision import evaluate
from coco_crops import RandomCrops, UserError, read_coco, split

ANCHOR_SIZES = (32, 64, 128, 256, 512)


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--images", required=True, metavar="DIR", help="the folder of the pictures")
    add("--annotations", required=True, metavar="FILE", help="their boxes, COCO format")
    add("--out", required=True, metavar="DIR", help="the run: checkpoint.pt, log.jsonl, model.pth, labels.txt, export.txt")
    add("--validation", metavar="FILE", help="COCO file to check on, of pictures in the same folder")
    add("--hold-out", type=float, default=0.1, help="without --validation: this share of the pictures")
    add("--weights", metavar="FILE", help="start from this .pth or .safetensors (default: random weights)")
    add("--min-size", type=int, default=800, help="the deployed model scales a picture's shorter side to this …")
    add("--max-size", type=int, default=1333, help="… unless the longer would pass this")
    add("--anchor-sizes", type=int, nargs=5, default=ANCHOR_SIZES, help="five, in scaled pixels")
    add("--crop", type=int, default=384, help="train on crops of this many scaled pixels, a multiple of 64")
    add("--scale-range", type=float, nargs=2, default=(0.8, 1.25), help="crops are scaled by this times the deployed scale")
    add("--mosaic", type=float, default=0.5, help="this share of the crops is put together from four of half the size")
    add("--anywhere", type=float, default=0.1, help="this share of the crops is taken anywhere, not around a box: raise it against false alarms")
    add("--class-weight", action="append", default=[], metavar="NAME=N", help="draw a class N times as often as others")
    add("--steps", type=int, default=5000, help="stop after so many; more later goes on")
    add("--decay-steps", type=int, default=1000, help="over the last so many steps the learning rate falls to zero")
    add("--warm-up", type=int, default=200, help="over the first so many it rises")
    add("--batch", type=int, default=8)
    add("--learning-rate", type=float, default=5e-4)
    add("--weight-decay", type=float, default=0.01)
    add("--average", type=float, default=0.998, help="model.pth is a moving average of the weights: how much stays per step")
    add("--rois", type=int, default=64, help="proposals per crop that the box head learns from")
    add("--bfloat16", action="store_true", help="convolutions and products in bfloat16: twice as fast with AMX or a recent GPU")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--threads", type=int, default=0, help="of the processor; 0: all")
    add("--seed", type=int, default=1)
    add("--log-every", type=int, default=20, help="steps per line of log.jsonl")
    add("--save-every", type=int, default=200, help="steps per checkpoint")
    add("--evaluate-every", type=int, default=1000)
    a = parser.parse_args()
    check_numbers(a)
    check_device(a.device)
    return a


def check_numbers(a):
    if a.crop % 64 or a.crop <= 0:
        raise UserError(f"--crop {a.crop}: must be a multiple of 64, twice the network's stride")
    if not 0 < a.min_size <= a.max_size:
        raise UserError(f"--min-size {a.min_size} --max-size {a.max_size}: must be above 0, the second not below the first")
    if not 0 < a.scale_range[0] <= a.scale_range[1] < float("inf"):
        raise UserError(f"--scale-range {a.scale_range[0]} {a.scale_range[1]}: must be above 0, the second not below the first")
    for name in ("mosaic", "anywhere"):
        if not 0 <= getattr(a, name) <= 1:
            raise UserError(f"--{name} {getattr(a, name)}: must be from 0 to 1")
    if min(a.anchor_sizes) < 1:
        raise UserError(f"--anchor-sizes {min(a.anchor_sizes)}: must be 1 or more")
    if not 0 < a.learning_rate < float("inf"):
        raise UserError(f"--learning-rate {a.learning_rate}: must be above 0")
    for name in ("hold_out", "average"):
        if not 0 <= getattr(a, name) < 1:
            raise UserError(f"--{name.replace('_', '-')} {getattr(a, name)}: must be from 0 to below 1")
    least = {"steps": 1, "batch": 1, "rois": 1, "log_every": 1, "save_every": 1, "evaluate_every": 1,
             "decay_steps": 0, "warm_up": 0, "threads": 0, "weight_decay": 0}
    for name, value in least.items():
        if not getattr(a, name) >= value:
            raise UserError(f"--{name.replace('_', '-')} {getattr(a, name)}: must be {value} or more")


def check_device(name):
    try:
        torch.zeros(1, device=name)
    except Exception as error:  # each kind of device has errors of its own
        raise UserError(f"--device {name}: PyTorch cannot use it ({first_line(error)})") from error


def widened(output):
    if isinstance(output, torch.Tensor):
        return output.float()
    if isinstance(output, dict):
        return type(output)((key, widened(value)) for key, value in output.items())
    return type(output)(widened(value) for value in output)


def compute_in_bfloat16(part, device_type):
    """Its convolutions and products; it gives out float32, which boxes and losses need."""
    in_float32 = part.forward

    def forward(*inputs):
        with torch.autocast(device_type, dtype=torch.bfloat16):
            output = in_float32(*inputs)
        return widened(output)

    part.forward = forward


def network(a, class_count, bfloat16=False):
    model = fasterrcnn_mobilenet_v3_large_fpn(
        weights=None, weights_backbone=None, num_classes=1 + class_count, min_size=a.crop, max_size=a.crop,
        box_batch_size_per_image=a.rois, rpn_pre_nms_top_n_train=500, rpn_post_nms_top_n_train=300,
    )
    model.rpn.anchor_generator = AnchorGenerator((tuple(a.anchor_sizes),) * 3, ((0.5, 1.0, 2.0),) * 3)
    if bfloat16:
        for part in (model.backbone, model.rpn.head, model.roi_heads.box_head):
            compute_in_bfloat16(part, torch.device(a.device).type)
    return model


def first_line(error):
    return str(error).split("\n")[0]


def read_safetensors(path):
    """A header in JSON behind its length, then the numbers: the bundled model's format."""
    types = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}
    content = bytearray(Path(path).read_bytes())
    start = 8 + int.from_bytes(content[:8], "little")
    tensors = {}
    for name, entry in json.loads(bytes(content[8:start])).items():
        if name != "__metadata__":
            begin, end = (start + offset for offset in entry["data_offsets"])
            tensor = torch.frombuffer(content[begin:end], dtype=types[entry["dtype"]]).reshape(entry["shape"])
            tensors[name] = tensor.float() if tensor.is_floating_point() else tensor
    return tensors


def load_weights(model, path):
    """Takes what fits; what belongs to other classes (the last layers) starts anew."""
    try:
        if Path(path).suffix == ".safetensors":
            content = read_safetensors(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # what torch says of it is how to run code from the file
        raise UserError(f"{path}: is no checkpoint; save one with torch.save(model.state_dict(), …)") from error
    except Exception as error:  # torch.load's own set of exceptions is open
        raise UserError(f"{path}: cannot be read as a checkpoint ({first_line(error)})") from error
    for key in ("model", "model_state_dict", "state_dict"):
        if isinstance(content, dict) and key in content:
            content = content[key]
    if not isinstance(content, dict) or not all(isinstance(value, torch.Tensor) for value in content.values()):
        raise UserError(f"{path}: holds no state dict; save it with torch.save(model.state_dict(), …)")
    content = {key[len("module."):] if key.startswith("module.") else key: value for key, value in content.items()}
    own = model.state_dict()
    others = [key for key, value in content.items() if key in own and value.shape != own[key].shape]
    if any(not key.startswith("roi_heads.box_predictor.") for key in others):
        raise UserError(f"{path}: {others[0]} has another shape: not a fasterrcnn_mobilenet_v3_large_fpn")
    for key in others:
        del content[key]
    missing, unexpected = model.load_state_dict(content, strict=False)
    missing = [key for key in missing if key not in others and not key.endswith("num_batches_tracked")]
    if missing or unexpected:
        what = f"{missing[0]} is missing" if missing else f"{unexpected[0]} is unknown"
        raise UserError(f"{path}: {what}: not a fasterrcnn_mobilenet_v3_large_fpn")
    if others:
        print(f"{path} was trained on other classes: the last layers start anew")


def deployed(a, class_count, weights):
    """The network as it will be exported: whole pictures, torchvision's own thresholds."""
    model = network(a, class_count)
    model.load_state_dict(weights)
    model.transform.min_size, model.transform.max_size = (a.min_size,), a.max_size
    return model.to(a.device).eval()


def learning_rate(step, a):
    """Rises, stays, falls to zero: a run with more --steps goes on from any checkpoint before the fall."""
    rising = (step + 1) / max(1, a.warm_up)
    falling = (a.steps - step) / max(1, a.decay_steps)
    return a.learning_rate * min(1.0, rising, falling)


def save(content, path):
    """Whole or not at all: under another name first."""
    part = path.with_name(path.name + ".part")
    if isinstance(content, str):
        part.write_text(content)
    else:
        torch.save(content, part)
    os.replace(part, path)


def update_average(average, model, keep):
    for key, value in model.state_dict().items():
        if value.is_floating_point():
            average[key].lerp_(value, 1 - keep)
        else:
            average[key].copy_(value)


def class_weights(arguments, names):
    weights = dict.fromkeys(names, 1.0)
    for argument in arguments:
        name, _, number = argument.rpartition("=")
        try:
            weights[name] = float(number) if name in weights and float(number) > 0 else None
        except ValueError:
            weights[name] = None
        if weights[name] is None:
            raise UserError(f"--class-weight {argument}: want NAME=N, N above 0, NAME one of {', '.join(names)}")
    return [weights[name] for name in names]


def export_command(a, picture):
    parts = ["detect", "export", "--weights", str(Path(a.out) / "model.pth"), "--labels", str(Path(a.out) / "labels.txt"),
             "--min-size", str(a.min_size), "--max-size", str(a.max_size)]
    if tuple(a.anchor_sizes) != ANCHOR_SIZES:
        parts += ["--anchor-sizes", ",".join(map(str, a.anchor_sizes))]
    return shlex.join(parts + ["--image", str(picture.path), "-o", str(Path(a.out) / "model.onnx")])


class Run:
    """The state of a run: everything that a checkpoint holds."""

    def __init__(self, a, names):
        self.a, self.names, self.step = a, names, 0
        self.out = Path(a.out)
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"--out {a.out}: cannot be a folder to write to ({error.strerror})") from error
        self.checkpoint, self.log_file = self.out / "checkpoint.pt", self.out / "log.jsonl"
        torch.manual_seed(a.seed)
        self.model = network(a, len(names), a.bfloat16)
        if a.weights and not self.checkpoint.exists():
            load_weights(self.model, a.weights)
        self.model.to(a.device).train()
        self.average = {key: value.clone() for key, value in self.model.state_dict().items()}
        self.optimizer = torch.optim.AdamW(self.model.parameters(), weight_decay=a.weight_decay)
        if self.checkpoint.exists():
            self.resume()
        save("".join(f"{name}\n" for name in names), self.out / "labels.txt")

    def resume(self):
        try:
            content = torch.load(self.checkpoint, map_location=self.a.device)
            labels, anchor_sizes = content["labels"], content["anchor_sizes"]
            if (labels, anchor_sizes) == (self.names, tuple(self.a.anchor_sizes)):
                self.model.load_state_dict(content["model"])
                self.optimizer.load_state_dict(content["optimizer"])
                self.average, self.step = content["average"], content["step"]
        except Exception as error:  # torch.load's own set of exceptions is open
            raise UserError(f"{self.checkpoint}: cannot go on from it ({first_line(error)}); remove it to start anew") from error
        if labels != self.names:
            raise UserError(f"{self.checkpoint}: was trained on the classes {', '.join(labels)}; give another --out")
        if anchor_sizes != tuple(self.a.anchor_sizes):
            sizes = " ".join(map(str, anchor_sizes))
            raise UserError(f"{self.checkpoint}: was trained with --anchor-sizes {sizes}; give these, or another --out")
        if self.log_file.exists():  # what was done after the checkpoint is done again
            lines = self.log_file.read_text().splitlines(keepends=True)
            save("".join(line for line in lines if json.loads(line)["step"] <= self.step), self.log_file)
        print(f"going on from {self.checkpoint}, step {self.step}")

    def save(self):
        save({"step": self.step, "labels": self.names, "anchor_sizes": tuple(self.a.anchor_sizes),
              "model": self.model.state_dict(), "average": self.average, "optimizer": self.optimizer.state_dict()}, self.checkpoint)
        save(self.average, self.out / "model.pth")

    def log(self, **values):
        line = json.dumps({"step": self.step, **values})
        with open(self.log_file, "a") as file:
            file.write(line + "\n")
        print(line, flush=True)

    def advance(self, crops):
        """One step. Its crops and samples follow from the seed and its number: an interrupted run loses nothing."""
        a = self.a
        images, targets = crops.batch(a.batch, random.Random(f"{a.seed} {self.step}"))
        torch.manual_seed(a.seed * 1_000_003 + self.step)
        images = [image.to(a.device) for image in images]
        targets = [{key: value.to(a.device) for key, value in target.items()} for target in targets]
        losses = self.model(images, targets)
        loss = sum(losses.values())
        if not torch.isfinite(loss):
            raise UserError(f"step {self.step}: the loss is {loss.item()}: a lower --learning-rate may help")
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, a)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 10.0)
        self.optimizer.step()
        self.step += 1
        # Early on the average follows closely: the first weights are the worst.
        update_average(self.average, self.model, min(a.average, self.step / (self.step + 10)))
        return {"loss": loss.item(), **{name.replace("loss_", ""): value.item() for name, value in losses.items()}}

    def evaluate(self, held_out):
        """AP of the averaged weights on whole pictures."""
        model = deployed(self.a, len(self.names), self.average)
        for iou, by_class in evaluate(model, held_out, self.names, device=self.a.device).items():
            mean = sum(by_class.values()) / len(by_class)
            self.log(**{f"AP{round(100 * iou)}": round(mean, 4), "classes": {name: round(ap, 4) for name, ap in by_class.items()}})


def train(run, crops, held_out, stop_asked):
    a, since, begun = run.a, [], time.monotonic()
    while run.step < a.steps and not stop_asked():
        since.append(run.advance(crops))
        if run.step % a.log_every == 0:
            means = {name: round(sum(step[name] for step in since) / len(since), 4) for name in since[0]}
            seconds = round((time.monotonic() - begun) / len(since), 3)
            run.log(**means, learning_rate=round(learning_rate(run.step - 1, a), 8), seconds_per_step=seconds)
            since, begun = [], time.monotonic()
        if run.step % a.save_every == 0:
            run.save()
        if held_out and run.step % a.evaluate_every == 0 and run.step < a.steps:
            run.evaluate(held_out)
            begun = time.monotonic()
    run.save()


def main():
    a = options()
    if a.threads:
        torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)  # tiny gradients would be slow
    pictures, names = read_coco(a.annotations, a.images)
    if a.validation:
        (held_out, other_names), training = read_coco(a.validation, a.images), pictures
        if other_names != names:
            raise UserError(f"{a.validation}: its classes are not those of {a.annotations}")
    else:
        training, held_out = split(pictures, a.hold_out, a.seed)
    crops = RandomCrops(training, class_weights(a.class_weight, names), size=a.crop, min_size=a.min_size,
                        max_size=a.max_size, scale_range=a.scale_range, mosaic=a.mosaic, anywhere=a.anywhere)
    run = Run(a, names)
    print(f"{len(training)} pictures to train on, {len(held_out)} held out, classes: {', '.join(names)}")

    asked = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: asked.append(received))
    train(run, crops, held_out, lambda: asked)
    if asked:
        print(f"stopped at step {run.step}; the same command goes on", file=sys.stderr)
        return 128 + asked[0]
    if held_out:
        run.evaluate(held_out)
    command = export_command(a, (held_out or training)[0])
    save(command + "\n", run.out / "export.txt")
    print(f"next:\n  {command}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        sys.exit(f"train.py: {error}")
