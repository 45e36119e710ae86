# SPDX-License-Identifier: Apache-2.0
"""detect run --watch: whatever happens to a tree, its pictures are looked at. Random operations are done to a tree, and
what `find` lists then is held against the records.

DETECT_WATCH_SEED=N does the same operations again, DETECT_WATCH_OPERATIONS=N does more of them."""

import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time
import unittest

from cli_case import CliCase
from random_tree import Records, Tree, listed, png

SEED = int(os.environ.get("DETECT_WATCH_SEED", random.SystemRandom().randrange(1 << 32)))
OPERATIONS = int(os.environ.get("DETECT_WATCH_OPERATIONS", 500))


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
        """Of the next picture that was judged: links that lead nowhere for a moment are records, too."""
        while True:
            line = process.stdout.readline()
            self.assertTrue(line, "the program has ended")
            record = json.loads(line)
            if "error" not in record:
                return record["file"]

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
        # Another way to the same folder is none of its own, though its name comes first.
        (self.folder / "in/again").symlink_to(self.folder / "elsewhere")
        self.picture("in/known.png")
        self.assertEqual(self.next_name(process), "in/known.png")
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
