# SPDX-License-Identifier: Apache-2.0
"""detect run: where drawings go that nobody gave a place, and that they, and models, are not taken for pictures."""

import json
import os
import subprocess
import unittest

from cli_case import DETECT, PATIENCE, TINY_MODEL, CliCase, make_video


class Places(CliCase):
    def setUp(self):
        super().setUp()
        self.picture("in/a.png")
        self.picture("in/b.png")

    def test_one_picture_or_video_is_drawn_here(self):
        make_video(self.folder / "clip.avi", (64, 48), 2)
        self.run_detect("in/a.png")
        self.run_detect("clip.avi")
        self.assertEqual(self.files(), ["a_detections.png", "clip.avi", "clip_detections.mp4", "in/a.png", "in/b.png"])

    def test_several_go_to_a_new_folder_for_each_run(self):
        for number, arguments in enumerate((["in/a.png", "in/b.png"], ["in"], ["in/*.png"]), 1):
            result = self.run_detect(*arguments)
            self.assertIn(f"drew into detections/run{number}\n", result.stderr)
            self.assertEqual(self.files(f"detections/run{number}"), ["a.png", "b.png"])
        self.assertEqual(sorted(os.listdir(self.folder)), ["detections", "in"])

    def test_resume_asks_for_a_folder(self):
        result = self.run_detect("in", "--resume", exit_code=2)
        self.assertIn("--resume needs -o DIR or --no-draw here", result.stderr)

    def test_a_run_that_cannot_begin_leaves_no_folder(self):
        self.run_detect("in", "--class", "none", exit_code=2)
        self.assertEqual(sorted(os.listdir(self.folder)), ["in"])


class OwnPictures(CliCase):
    def setUp(self):
        super().setUp()
        self.picture("a.png")
        self.picture("b.png")

    def test_a_folder_twice(self):
        for _ in range(2):
            self.run_detect(".", "--recursive", "--jsonl", "f.jsonl", "--overwrite")
            files = [json.loads(line)["file"] for line in (self.folder / "f.jsonl").read_text().splitlines()]
            self.assertEqual(files, ["./a.png", "./b.png"])

    def test_drawn_into_the_folder_itself(self):
        self.run_detect("a.png", "-o", "a_drawn.png")
        self.run_detect("a.png", "-o", "a_drawn.jpg")
        self.run_detect("a.png", "--no-draw", "--crops", ".")
        result = self.run_detect(".", "--recursive", "--no-draw", "--jsonl", "f.jsonl")
        files = [json.loads(line)["file"] for line in (self.folder / "f.jsonl").read_text().splitlines()]
        self.assertEqual(files, ["./a.png", "./b.png"])
        self.assertIn("left out: 4 pictures that 'detect run' made, such as ./a_drawn.jpg", result.stderr)

    def test_named_they_are_looked_at_with_a_warning(self):
        self.run_detect("a.png", "-o", "drawn.png")
        self.run_detect("drawn.png", "--no-draw", "--json", "f.json")
        (record,) = json.loads((self.folder / "f.json").read_text())["images"]
        self.assertEqual([warning["code"] for warning in record["warnings"]], ["own_output"])
        self.assertEqual(len(record["detections"]), 2)
        self.run_detect("drawn.png", "--no-draw", "--strict", exit_code=5)

    def test_videos_are_known_as_well_and_still_play(self):
        make_video(self.folder / "clip.avi", (64, 48), 3)
        for ending in ("mp4", "avi", "mkv"):
            self.run_detect("clip.avi", "-o", f"drawn.{ending}")
            result = self.run_detect(f"drawn.{ending}", "--no-draw", "--jsonl", "-")
            records = [json.loads(line) for line in result.stdout.splitlines()]
            self.assertEqual(len(records), 3, ending)
            self.assertEqual([warning["code"] for warning in records[0]["warnings"]], ["own_output"], ending)


class WrongModels(CliCase):
    def detect(self, *arguments):
        return subprocess.run([DETECT, "run", *arguments], cwd=self.folder, capture_output=True, text=True,
                              timeout=PATIENCE)

    def test_a_model_among_the_pictures_is_no_picture(self):
        self.picture("a.png")
        (self.folder / "best.pth").write_bytes(b"PK\x03\x04 and so on")
        (self.folder / "best.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
        os.symlink(TINY_MODEL, self.folder / "best.onnx")
        for name in ("best.pth", "best.safetensors", "best.onnx"):
            result = self.detect(name, "a.png")
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertEqual(result.stderr, f"detect: {name}: is a model, not a picture; give it with --model {name}\n")
        self.assertEqual(sorted(os.listdir(self.folder)), ["a.png", "best.onnx", "best.pth", "best.safetensors"])

    def test_somebody_elses_export_names_what_helps(self):
        self.picture("a.png")
        (self.folder / "other.onnx").write_bytes(open("/usr/share/libonnx-testdata/data/node/test_add/model.onnx", "rb").read()
                                                 if os.path.exists("/usr/share/libonnx-testdata/data/node/test_add/model.onnx")
                                                 else self.skipTest("libonnx-testdata is not installed"))
        result = self.detect("a.png", "--model", "other.onnx")
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertIn("'detect check other.onnx' says more, and 'detect export' makes a file that works", result.stderr)


if __name__ == "__main__":
    unittest.main()
