# SPDX-License-Identifier: Apache-2.0
"""Pictures for the parity tests: files and drawn ones, brought to the size and orientation a test asks for.

A picture is described by a dictionary:

    {"file": "board.jpg"}                 a picture file (made RGB), or
    {"blank": [r, g, b], "size": [h, w]}  one colour, or
    {"noise": seed, "size": [h, w]}       independent uniform pixels, or
    {"mosaic": [{"file": …, "crop": …}, …], "columns": n, "tile": [h, w]}
                                          pictures side by side, row by row

followed by any of these, applied in this order:

    "crop": [top, left, height, width]    may reach past the border: the rest is black
    "resize": [height, width]             bilinear
    "mirror": true                        left to right
    "turn": 1                             quarter turns, counter-clockwise
"""

import numpy as np
from PIL import Image


def load_picture(description, folder=""):
    """The picture as a uint8 array [height, width, 3], RGB."""
    if "file" in description:
        with Image.open(f"{folder}/{description['file']}" if folder else description["file"]) as file:
            image = file.convert("RGB")
    elif "blank" in description:
        height, width = description["size"]
        image = Image.new("RGB", (width, height), tuple(description["blank"]))
    elif "noise" in description:
        height, width = description["size"]
        generator = np.random.default_rng(description["noise"])
        image = Image.fromarray(generator.integers(0, 256, (height, width, 3), dtype=np.uint8))
    elif "mosaic" in description:
        image = _mosaic(description, folder)
    else:
        raise ValueError(f"a picture needs one of file, blank, noise, mosaic: {description}")

    if "crop" in description:
        top, left, height, width = description["crop"]
        image = image.crop((left, top, left + width, top + height))
    if "resize" in description:
        height, width = description["resize"]
        image = image.resize((width, height), Image.BILINEAR)
    array = np.asarray(image)
    if description.get("mirror"):
        array = array[:, ::-1]
    return np.ascontiguousarray(np.rot90(array, description.get("turn", 0)))


def _mosaic(description, folder):
    height, width = description["tile"]
    columns = description["columns"]
    tiles = description["mosaic"]
    rows = -(-len(tiles) // columns)
    image = Image.new("RGB", (columns * width, rows * height))
    for index, tile in enumerate(tiles):
        part = Image.fromarray(load_picture(tile, folder)).resize((width, height), Image.BILINEAR)
        image.paste(part, (index % columns * width, index // columns * height))
    return image


def to_tensor_layout(array):
    """[height, width, 3] uint8 → [3, height, width] float32 in 0–1, as torchvision's ToTensor does it."""
    return np.ascontiguousarray(array.transpose(2, 0, 1)).astype(np.float32) / np.float32(255)
