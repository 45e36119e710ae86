#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make.py FOLDER: writes small files that break a rule of their format, FORMAT/RULE, and sound ones, sound/NAME.

Nothing is left to chance or to another library: the same files everywhere. Needs tests/support on the path of modules.
"""

import pathlib
import sys

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent / "support")]
sys.dont_write_bytecode = True
import models
import pictures
import texts

MODULES = pictures, models, texts


def malformed():
    for module in MODULES:
        for kind, files in module.ALL.items():
            for rule, content in files():
                yield f"{kind}/{rule}", content


def write(folder):
    """The names of the malformed ones, in order."""
    names = []
    for module in MODULES:
        for name, content in module.sound():
            (folder / "sound").mkdir(parents=True, exist_ok=True)
            (folder / "sound" / name).write_bytes(content)
    for name, content in malformed():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        names.append(name)
    return names


if __name__ == "__main__":
    print(len(write(pathlib.Path(sys.argv[1]))), "malformed files")
