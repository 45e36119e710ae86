# SPDX-License-Identifier: Apache-2.0
"""Others may write into the folders of a run: they plant links and pipes, and replace pictures while they are read."""

import fcntl
import json
import os
import pathlib
import socket
import subprocess
import unittest

from cli_case import DETECT, PATIENCE, TINY_MODEL, make_video
from fault_case import ALL, COLLECTED, FaultCase


class Planted(FaultCase):
    """Somebody else may write into the folder of the results."""

    def setUp(self):
        super().setUp()
        self.picture("a.png")
        (self.folder / "victim").write_text("as it was")

    def test_nothing_is_written_through_a_link_under_the_temporary_name(self):
        for option, name in COLLECTED.items():
            part = self.folder / (name + ".part")
            for make in (lambda: part.symlink_to("victim"), lambda: part.symlink_to("nowhere"), lambda: os.mkfifo(part),
                         part.mkdir):
                make()
                for more in ([], ["--resume"], ["--overwrite"]):
                    result = self.run_detect("a.png", "--no-draw", option, name, *more, exit_code=1)
                    self.assertEqual(result.stderr, f"detect: {name}.part: is no file that 'detect' left: remove it, or "
                                                    "give another file\n")
                part.rmdir() if part.is_dir() and not part.is_symlink() else part.unlink()
            # A second name of another's file: what is in it is not ours to add to, and it is not written.
            os.link(self.folder / "victim", part)
            self.run_detect("a.png", "--no-draw", option, name, "--overwrite")
            self.assertEqual((self.folder / "victim").read_text(), "as it was")
        self.assertEqual(self.files(), sorted(["a.png", "victim", *COLLECTED.values()]))

    def test_what_killed_runs_left_is_removed_and_what_others_hold_or_made_stays(self):
        """Where a file system has files without names, a kill seldom leaves one: here they are put there."""
        self.picture("in/a.png")
        self.run_detect("in", *ALL)
        names = [*COLLECTED.values(), "yolo/a.txt", "yolo/classes.txt", "voc/a.xml", "crops/first/a-1.png",
                 "crops/second/a-2.png", "drawn/a.png"]
        left = [self.folder / f"{name}.partial-0123456789abcdef" for name in names]
        others = [self.folder / "drawn/a.png.partial-12", self.folder / "drawn/b.partial-0123456789abcdef.png"]
        held = self.folder / "drawn/a.png.partial-fedcba9876543210"
        for path in [*left, *others, held]:
            path.write_text("half")
        (self.folder / "drawn/.clip.mp4.partial-0123456789abcdef").mkdir()
        (self.folder / "drawn/.clip.mp4.partial-0123456789abcdef/video.mp4").write_text("half")
        # Also where there is nothing to do.
        with open(held) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.assertIn("0 pictures, 1 done before", self.run_detect("in", *ALL, "--resume").stderr)
            self.assertEqual(sorted(path for path in self.folder.rglob("*") if ".partial-" in str(path)),
                             sorted([*others, held]))
        self.run_detect("in", *ALL, "--overwrite")
        self.assertEqual(sorted(path for path in self.folder.rglob("*") if ".partial-" in str(path)), sorted(others))

    def test_what_a_killed_export_or_eval_left_is_removed(self):
        for name, command in (("model.onnx", ["export", "--image", "a.png", "-o", "model.onnx", "--min-size", "32"]),
                              ("model.report.json", ["export", "--image", "a.png", "-o", "model.onnx", "--min-size", "32"]),
                              ("f.json", ["check", TINY_MODEL, "--json", "f.json"])):
            left = self.folder / f"{name}.partial-0123456789abcdef"
            left.write_text("half")
            subprocess.run([DETECT, *command], cwd=self.folder, capture_output=True, timeout=PATIENCE)
            self.assertFalse(left.exists(), name)

    def test_a_link_under_the_name_of_any_result_is_followed(self):
        """One rule: a link stays one, and the file that it leads to is replaced as a whole."""
        (self.folder / "there").mkdir()
        outputs = {"f.json": ["--json", "f.json", "--no-draw"], "f.csv": ["--csv", "f.csv", "--no-draw"],
                   "f.jsonl": ["--jsonl", "f.jsonl", "--no-draw"], "f.coco": ["--coco", "f.coco", "--no-draw"],
                   "yolo/a.txt": ["--yolo", "yolo", "--no-draw"], "voc/a.xml": ["--voc", "voc", "--no-draw"],
                   "crops/first/a-1.png": ["--crops", "crops", "--no-draw"], "drawn.png": ["-o", "drawn.png"]}
        make_video(self.folder / "clip.avi", (64, 48), 3)
        for number, (name, options) in enumerate((outputs | {"drawn.avi": ["-o", "drawn.avi"]}).items()):
            with self.subTest(name):
                link = self.folder / name
                link.parent.mkdir(parents=True, exist_ok=True)
                target = self.folder / "there" / f"{number}"
                link.symlink_to(target)
                self.run_detect("clip.avi" if name == "drawn.avi" else "a.png", *options)
                self.assertTrue(link.is_symlink())
                self.assertGreater(target.stat().st_size, 0)
        self.check_nothing_is_left()


