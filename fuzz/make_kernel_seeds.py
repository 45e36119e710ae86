#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_kernel_seeds.py: writes what the fuzzers of kernels start from, fuzz/seeds/kernels_*/ and fuzz/seeds/regions/.

An input is read as numbers from its front, so any bytes are a case. The first ones choose what is computed.
"""

import random
from pathlib import Path

SEEDS = Path(__file__).parent / "seeds"

# By target: the names of its cases and the bytes that choose them.
CASES = {
    "kernels_conv": {
        "pointwise": (1, 2, 1),
        "pointwise_2": (0, 0, 2),
        "depthwise": (1, 3, 5),
        "depthwise_2": (0, 1, 6),
        "any": (1, 0, 9),
        "any_2": (0, 2, 10),
    },
    "kernels_elements": {
        name: (i,)
        for i, name in enumerate(
            ("activation", "gate", "softmax", "layer_norm", "average", "maximum", "layout", "transpose")
        )
    },
    "kernels_expression": {"one": (2,), "two": (3,), "three": (4,), "four": (4,)},
    "kernels_fused": {"block": (0,), "block_2": (2,), "rows": (1,), "rows_2": (3,)},
    "kernels_int8": {"convolution": (0,), "convolution_2": (1,), "block": (2,), "elements": (3,)},
    "kernels_product": {"batched": (0,), "packed": (1,), "packed_2": (2,), "packed_3": (3,)},
    "kernels_winograd": {"one": (0, 1), "two": (1, 0)},
    "regions": {"boxes": (0,), "pooled": (1,), "pooled_2": (2,), "pooled_3": (3,)},
}


def main():
    for target, cases in CASES.items():
        folder = SEEDS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, chosen in cases.items():
            rest = random.Random(f"{target} {name}").randbytes(200)
            (folder / name).write_bytes(bytes(chosen) + rest)


if __name__ == "__main__":
    main()
