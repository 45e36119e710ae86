# SPDX-License-Identifier: Apache-2.0
"""detect run --watch: whatever happens to a tree, its pictures are looked at. Random operations are done to a tree, and
what `find` lists then is held against the records.

DETECT_WATCH_SEED=N does the same operations again, DETECT_WATCH_OPERATIONS=N does more of them."""

import collections
import io
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import threading
import time
import unittest

from PIL import Image

from cli_case import CliCase

SEED = int(os.environ.get("DETECT_WATCH_SEED", random.SystemRandom().randrange(1 << 32)))
OPERATIONS = int(os.environ.get("DETECT_WATCH_OPERATIONS", 500))


def png(width):
    """Each picture has a width of its own, which tells it."""
    file = io.BytesIO()
    Image.new("L", (width, 8), 90).save(file, "PNG")
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


class WatchTree(CliCase):
    def random_operations(self, watched, server, arguments=()):
        """`server` is the folder that `watched` shows."""
        outside = server.parent / "outside"
        outside.mkdir()
        tree = Tree(server, outside, SEED)
        process = self.start_detect("--watch", watched, "--recursive", "--no-draw", "--jsonl", "-", *arguments)
        records = Records(process)
        said = f"DETECT_WATCH_SEED={SEED}"
        for _ in range(OPERATIONS):
            tree.happen()
            time.sleep(tree.random.choice([0, 0, 0.001, 0.01, 0.05]))

        def missing():
            looked_at = set(records.looked_at)
            return {name: width for name, (width, _) in listed(server).items() if (f"{watched}/{name}", width) not in looked_at}

        deadline = time.monotonic() + 60
        while missing() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        process.wait()
        records.end()
        self.assertEqual(process.returncode, 130, said + "".join(records.errors[-5:]))
        self.assertEqual(missing(), {}, said)
        times = collections.Counter(name for name, _ in records.looked_at)
        for name, width in records.looked_at:
            below = name.removeprefix(f"{watched}/")
            self.assertIn(width, tree.widths[below], f"{said}: {name}")
        too_often = {name: count for name, count in times.items() if count > tree.times[name.removeprefix(f"{watched}/")]}
        self.assertEqual(too_often, {}, said)
        self.assertFalse([error for error in records.errors if "folder that is watched is gone" in error])

    def test_random_operations(self):
        (self.folder / "in").mkdir()
        self.random_operations("in", self.folder / "in")

    def test_random_operations_seen_by_polling_alone(self):
        (self.folder / "in").mkdir()
        self.random_operations("in", self.folder / "in", ("--poll", "0.1"))

    def mounted(self):
        """A folder, and the same one where the kernel tells nothing of what is done to it. Ends with the process."""
        bindfs = shutil.which("bindfs")
        if bindfs is None:
            self.skipTest("needs bindfs (apt install bindfs)")
        server, mount = self.folder / "server/tree", self.folder / "in"
        server.mkdir(parents=True)
        mount.mkdir()
        process = subprocess.Popen([bindfs, "-f", server, mount], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.terminate)
        while not os.path.ismount(mount):
            if process.poll() is not None:
                self.skipTest(f"bindfs cannot mount here: {process.stderr.read().decode().strip()}")
            time.sleep(0.01)
        return server, process

    def test_random_operations_behind_a_mount(self):
        server, _ = self.mounted()
        self.random_operations("in", server)

    def test_a_mount_that_goes_away(self):
        server, mount = self.mounted()
        process = self.start_detect("--watch", "in", "--no-draw", "--jsonl", "-")
        (server / "a.png").write_bytes(png(20))
        self.assertEqual(json.loads(process.stdout.readline())["file"], "in/a.png")
        mount.terminate()
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 5)
        self.assertIn("detect: in: the folder that is watched is gone\n", errors)