class Inputs(FaultCase):
    """Nothing is waited for, whatever stands in the place of a file."""

    def setUp(self):
        super().setUp()
        self.picture("a.png")
        os.mkfifo(self.folder / "pipe")
        self.socket = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.socket.close)
        here = os.getcwd()
        os.chdir(self.folder)  # the name of a socket must be short
        self.socket.bind("socket")
        os.chdir(here)

    def refused(self, *command, exit_code=3):
        result = subprocess.run([DETECT, *command], cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(result.returncode, exit_code, result.stderr)
        return result.stderr

    def test_pipes_sockets_and_devices(self):
        run = ["run", "a.png", "--no-draw", "--model", TINY_MODEL]
        for name, what in (("pipe", "is a pipe"), ("socket", "is a socket"), ("/dev/zero", "is a device"), (".", "is a folder")):
            with self.subTest(name):
                if name != ".":
                    self.assertIn(what, self.refused("run", name, "--no-draw", "--model", TINY_MODEL))
                self.assertIn(what, self.refused("run", "--list", name, "--no-draw", "--model", TINY_MODEL))
                self.assertIn(what, self.refused(*run, "--mask", name))
                self.assertIn(what, self.refused(*run, "--labels", name))
                self.assertIn(what, self.refused("export", "--image", name))
                self.refused(*run, "--coco", "f.coco", "--annotations", name)
                self.refused(*run, "--score-file", name)
                self.refused("eval", "--annotations", name, "--detections", "a.png")
                self.refused("run", "a.png", "--no-draw", "--model", name)
                self.refused("export", "--image", "a.png", "--weights", name)
                self.refused("export", "--image", "a.png", "--settings-from", name)
                self.refused("info", name)
                self.refused("check", name)

    def test_paths_from_a_pipe_are_standard_input(self):
        self.assertIn("give the paths on standard input, and - as the picture",
                      self.refused("run", "--list", "pipe", "--no-draw", "--model", TINY_MODEL))

    def test_pictures_that_others_replace_between_the_list_and_the_look(self):
        names = ["pipe", "folder", "socket", "gone", "cut", "link", "sound"]
        early = [f"{i:03}" for i in range(200)]
        for name in early + [f"z_{name}" for name in names]:
            self.picture(f"in/{name}.png", (300, 200))
        place = self.folder / "in"
        # The folder has been listed when the first line comes, and the run waits as long as nobody reads on.
        process = self.start_detect("in", "--no-draw", "--jsonl", "-", "--quiet", pipesize=4096)
        first = process.stdout.readline()
        for name in names[:-1]:
            os.remove(place / f"z_{name}.png")
        os.mkfifo(place / "z_pipe.png")
        os.mkdir(place / "z_folder.png")
        os.rename(self.folder / "socket", place / "z_socket.png")
        (place / "z_link.png").symlink_to("/dev/zero")
        (place / "z_cut.png").write_bytes((place / "z_sound.png").read_bytes()[:-30])
        output = process.stdout.read()
        self.assertEqual(process.wait(timeout=PATIENCE), 5, output)
        lines = [json.loads(line) for line in (first + output).splitlines()]
        judged = {pathlib.Path(line["file"]).stem: (line.get("error") or {}).get("message") for line in lines}
        self.assertEqual(sorted(judged), sorted(early + [f"z_{name}" for name in names]))
        self.assertEqual([name for name, error in judged.items() if error is None], [*early, "z_sound"])
        for name, what in (("pipe", "is a pipe"), ("folder", "is a folder"), ("socket", "is a socket"),
                           ("gone", "no such file"), ("link", "is a device")):
            self.assertIn(what, judged[f"z_{name}"])


if __name__ == "__main__":
    unittest.main()
