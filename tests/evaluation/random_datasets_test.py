# SPDX-License-Identifier: Apache-2.0
"""`detect eval --detections` on random data sets against coco_rules.py, and that against pycocotools' own figures:
random_datasets_test.py DETECT [FOLDER WITH pycocotools' FIGURES]

The data sets are full of what is easily got wrong: equal scores, equal boxes, overlaps of exactly a threshold, areas at the
bounds, areas unlike the box, crowds, empty boxes, hundreds of detections in an image, ids with gaps and out of order,
annotations of images and categories that are not listed.
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from coco_rules import coco_metrics

TOLERANCE = 1e-9
DATA_SETS = 24


def box(r):
    kind = r.random()
    if kind < 0.05:
        return [r.randrange(60), r.randrange(60), r.choice((0, 8)), 0]
    if kind < 0.3:  # areas of exactly 32² and 96²
        return [r.randrange(0, 90, 8), r.randrange(0, 90, 8), *r.choice(((32, 32), (64, 16), (96, 96), (72, 128)))]
    if kind < 0.8:  # overlaps of tenths and twentieths
        return [r.randrange(0, 40, 10), r.randrange(0, 40, 10), r.choice((10, 20, 30)), r.choice((10, 20))]
    return [r.uniform(-5, 200), r.uniform(0, 200), r.uniform(0.5, 150), r.uniform(0.5, 150)]


def moved(r, where):
    x, y, w, h = where
    kind = r.random()
    if kind < 0.3:
        return list(where)
    if kind < 0.6:  # a whole number of twentieths cut off
        return [x, y, w * r.randrange(9, 20) / 20, h]
    return [x + r.uniform(-3, 3), y + r.uniform(-3, 3), w, h]


def data_set(r):
    images = r.sample(range(1, 10**6), r.randrange(1, 8))
    categories = r.sample(range(0, 300), r.randrange(1, 5))
    annotations, results = [], []
    for number in range(r.choice((0, 5, 40, 120))):
        where = box(r)
        area = r.choice((where[2] * where[3], where[2] * where[3], 0.7 * where[2] * where[3], 1024, 9216))
        annotations.append({"id": 7 * number + 1, "image_id": r.choice(images), "category_id": r.choice(categories[:3]),
                            "bbox": where, "area": area, "iscrowd": int(r.random() < 0.15), "ignore": r.randrange(2)})
        if r.random() < 0.05:  # of another data set; no id is that large
            annotations[-1][r.choice(("image_id", "category_id"))] = 10**7
    scores = [r.choice((0, 0.1, 0.5, 0.5, 0.9, 1)), r.random, lambda: r.randrange(10) / 10]
    crowded = r.choice(images)  # with more detections of a category than count
    for _ in range(r.choice((0, 30, 400, 900))):
        score = r.choice(scores)
        near = r.choice(annotations) if annotations and r.random() < 0.7 else None
        if near and 10**7 in (near["image_id"], near["category_id"]):
            near = None
        image = near["image_id"] if near else r.choice(images + [crowded] * len(images))
        category = near["category_id"] if near and r.random() < 0.9 else categories[0]
        results.append({"image_id": image, "category_id": category, "bbox": moved(r, near["bbox"] if near else box(r)),
                        "score": score() if callable(score) else score})
    r.shuffle(annotations)
    return {"images": [{"id": image} for image in images], "annotations": annotations,
            "categories": [{"id": category, "name": f"c{category}"} for category in categories]}, results


def exit_code(truth, results):
    """5 if something is left out, or there are objects where nothing is reported; 3 if nothing is reported at all."""
    images, categories = ({entry["id"] for entry in truth[name]} for name in ("images", "categories"))
    listed = [a for a in truth["annotations"] if a["image_id"] in images and a["category_id"] in categories]
    lacking = {a["image_id"] for a in listed if not a["iscrowd"]} - {r["image_id"] for r in results}
    if lacking and not results:
        return 3
    return 5 if lacking or len(listed) < len(truth["annotations"]) else 0


def differences(found, wanted):
    (metrics, by_class), (wanted_metrics, wanted_by_class) = found, wanted
    if metrics.keys() != wanted_metrics.keys() or by_class.keys() != wanted_by_class.keys():
        return [f"other names: {sorted(metrics)} {sorted(by_class)}"]
    pairs = [(name, metrics[name], wanted_metrics[name]) for name in metrics]
    pairs += [(f"AP of {name}", by_class[name], wanted_by_class[name]) for name in by_class]
    return [f"{name} is {value}, not {right}" for name, value, right in pairs if not abs(value - right) <= TOLERANCE]


def fail(what, differing):
    sys.exit(f"failed: {what}: " + "; ".join(differing))


def check_rules(golden):
    """The yardstick itself."""
    for folder in sorted(golden.iterdir()):
        truth, results, expected = (json.loads((folder / f"{name}.json").read_text()) for name in ("gt", "dt", "expected"))
        differing = differences(coco_metrics(truth, results), (expected["metrics"], expected["per_class_AP"]))
        if differing:
            fail(f"coco_rules.py on {folder.name}", differing)


def main():
    detect, golden = sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if golden and golden.is_dir():
        check_rules(golden)
    figures = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(DATA_SETS):
            truth, results = data_set(random.Random(seed))
            for name, content in (("gt.json", truth), ("dt.json", results)):
                Path(folder, name).write_text(json.dumps(content))
            done = subprocess.run([detect, "eval", "--detections", "dt.json", "--annotations", "gt.json", "--json", "-"],
                                  cwd=folder, capture_output=True, text=True)
            if done.returncode != exit_code(truth, results):
                fail(f"data set {seed}", [f"exit code {done.returncode}, not {exit_code(truth, results)}", done.stderr])
            if done.returncode == 3:
                continue
            found = json.loads(done.stdout)
            wanted = coco_metrics(truth, results)
            differing = differences((found["metrics"], found["per_class_AP"]), wanted)
            if differing:
                fail(f"data set {seed}", differing)
            figures += sum(-1 < value < 1 and value != 0 for value in wanted[0].values())
    if figures < 4 * DATA_SETS:
        fail("the data sets", [f"only {figures} figures of the {12 * DATA_SETS} are neither 0, 1 nor missing"])


main()
