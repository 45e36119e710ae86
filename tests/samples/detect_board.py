# SPDX-License-Identifier: Apache-2.0
"""Runs torchvision's detector with the trained circuit-board checkpoint, its weights rounded to float16 as they are
shipped, on the sample board: at score 0.5 at least nine in ten of the drawn defects must be found with the right class
(IoU 0.5), with one false alarm at most.

    detect_board.py board.png board.json        (77: skipped)
"""
import json
import os
import pathlib
import sys

try:
    import numpy as np
    import torch
    import torchvision
    from PIL import Image
except ImportError as missing:
    print(f"skipped: {missing} (apt install python3-torch python3-torchvision)")
    sys.exit(77)

SHARED = pathlib.Path(os.environ.get("DETECT_SHARED_DIR", pathlib.Path(__file__).parents[2] / ".." / "shared"))
CHECKPOINT = SHARED / "weights" / "deeppcb_mnv3_fpn.pth"
if not CHECKPOINT.exists():
    print(f"skipped: no {CHECKPOINT} (set DETECT_SHARED_DIR)")
    sys.exit(77)

SCORE, IOU = 0.5, 0.5


def load_model():
    model = torchvision.models.detection.fasterrcnn_mobilenet_v3_large_fpn(
        weights=None, weights_backbone=None, num_classes=7, min_size=1024, max_size=1024)
    state = torch.load(CHECKPOINT, map_location="cpu")
    model.load_state_dict({k: v.half().float() if v.is_floating_point() else v for k, v in state.items()})
    return model.eval()


def main():
    torch.set_num_threads(1)
    picture = np.asarray(Image.open(sys.argv[1]).convert("RGB"))
    tensor = torch.from_numpy(picture.copy()).permute(2, 0, 1).float() / 255
    with torch.no_grad():
        found = load_model()([tensor])[0]
    sure = found["scores"] >= SCORE
    boxes, labels, scores = found["boxes"][sure], found["labels"][sure], found["scores"][sure]

    truth = json.loads(pathlib.Path(sys.argv[2]).read_text())
    names = {category["id"]: category["name"] for category in truth["categories"]}
    used, missed = set(), []
    for annotation in truth["annotations"]:
        x, y, w, h = annotation["bbox"]
        overlaps = torchvision.ops.box_iou(torch.tensor([[x, y, x + w, y + h]], dtype=torch.float32), boxes)[0]
        fits = [i for i in range(len(boxes))
                if i not in used and overlaps[i] >= IOU and labels[i] == annotation["category_id"]]
        if fits:
            used.add(fits[0])
        else:
            missed.append(f"{names[annotation['category_id']]} at {x}, {y}")
    false_alarms = [f"{names[int(labels[i])]} {scores[i]:.2f} at {boxes[i].tolist()}"
                    for i in range(len(boxes)) if i not in used]
    total = len(truth["annotations"])
    print(f"found {total - len(missed)} of {total}, lowest score {scores.min():.2f}; missed {missed}; "
          f"false alarms {false_alarms}")
    if (total - len(missed)) * 10 < total * 9 or len(false_alarms) > 1:
        sys.exit(1)


main()
