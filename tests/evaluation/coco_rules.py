# SPDX-License-Identifier: Apache-2.0
"""COCO's metrics for boxes, as plainly as their definition: for every category, size, IoU and limit anew. Slow, and
independent of what it is compared with."""

SIZES = {"": (0, 1e10), "s": (0, 32**2), "m": (32**2, 96**2), "l": (96**2, 1e10)}
# Rounded as numpy.linspace(.5, .95, 10) and numpy.linspace(0, 1, 101) are.
IOUS = [0.5 + i * ((0.95 - 0.5) / 9) for i in range(9)] + [0.95]
RECALLS = [i * 0.01 for i in range(100)] + [1.0]
EPSILON = 2.0**-52


def overlap(detected, box, crowd):
    (x, y, w, h), (u, v, s, t) = detected, box
    across, down = min(x + w, u + s) - max(x, u), min(y + h, v + t) - max(y, v)
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    return shared / (w * h if crowd else w * h + s * t - shared)


def outcomes(objects, detections, iou, size, limit):
    """Of one category in one image: [(score, right)] of what counts, and how many objects there are to be found."""
    low, high = SIZES[size]
    ignored = [bool(o.get("iscrowd")) or not low <= o["area"] <= high for o in objects]
    first = [i for i in range(len(objects)) if not ignored[i]] + [i for i in range(len(objects)) if ignored[i]]
    taken, rows = set(), []
    for detection in sorted(detections, key=lambda d: -d["score"])[:limit]:
        best, least = None, min(iou, 1 - 1e-10)
        for i in first:
            crowd = bool(objects[i].get("iscrowd"))
            if i in taken and not crowd:
                continue
            if best is not None and not ignored[best] and ignored[i]:
                break
            value = overlap(detection["bbox"], objects[i]["bbox"], crowd)
            if value >= least:
                best, least = i, value
        taken.add(best)
        area = detection["bbox"][2] * detection["bbox"][3]
        if not (ignored[best] if best is not None else not low <= area <= high):
            rows.append((detection["score"], best is not None))
    return rows, ignored.count(False)


def precision_and_recall(images, category, truth, results, iou, size, limit):
    """Average precision and recall of a category; None where there is nothing to be found."""
    rows, count = [], 0
    for image in images:
        more, objects = outcomes(truth.get((image, category), []), results.get((image, category), []), iou, size, limit)
        rows += more
        count += objects
    if count == 0:
        return None
    right, precision, recall = 0, [], []
    for number, (_, hit) in enumerate(sorted(rows, key=lambda row: -row[0]), start=1):
        right += hit
        precision.append(right / (number + EPSILON))
        recall.append(right / count)
    for i in range(len(precision) - 1, 0, -1):
        precision[i - 1] = max(precision[i - 1], precision[i])
    sampled = [next((p for p, r in zip(precision, recall) if r >= wanted), 0.0) for wanted in RECALLS]
    return sum(sampled) / len(sampled), recall[-1] if recall else 0.0


def mean(values):
    values = [value for value in values if value is not None]
    return sum(values) / len(values) if values else -1.0


def by_image_and_category(entries):
    groups = {}
    for entry in entries:
        groups.setdefault((entry["image_id"], entry["category_id"]), []).append(entry)
    return groups


def coco_metrics(ground_truth, detections):
    """The twelve figures by name, and AP by category id; -1 where there is nothing to be found."""
    images = sorted(image["id"] for image in ground_truth["images"])
    categories = sorted(category["id"] for category in ground_truth["categories"])
    truth, results = by_image_and_category(ground_truth["annotations"]), by_image_and_category(detections)
    known = {}

    def figure(part, size="", limit=100, ious=IOUS, only=categories):
        values = []
        for category in only:
            for iou in ious:
                key = (category, iou, size, limit)
                if key not in known:
                    known[key] = precision_and_recall(images, category, truth, results, iou, size, limit)
                values.append(known[key] and known[key][part])
        return mean(values)

    metrics = {"AP": figure(0), "AP50": figure(0, ious=IOUS[:1]), "AP75": figure(0, ious=IOUS[5:6])}
    metrics.update({f"AP{size}": figure(0, size) for size in "sml"})
    metrics.update({f"AR{limit}": figure(1, limit=limit) for limit in (1, 10, 100)})
    metrics.update({f"AR{size}": figure(1, size) for size in "sml"})
    return metrics, {str(category): figure(0, only=[category]) for category in categories}
