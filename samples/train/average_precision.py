# SPDX-License-Identifier: Apache-2.0
"""Average precision on whole pictures, to see how training goes. `detect eval` has all of COCO's figures."""

import torch
from torchvision.ops import box_iou


def matches(found, truth_boxes, truth_labels, label, iou):
    """Scores of one picture's detections of a class, and which of them hit: each box once, the best score first."""
    chosen = found["labels"] == label
    scores, order = found["scores"][chosen].sort(descending=True, stable=True)
    truth = truth_boxes[truth_labels == label]
    hit = torch.zeros(len(scores), dtype=torch.bool)
    if len(truth) == 0 or len(scores) == 0:
        return scores, hit
    overlaps = box_iou(found["boxes"][chosen][order], truth)
    for row, overlap in enumerate(overlaps):
        best, where = overlap.max(dim=0)
        if best >= iou:
            hit[row] = True
            overlaps[:, where] = -1
    return scores, hit


def average_precision(scores, hit, truth_count):
    """Precision, made to fall with recall, averaged at the recalls 0, 0.01, … 1 (as COCO does)."""
    hit = hit[scores.argsort(descending=True, stable=True)].double()
    true_positives = hit.cumsum(0)
    recall = true_positives / truth_count
    precision = true_positives / torch.arange(1, len(hit) + 1)
    precision = precision.flip(0).cummax(0).values.flip(0)
    index = torch.searchsorted(recall, torch.linspace(0, 1, 101, dtype=torch.double))
    return float(torch.cat([precision, precision.new_zeros(1)])[index.clamp(max=len(precision))].mean())


@torch.no_grad()
def evaluate(model, pictures, names, *, device, ious=(0.5,)):
    """{IoU: {class name: average precision}} of a model in evaluation mode; classes without a box are left out."""
    collected = {(iou, label): [] for iou in ious for label in range(1, 1 + len(names))}
    for picture in pictures:
        image = torch.from_numpy(picture.pixels().copy()).permute(2, 0, 1).float() / 255
        found = {key: value.cpu() for key, value in model([image.to(device)])[0].items()}
        for (iou, label), rows in collected.items():
            rows.append(matches(found, picture.boxes, picture.labels, label, iou))
    result = {iou: {} for iou in ious}
    for (iou, label), rows in collected.items():
        count = sum(int((picture.labels == label).sum()) for picture in pictures)
        if count:
            scores, hit = (torch.cat(column) for column in zip(*rows))
            result[iou][names[label - 1]] = average_precision(scores, hit, count)
    return result
