# SPDX-License-Identifier: Apache-2.0
"""samples/train: crops and their boxes, average precision, a run that is interrupted, resumed and exported, wrong input."""

import json
import os
import random
import runpy
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import unittest
from pathlib import Path

DETECT = os.environ["DETECT_COMMAND"]
TRAIN = Path(os.environ["DETECT_TRAIN_DIR"])
sys.path.insert(0, str(TRAIN))

try:
    import numpy as np
    import torch
    import torchvision  # noqa: F401
    from PIL import Image
except ImportError as error:
    print(f"needs python3-torch, python3-torchvision, python3-numpy and python3-pil: {error}")
    sys.exit(77)

import average_precision  # noqa: E402
import coco_crops  # noqa: E402


ANCHORS = ["16", "32", "64", "128", "256"]


def write_set(folder, count=8, width=160, height=120):
    """Grey pictures, each with a bright square ("pad") and a dark bar ("slit")."""
    generator = random.Random(3)
    pictures, annotations = [], []
    for number in range(1, count + 1):
        pixels = np.full((height, width, 3), 110 + generator.randrange(20), np.uint8)
        for category, (w, h), value in ((5, (30, 30), 250), (9, (40, 14), 5)):
            x = generator.randrange(width // 2 - w) + (category == 9) * width // 2
            y = generator.randrange(height - h)
            pixels[y:y + h, x:x + w] = value
            annotations.append({"id": len(annotations) + 1, "image_id": number, "category_id": category, "bbox": [x, y, w, h],
                                "area": w * h, "iscrowd": 0})
        Image.fromarray(pixels).save(folder / f"{number}.png")
        pictures.append({"id": number, "file_name": f"{number}.png", "width": width, "height": height})
    # Ids with gaps, not in order.
    categories = [{"id": 9, "name": "slit"}, {"id": 5, "name": "pad"}]
    content = {"images": pictures, "annotations": annotations, "categories": categories}
    (folder / "boxes.json").write_text(json.dumps(content))
    return content


class Crops(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = Path(cls.folder.name)
        write_set(cls.root)
        cls.pictures, cls.names = coco_crops.read_coco(cls.root / "boxes.json", cls.root)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def crops(self, **options):
        settings = {"size": 128, "min_size": 240, "max_size": 320, "scale_range": (0.8, 1.25), "mosaic": 0.5, "light": 0.0}
        return coco_crops.RandomCrops(self.pictures, [1.0, 1.0], **{**settings, **options})

    def test_labels_follow_the_ids(self):
        self.assertEqual(self.names, ["pad", "slit"])
        self.assertEqual(len(self.pictures), 8)
        self.assertEqual(sorted(self.pictures[0].labels.tolist()), [1, 2])

    def test_boxes_lie_on_what_they_name(self):
        seen = {1: 0, 2: 0}
        shapes = set()
        edges = 0
        images, targets = self.crops().batch(120, random.Random(1))
        for image, target in zip(images, targets):
            self.assertEqual(tuple(image.shape), (3, 128, 128))
            self.assertLessEqual(0.0, float(image.min()))
            self.assertLessEqual(float(image.max()), 1.0)
            for box, label in zip(target["boxes"].tolist(), target["labels"].tolist()):
                x1, y1, x2, y2 = (round(corner) for corner in box)
                self.assertTrue(0 <= x1 < x2 <= 128 and 0 <= y1 < y2 <= 128, box)
                inner = image[:, y1 + 2:y2 - 2, x1 + 2:x2 - 2]
                if inner.numel() == 0:
                    continue
                seen[label] += 1
                if label == 2:
                    shapes.add(x2 - x1 > y2 - y1)
                # All of the inside has the class's colour, and just outside there is none of it.
                self.assertGreater(float(inner.min()), 0.9) if label == 1 else self.assertLess(float(inner.max()), 0.1)
                for first, beyond in ((x1, image[:, y1:y2, x1 - 4:x1 - 2]), (y1, image[:, y1 - 4:y1 - 2, x1:x2])):
                    # Beyond a seam there is another crop.
                    if first % 64 < 4 or beyond.numel() == 0:
                        continue
                    edges += 1
                    away = (beyond < 0.9).float().mean() if label == 1 else (beyond > 0.1).float().mean()
                    self.assertGreater(float(away), 0.5, (box, label))
        self.assertGreater(min(seen.values()), 60)
        self.assertGreater(edges, 100)
        self.assertEqual(shapes, {True, False}, "quarter turns")

    def test_classes_are_drawn_by_weight(self):
        crops = coco_crops.RandomCrops(self.pictures, [1.0, 9.0], size=64, min_size=480, max_size=640, scale_range=(1.0, 1.0),
                                       mosaic=0.0, anywhere=0.0)
        _, targets = crops.batch(200, random.Random(2))
        counts = [sum(int((target["labels"] == label).any()) for target in targets) for label in (1, 2)]
        self.assertGreater(counts[1], 5 * counts[0])

    def test_the_same_seed_gives_the_same(self):
        first, second, other = (self.crops().batch(4, random.Random(seed)) for seed in ("7 1", "7 1", "7 2"))
        self.assertTrue(all(torch.equal(a, b) for a, b in zip(first[0], second[0])))
        self.assertFalse(all(torch.equal(a, b) for a, b in zip(first[0], other[0])))

    def test_pictures_held_out_are_not_trained_on(self):
        training, held_out = coco_crops.split(self.pictures, 0.25, 1)
        self.assertEqual((len(training), len(held_out)), (6, 2))
        self.assertFalse({picture.path for picture in training} & {picture.path for picture in held_out})


class AveragePrecision(unittest.TestCase):
    def test_by_hand(self):
        # Two boxes: hit, miss, hit. Precision 1 up to recall 0.5 (51 of 101 points), then 2/3.
        hit = torch.tensor([True, False, True])
        scores = torch.tensor([0.9, 0.8, 0.7])
        self.assertAlmostEqual(average_precision.average_precision(scores, hit, 2), (51 + 50 * 2 / 3) / 101)
        # The order is that of the scores; what is never found counts as 0.
        self.assertAlmostEqual(average_precision.average_precision(scores.flip(0), hit.flip(0), 2), (51 + 50 * 2 / 3) / 101)
        self.assertAlmostEqual(average_precision.average_precision(scores[:1], hit[:1], 4), 26 / 101)
        self.assertEqual(average_precision.average_precision(scores[:0], hit[:0], 4), 0.0)

    def test_a_box_is_hit_once(self):
        found = {"boxes": torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60]]), "labels": torch.tensor([1, 1, 2]),
                 "scores": torch.tensor([0.5, 0.9, 0.8])}
        scores, hit = average_precision.matches(found, torch.tensor([[0.0, 0, 10, 10]]), torch.tensor([1]), 1, 0.5)
        self.assertEqual(hit.tolist(), [True, False])
        self.assertAlmostEqual(float(scores[0]), 0.9, places=5)


