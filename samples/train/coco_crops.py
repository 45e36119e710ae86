# SPDX-License-Identifier: Apache-2.0
"""Pictures with boxes from a COCO file, and random crops of them to train on."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps


class UserError(Exception):
    """Something that whoever started the program can put right; the message is one line."""


@dataclass
class Picture:
    path: Path
    boxes: torch.Tensor  # float32 [n, 4], corners x1, y1, x2, y2 in pixels
    labels: torch.Tensor  # int64 [n], from 1: 0 is the background

    def pixels(self):
        """uint8 [height, width, 3], upright as its EXIF data says: that is how `detect` reads it, too."""
        try:
            with Image.open(self.path) as image:
                return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
        except OSError as error:
            raise UserError(f"{self.path}: cannot be read as a picture ({error})") from error


def read_coco(annotations, images):
    """The pictures of a COCO file and its class names by category id. Crowds are left out: no box to learn from."""
    try:
        content = json.loads(Path(annotations).read_text())
        categories = sorted(content["categories"], key=lambda category: category["id"])
        label_of = {category["id"]: 1 + index for index, category in enumerate(categories)}
        found = {image["id"]: (Path(images) / image["file_name"], [], []) for image in content["images"]}
        check_names(annotations, [category["name"] for category in categories])
        for number, annotation in enumerate(content["annotations"]):
            if annotation.get("iscrowd"):
                continue
            x, y, width, height = annotation["bbox"]
            if not (width > 0 and height > 0):
                raise UserError(f"{annotations}: annotations[{number}] has an empty box {annotation['bbox']}: remove it")
            for field, known in (("image_id", found), ("category_id", label_of)):
                if annotation[field] not in known:
                    raise UserError(f"{annotations}: annotations[{number}].{field}: there is none with the id {annotation[field]}")
            _, boxes, labels = found[annotation["image_id"]]
            boxes.append([x, y, x + width, y + height])
            labels.append(label_of[annotation["category_id"]])
    except (OSError, json.JSONDecodeError) as error:
        raise UserError(f"{annotations}: cannot be read as JSON ({error})") from error
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{annotations}: not a COCO file of boxes ({type(error).__name__}: {error})") from error
    pictures = [
        Picture(path, torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4), torch.tensor(labels, dtype=torch.int64))
        for path, boxes, labels in found.values()
    ]
    missing = [picture.path for picture in pictures if not picture.path.exists()]
    if missing:
        raise UserError(f"{missing[0]}: no such picture ({len(missing)} of {len(pictures)} are missing): is --images right?")
    if not any(len(picture.labels) for picture in pictures):
        raise UserError(f"{annotations}: no annotated box")
    return pictures, [category["name"] for category in categories]


def check_names(annotations, names):
    for name in names:
        if not isinstance(name, str) or len(name.splitlines()) != 1:
            raise UserError(f"{annotations}: the category name {name!r} is no text of one line, as labels.txt needs it")
        if names.count(name) > 1:
            raise UserError(f"{annotations}: two categories are called {name}; rename one")


def model_scale(height, width, min_size, max_size):
    """How much the deployed model will enlarge a picture: as torchvision's GeneralizedRCNNTransform."""
    return min(min_size / min(height, width), max_size / max(height, width))