class Watch(CliCase):
    def setUp(self):
        super().setUp()
        (self.folder / "in").mkdir()

    def start(self, *arguments):
        return self.start_detect("--watch", "in", "--no-draw", "--jsonl", "-", *arguments)

    def next_name(self, process):
        line = process.stdout.readline()
        self.assertTrue(line, "the program has ended")
        return json.loads(line)["file"]

    def test_more_events_than_the_kernel_keeps(self):
        process = self.start("--recursive")
        self.picture("in/first.png")
        self.assertEqual(self.next_name(process), "in/first.png")
        process.send_signal(signal.SIGSTOP)
        queue = int(pathlib.Path("/proc/sys/fs/inotify/max_queued_events").read_text())
        for i in range(queue // 2 + 10):
            (self.folder / f"in/{i}.tmp").touch()
        self.picture("in/x/y/lost.png")
        process.send_signal(signal.SIGCONT)
        self.assertEqual(self.next_name(process), "in/x/y/lost.png")
        self.interrupt(process)

    def test_polling_waits_until_a_picture_is_complete(self):
        whole = png(20)
        process = self.start("--poll", "0.2")
        with open(self.folder / "in/slow.png", "wb", buffering=0) as slow:
            slow.write(whole[:40])
            self.picture("in/b.png")
            complete = time.monotonic()
            self.assertEqual(self.next_name(process), "in/b.png")
            self.assertGreater(time.monotonic() - complete, 0.2)
            slow.write(whole[40:])
        self.assertEqual(self.next_name(process), "in/slow.png")
        self.interrupt(process)

    def test_polling_a_folder_that_goes_away(self):
        for remove in (shutil.rmtree, lambda path: path.rename(self.folder / "elsewhere")):
            (self.folder / "in").mkdir(exist_ok=True)
            self.picture("in/a.png")
            process = self.start("--poll", "0.1")
            self.assertEqual(self.next_name(process), "in/a.png")
            remove(self.folder / "in")
            _, errors = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 5)
            self.assertIn("detect: in: the folder that is watched is gone\n", errors)

    def test_what_a_link_leads_to_changes(self):
        target = self.picture("elsewhere/a.png", (20, 10))
        (self.folder / "in/link.png").symlink_to(target)
        (self.folder / "in/later.png").symlink_to(self.folder / "elsewhere/later.png")
        os.link(target, self.folder / "in/hard.png")
        process = self.start()
        records = Records(process)
        self.addCleanup(records.end)
        self.wait_for(lambda: len(records.looked_at) == 2, "both links")
        self.picture("elsewhere/a.png", (30, 10))
        self.picture("elsewhere/later.png", (40, 10))
        self.wait_for(lambda: len(records.looked_at) == 5, "all anew")
        process.send_signal(signal.SIGINT)
        process.wait()
        records.end()
        self.assertEqual(sorted(records.looked_at), [("in/hard.png", 20), ("in/hard.png", 30), ("in/later.png", 40),
                                                     ("in/link.png", 20), ("in/link.png", 30)])
        said = [line for line in records.errors if "later.png" in line]
        self.assertEqual(said, [f"detect: in/later.png: is a link to {self.folder}/elsewhere/later.png, which does not exist\n"])

    def test_where_the_kernel_watches_no_more_it_looks(self):
        for limit, allowed in (("watches", 2), ("instances", 0)):
            shutil.rmtree(self.folder / "in")
            for name in ("in/x", "in/y", "in/z"):
                (self.folder / name).mkdir(parents=True)
            limited = f"echo {allowed} > /proc/sys/user/max_inotify_{limit} && exec \"$0\" \"$@\""
            command = ["unshare", "--user", "--map-root-user", "sh", "-c", limited]
            if subprocess.run([*command, "true"], stderr=subprocess.DEVNULL).returncode != 0:
                self.skipTest("needs user namespaces")
            process = subprocess.Popen([*command, *self.arguments(["--watch", "in", "--recursive", "--no-draw", "--jsonl", "-"])],
                                       cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       text=True)
            self.addCleanup(self.end, process)
            names = [f"in/{inner}/{limit}.png" for inner in "xyz"]
            for name in names:
                self.picture(name)
            self.assertEqual(sorted(self.next_name(process) for _ in names), names)
            _, errors = self.interrupt(process)
            self.assertEqual(errors.count("is looked through every 2 seconds, since the kernel tells of no more folders: "), 1)

    def test_linked_folders(self):
        self.picture("elsewhere/y/a.png")
        (self.folder / "in/cycle").symlink_to(".")
        process = self.start("--recursive")
        (self.folder / "in/link").symlink_to(self.folder / "elsewhere")
        self.assertEqual(self.next_name(process), "in/link/y/a.png")
        self.picture("elsewhere/b.png")
        self.assertEqual(self.next_name(process), "in/link/b.png")
        # Another way to the same folder is none of its own.
        (self.folder / "in/again").symlink_to(self.folder / "elsewhere")
        (self.folder / "elsewhere").rename(self.folder / "in/own")
        self.assertEqual({self.next_name(process) for _ in range(2)}, {"in/own/y/a.png", "in/own/b.png"})
        self.picture("in/c.png")
        self.assertEqual(self.next_name(process), "in/c.png")
        self.assertEqual(self.interrupt(process)[0], "")

    def test_what_is_no_picture_is_said_at_the_end(self):
        (self.folder / "in/notes.txt").write_text("no picture")
        process = self.start()
        (self.folder / "in/e").write_bytes(png(20))
        self.assertEqual(self.next_name(process), "in/e")
        (self.folder / "in/more.csv").write_text("no picture")
        (self.folder / "in/f.gif").write_bytes(b"GIF89a")
        self.assertIn("detect: in/f.gif: not a JPEG, PNG, TIFF, WebP or BMP picture: it is a GIF\n", process.stderr.readline())
        _, errors = self.interrupt(process)
        self.assertIn("detect: note: left out: 2 files that are no pictures, such as in/more.csv\n", errors)

    def test_poll_is_about_watching(self):
        self.picture("in/a.png")
        self.assertIn("--poll: says how a folder is watched; give --watch, too", self.run_detect("in", "--poll", "1", exit_code=2).stderr)
        for seconds in ("0", "0.05", "3601", "nan", "often"):
            self.run_detect("--watch", "in", "--poll", seconds, "--no-draw", exit_code=2)


if __name__ == "__main__":
    unittest.main()