class Run(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.content = write_set(self.root)

    def tearDown(self):
        self.folder.cleanup()

    def command(self, *more, out="run", **changes):
        options = {"--images": ".", "--annotations": "boxes.json", "--out": out, "--min-size": 192, "--max-size": 256, "--crop": 128,
                   "--batch": 2, "--steps": 16, "--decay-steps": 4, "--warm-up": 2, "--learning-rate": 0.001, "--threads": 1,
                   "--log-every": 2, "--save-every": 5, "--hold-out": 0.25, **changes}
        words = [str(word) for pair in options.items() for word in pair] + list(more)
        words += [] if "--anchor-sizes" in words else ["--anchor-sizes", *ANCHORS]
        return ["/usr/bin/python3", "-B", str(TRAIN / "train.py"), *words]

    def run_command(self, command, expected=0, timeout=500):
        result = subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=timeout)
        self.assertEqual(result.returncode, expected, result.stdout + result.stderr)
        return result

    def refusal(self, command):
        """What a run says that ends with 1. A fork of this process, which has read PyTorch already: that takes 3 seconds."""
        with tempfile.TemporaryFile("w+") as errors:
            child = os.fork()
            if child == 0:
                os.chdir(self.root)
                os.dup2(errors.fileno(), 2)
                code = 0
                try:
                    sys.argv = command[2:]
                    runpy.run_path(sys.argv[0], run_name="__main__")
                except SystemExit as end:
                    code = end.code if isinstance(end.code, int) else 1
                    print(end.code, file=sys.stderr, flush=True)
                except BaseException:
                    code = 2
                    traceback.print_exc()
                finally:
                    sys.stderr.flush()
                    os._exit(code)
            _, status = os.waitpid(child, 0)
            errors.seek(0)
            text = errors.read()
        self.assertEqual(os.waitstatus_to_exitcode(status), 1, text)
        return text

    def log(self, out="run"):
        return [json.loads(line) for line in (self.root / out / "log.jsonl").read_text().splitlines()]

    def interrupt(self, number, step):
        process = subprocess.Popen(self.command(), cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        log = self.root / "run/log.jsonl"
        deadline = time.monotonic() + 400
        while not (log.exists() and any(entry["step"] >= step for entry in self.log())):
            self.assertTrue(process.poll() is None and time.monotonic() < deadline, "it ended early")
            time.sleep(0.05)
        process.send_signal(number)
        _, errors = process.communicate(timeout=300)
        return process.returncode, errors

    def test_interrupted_resumed_and_exported(self):
        # Killed without warning after its first checkpoint, then asked to stop, then finished.
        self.assertEqual(self.interrupt(signal.SIGKILL, 6)[0], -signal.SIGKILL)
        code, errors = self.interrupt(signal.SIGINT, 10)
        self.assertEqual(code, 130)
        self.assertIn("the same command goes on", errors)
        finished = self.run_command(self.command())
        self.assertIn("going on from", finished.stdout)

        entries = self.log()
        losses = {entry["step"]: entry["loss"] for entry in entries if "loss" in entry}
        self.assertEqual([entry["step"] for entry in entries if "loss" in entry], sorted(losses), "each step once")
        self.assertLess(losses[16], 0.7 * losses[2])
        self.assertEqual(set(entries[-1]["classes"]), {"pad", "slit"})
        self.assertFalse(list(self.root.glob("run/*.part")))

        # What was trained in three parts is what is trained in one.
        self.run_command(self.command(out="at_once"))
        parts, whole = (torch.load(self.root / out / "model.pth") for out in ("run", "at_once"))
        for key in whole:
            self.assertTrue(torch.equal(parts[key], whole[key]), key)

        # The printed command is right as it stands, and its export verifies.
        command = (self.root / "run/export.txt").read_text()
        self.assertIn(command.strip(), finished.stdout)
        words = shlex.split(command)
        self.assertEqual(words[0], "detect")
        self.run_command([DETECT, *words[1:]])
        report = json.loads((self.root / "run/model.report.json").read_text())
        info = self.run_command([DETECT, "info", "run/model.onnx"]).stdout
        self.assertIn("--anchor-sizes 16,32,64,128,256", command)
        for word in ("pad", "slit", "192", "256", "16,32,64,128,256"):
            self.assertIn(word, info)
        self.assertTrue(report)

        others = self.command(*["--anchor-sizes", "8", *ANCHORS[1:]])
        self.assertIn("--anchor-sizes 16 32", self.run_command(others, expected=1).stderr)

        # Weights of other classes: all but the last layers are taken.
        for category in self.content["categories"]:
            category["name"] += " 2"
        self.content["categories"].append({"id": 10, "name": "other"})
        (self.root / "boxes.json").write_text(json.dumps(self.content))
        other = self.run_command(self.command("--bfloat16", "--weights", "run/model.pth", out="tuned", **{"--steps": 1}))
        self.assertIn("other classes", other.stdout)
        # So does the bundled model, which is a .safetensors: at learning rate next to nothing it stays what it is.
        bundled = TRAIN.parent / "model/circuit_board.safetensors"
        self.run_command(self.command("--weights", str(bundled), out="bundled", **{"--steps": 1, "--learning-rate": 1e-12}))
        trained = torch.load(self.root / "bundled/model.pth")["backbone.body.1.block.0.0.weight"]
        with open(bundled, "rb") as file:
            start = 8 + int.from_bytes(file.read(8), "little")
            entry = json.loads(file.read(start - 8))["backbone.body.1.block.0.0.weight"]
            file.seek(start + entry["data_offsets"][0])
            stored = np.frombuffer(file.read(2 * trained.numel()), np.float16).astype(np.float32)
        self.assertEqual(entry["dtype"], "F16")
        np.testing.assert_allclose(trained.numpy().ravel(), stored, atol=1e-6)
        # A run of other classes is not gone on with.
        refused = self.run_command(self.command(), expected=1)
        self.assertIn("give another --out", refused.stderr)

    def test_wrong_input_is_one_clear_line(self):
        torch.save({"weight": torch.zeros(3)}, self.root / "other.pth")
        (self.root / "broken.pth").write_bytes(b"nothing")
        (self.root / "broken.safetensors").write_bytes(b"nothing at all")
        (self.root / "empty.json").write_text("{}")
        for name, (group, index, field, value) in {
                "same": ("categories", 0, "name", "pad"), "lines": ("categories", 0, "name", "a\nb"),
                "lost": ("annotations", 0, "image_id", 99), "flat": ("annotations", 1, "bbox", [1, 2, 0, 4])}.items():
            changed = json.loads(json.dumps(self.content))
            changed[group][index][field] = value
            (self.root / f"{name}.json").write_text(json.dumps(changed))
        (self.root / "text.json").write_text("no JSON")
        cases = [({"--annotations": "missing.json"}, "missing.json"), ({"--annotations": "text.json"}, "text.json"),
                 ({"--annotations": "empty.json"}, "not a COCO file"), ({"--images": "elsewhere"}, "is --images right?"),
                 ({"--crop": 100}, "multiple of 64"), ({"--weights": "broken.pth"}, "broken.pth"),
                 ({"--weights": "other.pth"}, "not a fasterrcnn_mobilenet_v3_large_fpn"), ({"--hold-out": 0.01}, "--hold-out"),
                 ({"--class-weight": "dent=2"}, "pad, slit"), ({"--min-size": 300}, "--max-size"),
                 ({"--anywhere": 1.5}, "--anywhere 1.5: must be from 0 to 1"), ({"--hold-out": -0.1}, "--hold-out -0.1: must be from 0"),
                 ({"--learning-rate": "nan"}, "--learning-rate nan: must be above 0"), ({"--threads": -1}, "--threads -1: must be 0 or more"),
                 ({"--average": 1}, "--average 1.0: must be"), ({"--device": "nothing"}, "--device nothing: PyTorch cannot use it"),
                 ({"--out": "boxes.json"}, "--out boxes.json: cannot be a folder"), ({"--annotations": "same.json"}, "two categories are called pad"),
                 ({"--annotations": "lost.json"}, "annotations[0].image_id: there is none with the id 99"),
                 ({"--annotations": "flat.json"}, "annotations[1] has an empty box"),
                 ({"--annotations": "lines.json"}, "is no text of one line"), ({"--weights": "broken.safetensors"}, "broken.safetensors")]
        for changes, expected in cases:
            with self.subTest(changes):
                errors = self.refusal(self.command(**changes))
                self.assertIn(expected, errors)
                self.assertEqual(len(errors.strip().splitlines()), 1, errors)


if __name__ == "__main__":
    unittest.main()
