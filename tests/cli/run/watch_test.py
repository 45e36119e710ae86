# SPDX-License-Identifier: Apache-2.0
"""detect run --watch: every picture once, when it is complete."""

import collections
import ctypes
import json
import os
import shutil
import time
import unittest

from cli_case import CliCase


class Watch(CliCase):
    def setUp(self):
        super().setUp()
        (self.folder / "in").mkdir()

    def start(self, *arguments):
        return self.start_detect("--watch", "in", "--no-draw", "--jsonl", "-", *arguments)

    def next_name(self, process):
        """Waits for the next picture that has been looked at."""
        line = process.stdout.readline()
        self.assertTrue(line, "the program has ended")
        return json.loads(line)["file"]

    def left_over(self, process):
        """Ctrl-C; what else has been looked at."""
        return [json.loads(line)["file"] for line in self.interrupt(process)[0].splitlines()]

    def test_what_is_there_and_what_comes(self):
        self.picture("in/b.png")
        self.picture("in/a.png")
        time.sleep(0.05)  # what was written a moment ago is looked at again first
        process = self.start()
        self.assertEqual([self.next_name(process) for _ in range(2)], ["in/a.png", "in/b.png"])
        self.picture("in/c.png")
        self.assertEqual(self.next_name(process), "in/c.png")
        (self.folder / "in/notes.txt").write_text("no picture")
        self.picture("in/.hidden.png")
        self.picture("in/below/d.png")
        self.picture("in/e.jpg")
        self.assertEqual(self.next_name(process), "in/e.jpg")
        self.assertEqual(self.left_over(process), [])

    def test_a_picture_is_taken_when_its_writer_has_finished(self):
        whole = self.picture("whole.png").read_bytes()
        process = self.start()
        self.picture("in/first.png")
        self.assertEqual(self.next_name(process), "in/first.png")
        with open(self.folder / "in/slow.png", "wb") as slow:
            slow.write(whole[:40])
            slow.flush()
            self.picture("in/second.png")
            self.assertEqual(self.next_name(process), "in/second.png")
            slow.write(whole[40:])
        self.assertEqual(self.next_name(process), "in/slow.png")
        self.assertEqual(self.left_over(process), [])

    def test_one_that_is_being_written_when_it_starts(self):
        whole = self.picture("whole.png").read_bytes()
        self.picture("in/a.png")
        with open(self.folder / "in/slow.png", "wb") as slow:
            slow.write(whole[:40])
            slow.flush()
            process = self.start()
            self.assertEqual(self.next_name(process), "in/a.png")
            self.picture("in/b.png")
            self.assertEqual(self.next_name(process), "in/b.png")
            slow.write(whole[40:])
        self.assertEqual(self.next_name(process), "in/slow.png")
        self.assertEqual(self.left_over(process), [])

    def test_one_that_is_moved_there_under_its_name(self):
        process = self.start()
        self.picture("a.png").rename(self.folder / "in/a.png")
        self.assertEqual(self.next_name(process), "in/a.png")
        shutil.copy(self.folder / "in/a.png", self.folder / "in/b.png.tmp")
        (self.folder / "in/b.png.tmp").rename(self.folder / "in/b.png")
        self.assertEqual(self.next_name(process), "in/b.png")
        self.assertEqual(self.left_over(process), [])

    def test_one_that_is_linked_there(self):
        elsewhere = self.picture("elsewhere/a.png")
        process = self.start()
        os.link(elsewhere, self.folder / "in/hard.png")
        self.assertEqual(self.next_name(process), "in/hard.png")
        os.symlink(elsewhere, self.folder / "in/soft.png")
        self.assertEqual(self.next_name(process), "in/soft.png")
        # Written without a name, which it gets when it is whole.
        nameless = os.open(self.folder / "in", os.O_TMPFILE | os.O_WRONLY)
        os.write(nameless, elsewhere.read_bytes())
        here, follow = -100, 0x400  # AT_FDCWD, AT_SYMLINK_FOLLOW, which os.link does not pass on
        names = f"/proc/self/fd/{nameless}".encode(), os.fsencode(self.folder / "in/named.png")
        self.assertEqual(ctypes.CDLL(None).linkat(here, names[0], here, names[1], follow), 0)
        os.close(nameless)
        self.assertEqual(self.next_name(process), "in/named.png")
        self.assertEqual(self.left_over(process), [])

    def test_one_that_is_written_anew_is_looked_at_anew(self):
        process = self.start()
        for width in (20, 30):
            self.picture("in/a.png", (width, 10))
            self.assertEqual(json.loads(process.stdout.readline())["width"], width)
        # Opened for writing and closed, but not changed.
        with open(self.folder / "in/a.png", "ab"):
            pass
        self.picture("in/b.png")
        self.assertEqual(self.next_name(process), "in/b.png")
        self.assertEqual(self.left_over(process), [])

    def test_folders_that_come_later(self):
        self.picture("in/x/a.png")
        process = self.start("--recursive")
        self.assertEqual(self.next_name(process), "in/x/a.png")
        self.picture("in/y/z/b.png")
        self.assertEqual(self.next_name(process), "in/y/z/b.png")
        self.picture("elsewhere/w/c.png")
        (self.folder / "elsewhere").rename(self.folder / "in/elsewhere")
        self.assertEqual(self.next_name(process), "in/elsewhere/w/c.png")
        self.assertEqual(self.left_over(process), [])

    def test_many_at_once_while_it_starts(self):
        process = self.start()
        names = [f"in/{i:03}.png" for i in range(300)]
        for name in names:
            self.picture(name)
        found = collections.Counter(self.next_name(process) for _ in names)
        found.update(self.left_over(process))
        self.assertEqual(found, collections.Counter(names))

    def test_a_broken_picture_does_not_end_it(self):
        process = self.start()
        (self.folder / "in/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        # Which of two comes first is nobody's promise.
        self.assertTrue(process.stderr.readline().startswith("detect: in/broken.png: "))
        self.picture("in/a.png")
        self.assertEqual([self.next_name(process) for _ in range(2)], ["in/broken.png", "in/a.png"])
        output, errors = self.interrupt(process)
        self.assertEqual(output, "")
        self.assertNotIn("detect: in/broken.png: ", errors)
        self.assertIn("1 pictures, 1 not judged", errors)

    def test_results_are_whole_after_ctrl_c_and_go_on_with_resume(self):
        arguments = ("--watch", "in", "-o", "drawn", "--json", "f.json", "--csv", "f.csv", "--resume")
        self.picture("in/a.png")
        process = self.start_detect(*arguments)
        self.wait_for(lambda: (self.folder / "drawn/a.png").exists(), "a.png")
        self.wait_for(lambda: (self.folder / "f.csv.part").exists(), "f.csv.part")
        self.interrupt(process)
        self.picture("in/b.png")
        process = self.start_detect(*arguments)
        self.wait_for(lambda: (self.folder / "drawn/b.png").exists(), "b.png")
        _, errors = self.interrupt(process)
        self.assertNotIn("wrote drawn/a.png", errors)
        images = json.loads((self.folder / "f.json").read_text())["images"]
        self.assertEqual([image["file"] for image in images], ["in/a.png", "in/b.png"])
        self.assertEqual(self.files("drawn"), ["a.png", "b.png"])

    def test_it_does_not_watch_what_it_writes(self):
        for arguments in (("-o", "in"), ("-o", "in/drawn", "--recursive"), ("--no-draw", "--crops", "in/c", "--recursive")):
            result = self.run_detect("--watch", "in", *arguments, exit_code=2)
            self.assertIn("is watched", result.stderr)
        for arguments in ((), ("-o", "new"), ("-o", "new/drawn"), ("--no-draw", "--crops", "new")):
            result = self.run_detect("--watch", ".", "--recursive", *arguments, exit_code=2)
            self.assertIn("is watched", result.stderr)

    def test_the_folder_is_missing_or_goes_away(self):
        self.run_detect("--watch", "missing", "--no-draw", exit_code=3)
        self.picture("in/a.png")
        process = self.start()
        self.assertEqual(self.next_name(process), "in/a.png")
        shutil.rmtree(self.folder / "in")
        _, errors = process.communicate()
        self.assertEqual(process.returncode, 5)
        self.assertIn("detect: in: the folder that is watched is gone\n", errors)


if __name__ == "__main__":
    unittest.main()
