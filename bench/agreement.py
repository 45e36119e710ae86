# SPDX-License-Identifier: Apache-2.0
"""Whether two programs found the same. Nothing is timed that computes something else."""

SCORE = 0.1  # detections below this are not compared
SCORE_TOLERANCE = 1e-3
SMALLEST_IOU = 0.99


def iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common
    return common / area if area > 0 else 1.0


def same(a, b, score_tolerance=SCORE_TOLERANCE, smallest_iou=SMALLEST_IOU):
    return (
        a["label"] == b["label"]
        and abs(a["score"] - b["score"]) <= score_tolerance
        and iou(a["box"], b["box"]) >= smallest_iou
    )


def describe(detection):
    box = ", ".join(f"{value:.1f}" for value in detection["box"])
    return f"label {detection['label']}, score {detection['score']:.4f}, box {box}"


def find_difference(ours, theirs, score=SCORE, score_tolerance=SCORE_TOLERANCE, smallest_iou=SMALLEST_IOU):
    """The first difference between lists of detections per picture, as a sentence; None if there is none."""
    if len(ours) != len(theirs):
        return f"{len(ours)} pictures against {len(theirs)}"
    for number, (mine, other) in enumerate(zip(ours, theirs)):
        for these, those, who in ((mine, other, "only detect"), (other, mine, "only the other")):
            # A score at the edge may be just above in one and just below in the other: partners of any score.
            unused = list(those)
            for detection in (d for d in these if d["score"] >= score):
                partner = next((d for d in unused if same(detection, d, score_tolerance, smallest_iou)), None)
                if partner is None:
                    return f"picture {number}: {who} finds {describe(detection)}"
                unused.remove(partner)
    return None


def compared(detections):
    return sum(d["score"] >= SCORE for picture in detections for d in picture)
