# SPDX-License-Identifier: Apache-2.0
"""A tree to which anything may happen, and what a program prints meanwhile."""

import collections
import io
import json
import os
import pathlib
import random
import shutil
import subprocess
import threading
import time

from PIL import Image


def png(width):
    """Each picture has a width of its own, which tells it."""
    file = io.BytesIO()
    Image.linear_gradient("L").resize((width, 8)).save(file, "PNG")  # not flat, which is doubtful
    return file.getvalue()


def listed(root):
    """What `find` lists that should be looked at: path below the root: (width, number, time)."""
    command = ["find", "-L", ".", "-mindepth", "1", "-name", ".*", "-prune", "-o", "-type", "f", "-printf", "%P\\0%D %i %T@\\0"]
    words = subprocess.run(command, cwd=root, capture_output=True).stdout.decode().split("\0")[:-1]
    found = {}
    for name, identity in zip(words[::2], words[1::2]):
        content = (root / name).read_bytes()
        if content.startswith(b"\x89PNG") and not name.endswith(".tmp"):
            found[name] = (int.from_bytes(content[16:20], "big"), identity)
    return found


class Tree:
    """A tree, and what may happen to it."""

    def __init__(self, root, outside, seed):
        self.root, self.outside, self.random = root, outside, random.Random(seed)
        self.width = 8
        self.names = 0
        self.before = {}
        self.widths = collections.defaultdict(set)  # that a path has had
        self.times = collections.Counter()  # how often there was something new at a path
        self.history = []

    def note(self):
        now = listed(self.root)
        for name, state in now.items():
            if self.before.get(name) != state:
                self.widths[name].add(state[0])
                self.times[name] += 1
        self.before = now

    def new_content(self):
        self.width += 1
        return png(self.width)

    def new_name(self, ending=None):
        self.names += 1
        return f"{self.names}" + (self.random.choice([".png", ".png", ".PNG", "", ".jpg", ".data"]) if ending is None else ending)

    def folders(self):
        inside = [pathlib.Path(path) for path, _, _ in os.walk(self.root)]
        return inside

    def folder(self):
        return self.random.choice(self.folders())

    def inner_folder(self):
        return self.random.choice(self.folders()[1:] or [None])

    def file(self):
        files = [path for folder in self.folders() for path in folder.iterdir() if not path.is_dir()]
        return self.random.choice(sorted(files)) if files else None

    def write(self, path, content=None):
        content = content or self.new_content()
        with open(path, "wb", buffering=0) as file:
            middle = self.random.randrange(len(content))
            file.write(content[:middle])
            if self.random.random() < 0.2:
                time.sleep(self.random.random() * 0.02)
            file.write(content[middle:])

    # What may happen.

    def written(self):
        self.write(self.folder() / self.new_name())

    def renamed_when_complete(self):
        folder = self.folder()
        path = folder / self.new_name(".png.tmp")
        self.write(path)
        path.rename(path.with_suffix(""))

    def moved_in(self):
        path = self.outside / self.new_name()
        self.write(path)
        path.rename(self.folder() / path.name)

    def renamed(self):
        if file := self.file():
            file.rename(file.with_name(self.new_name()))

    def moved(self):
        if file := self.file():
            file.rename(self.folder() / file.name)

    def moved_out(self):
        if file := self.file():
            file.rename(self.outside / self.new_name(""))

    def deleted(self):
        if file := self.file():
            file.unlink()

    def written_anew(self):
        if file := self.file():
            self.write(file)

    def replaced(self):
        if file := self.file():
            path = self.outside / self.new_name()
            self.write(path)
            path.rename(file)

    def deleted_and_back(self):
        if file := self.file():
            file.unlink()
            self.write(file)

    def out_and_back(self):
        if file := self.file():
            away = self.outside / self.new_name()
            file.rename(away)
            self.note()
            away.rename(file)

    def touched(self):
        if (file := self.file()) and file.exists():
            os.utime(file)

    def hard_link(self):
        if file := self.file():
            os.link(file, self.folder() / self.new_name(), follow_symlinks=False)

    def link_to_file(self):
        path = self.outside / self.new_name()
        self.write(path)
        (self.folder() / self.new_name()).symlink_to(path)

    def link_to_nothing(self):
        (self.folder() / self.new_name()).symlink_to(self.outside / "nothing")

    def link_to_folder(self):
        (self.folder() / self.new_name("")).symlink_to(self.tree_outside())

    def tree_outside(self):
        top = self.outside / self.new_name("")
        for folder in (top, top / "x", top / "x/y", top / "z"):
            folder.mkdir()
            self.write(folder / self.new_name())
        return top

    def folder_made(self):
        (self.folder() / self.new_name("")).mkdir()

    def folder_renamed(self):
        if folder := self.inner_folder():
            folder.rename(folder.with_name(self.new_name("")))

    def folder_moved(self):
        if folder := self.inner_folder():
            target = self.folder()
            if folder not in (target, *target.parents):
                folder.rename(target / self.new_name(""))

    def folder_moved_out(self):
        if folder := self.inner_folder():
            folder.rename(self.outside / self.new_name(""))

    def tree_moved_in(self):
        self.tree_outside().rename(self.folder() / self.new_name(""))

    def tree_copied_in(self):
        shutil.copytree(self.tree_outside(), self.folder() / self.new_name(""))

    def folder_deleted(self):
        if folder := self.inner_folder():
            shutil.rmtree(folder)

    def folder_deleted_and_back(self):
        if folder := self.inner_folder():
            shutil.rmtree(folder)
            folder.mkdir()
            self.write(folder / self.new_name())

    def no_picture(self):
        (self.folder() / self.new_name(".txt")).write_text("no picture")

    def hidden(self):
        self.write(self.folder() / f".{self.new_name()}")

    ALL = ([written] * 6 + [renamed_when_complete, moved_in] * 3 + [renamed, moved, written_anew, replaced] * 2 +
           [moved_out, deleted, deleted_and_back, out_and_back, touched, hard_link, link_to_file, link_to_nothing,
            link_to_folder, folder_made, folder_made, folder_made, folder_renamed, folder_moved, folder_moved_out,
            tree_moved_in, tree_copied_in, folder_deleted, folder_deleted_and_back, no_picture, hidden])

    def happen(self):
        operation = self.random.choice(self.ALL)
        self.history.append(operation.__name__)
        operation(self)
        self.note()


class Records:
    """What the program prints, as it comes."""

    def __init__(self, process):
        self.looked_at = []
        self.process = process
        self.errors = []
        self.threads = [threading.Thread(target=self.read), threading.Thread(target=self.read_errors)]
        for thread in self.threads:
            thread.start()

    def read(self):
        for line in self.process.stdout:
            record = json.loads(line)
            if "error" not in record:
                self.looked_at.append((record["file"], record["width"]))

    def read_errors(self):
        self.errors += self.process.stderr

    def end(self):
        for thread in self.threads:
            thread.join()