class RandomCrops:
    """Square crops at about the scale that the deployed model sees, each around a box (or, some, anywhere).

    The class is drawn first, by weight, then one of its boxes: rare classes are seen as often as common ones.
    """

    def __init__(self, pictures, class_weights, *, size, min_size, max_size, scale_range, mosaic, anywhere=0.1, light=0.2):
        self.pictures, self.size, self.mosaic = pictures, size, mosaic
        self.min_size, self.max_size, self.scale_range = min_size, max_size, scale_range
        self.anywhere, self.light = anywhere, light
        self.boxes_of = {}
        for picture in pictures:
            for index, label in enumerate(picture.labels.tolist()):
                self.boxes_of.setdefault(label, []).append((picture, index))
        self.classes = sorted(self.boxes_of)
        self.weights = [class_weights[label - 1] for label in self.classes]

    def batch(self, count, rng):
        """Crops, float32 [3, size, size] from 0 to 1, and what torchvision calls their targets."""
        crops, targets = zip(*(self._put_together(rng) if rng.random() < self.mosaic else self._draw(self.size, rng) for _ in range(count)))
        return list(crops), list(targets)

    def _put_together(self, rng):
        """Four crops of half the size in one: more boxes for the same time."""
        half = self.size // 2
        crops, targets = zip(*(self._draw(half, rng) for _ in range(4)))
        boxes = [target["boxes"] + torch.tensor([left, top, left, top])
                 for target, (left, top) in zip(targets, ((0, 0), (half, 0), (0, half), (half, half)))]
        crop = torch.cat([torch.cat(crops[:2], dim=2), torch.cat(crops[2:], dim=2)], dim=1)
        return crop, {"boxes": torch.cat(boxes), "labels": torch.cat([target["labels"] for target in targets])}

    def _draw(self, size, rng):
        if rng.random() < self.anywhere:
            picture, index = rng.choice(self.pictures), None
        else:
            picture, index = rng.choice(self.boxes_of[rng.choices(self.classes, self.weights)[0]])
        pixels = picture.pixels()
        height, width = pixels.shape[:2]
        scale = model_scale(height, width, self.min_size, self.max_size) * rng.uniform(*self.scale_range)
        side = max(1, round(size / scale))
        left, top, right, bottom = self._window(picture, index, min(side, width), min(side, height), (width, height), rng)
        boxes, labels = boxes_inside(picture, left, top, right, bottom)
        pixels, boxes = turned(pixels[top:bottom, left:right], boxes, flip=rng.random() < 0.5, quarters=rng.randrange(4))
        crop = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1).float() / 255
        gain, offset = 1 + rng.uniform(-self.light, self.light), rng.uniform(-self.light, self.light) / 2
        crop = (crop * gain + offset).clamp(0, 1)
        # As the model itself will: bilinear, and not smoothed when it makes smaller.
        extents = crop.shape[1:]
        scaled_size = [min(size, round(extent * scale)) for extent in extents]
        crop = F.interpolate(crop[None], size=scaled_size, mode="bilinear", align_corners=False)[0]
        ratios = torch.tensor(scaled_size).flip(0).repeat(2) / torch.tensor(extents).flip(0).repeat(2)
        crop = F.pad(crop, (0, size - crop.shape[2], 0, size - crop.shape[1]))
        return crop, {"boxes": boxes * ratios, "labels": labels}

    @staticmethod
    def _window(picture, index, width, height, picture_size, rng):
        """Where to crop: box `index` is inside if it fits; of some tries, the one that cuts the fewest others."""
        best, fewest = None, None
        for _ in range(8):
            corner = []
            for axis, extent in enumerate((width, height)):
                first, last = 0, picture_size[axis] - extent
                if index is not None:
                    low, high = picture.boxes[index][[axis, axis + 2]].tolist()
                    first, last = max(first, min(last, round(high) - extent)), min(last, max(first, round(low)))
                    first, last = min(first, last), max(first, last)
                corner.append(rng.randint(first, last))
            window = (corner[0], corner[1], corner[0] + width, corner[1] + height)
            seen = shares_inside(picture.boxes, *window)
            cut = int(((seen > 0) & (seen < 1)).sum())
            if fewest is None or cut < fewest:
                best, fewest = window, cut
            if fewest == 0:
                break
        return best


def clipped(boxes, left, top, right, bottom):
    low = boxes.new_tensor([left, top, left, top])
    high = boxes.new_tensor([right, bottom, right, bottom])
    return torch.minimum(torch.maximum(boxes, low), high)


def areas(boxes):
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def shares_inside(boxes, left, top, right, bottom):
    """The share of each box's area that lies in the window."""
    return areas(clipped(boxes, left, top, right, bottom)) / areas(boxes)


def boxes_inside(picture, left, top, right, bottom, least_share=0.4):
    """Boxes of which enough is in the window, relative to it, and their labels."""
    kept = shares_inside(picture.boxes, left, top, right, bottom) >= least_share
    boxes = clipped(picture.boxes[kept], left, top, right, bottom)
    return boxes - boxes.new_tensor([left, top, left, top]), picture.labels[kept]


def turned(pixels, boxes, *, flip, quarters):
    """Pixels [height, width, 3] and boxes, mirrored left to right, then turned by quarters anticlockwise."""
    if flip:
        pixels, width = pixels[:, ::-1], pixels.shape[1]
        boxes = torch.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], dim=1)
    for _ in range(quarters):
        width = pixels.shape[1]
        pixels = np.rot90(pixels)
        boxes = torch.stack([boxes[:, 1], width - boxes[:, 2], boxes[:, 3], width - boxes[:, 0]], dim=1)
    return pixels, boxes


def split(pictures, share, seed):
    """(to train on, held out): the same for the same seed."""
    count = round(len(pictures) * share)
    if share > 0 and not 0 < count < len(pictures):
        raise UserError(f"--hold-out {share}: leaves {count} of {len(pictures)} pictures to check on; give more, or --validation FILE")
    shuffled = random.Random(seed).sample(pictures, len(pictures))
    return shuffled[count:], shuffled[:count]
