# SPDX-License-Identifier: Apache-2.0
"""detect run: which detections count."""

import json
import unittest

from PIL import Image

from cli_case import CliCase


class Filters(CliCase):
    """Centres: "first" at (2, 3), "second" at (4, 4)."""

    def setUp(self):
        super().setUp()
        self.picture("a.png", (20, 10))

    def found(self, *options, exit_code=0):
        result = self.run_detect("a.png", "--no-draw", "--json", "-", *options, exit_code=exit_code)
        return [detection["label"] for detection in json.loads(result.stdout)["images"][0]["detections"]]

    def mask(self, white, size=(20, 10)):
        picture = Image.new("L", size)
        for point in white:
            picture.putpixel(point, 255)
        picture.save(self.folder / "mask.png")
        return "mask.png"

    def test_classes_by_name_or_number(self):
        self.assertEqual(self.found("--class", "second"), ["second"])
        self.assertEqual(self.found("--class", "1"), ["first"])
        self.assertEqual(self.found("--class", "first", "--class", "second"), ["first", "second"])
        self.assertEqual(self.found("--class", "first,2"), ["first", "second"])
        for wrong in ("third", "0", "3", "-1"):
            result = self.run_detect("a.png", "--no-draw", f"--class={wrong}", exit_code=2)
            self.assertIn(f"--class {wrong}: the model has no such class; its classes are first, second", result.stderr)

    def test_a_class_leaves_the_pictures_to_others(self):
        self.picture("b.png")
        result = self.run_detect("--class", "first", "a.png", "b.png", "--no-draw", "--json", "-")
        self.assertEqual(len(json.loads(result.stdout)["images"]), 2)

    def test_the_best_few(self):
        self.assertEqual(self.found("--max-detections", "1"), ["first"])
        self.assertEqual(self.found("--max-detections", "1", "--class", "second"), ["second"])
        self.assertEqual(self.found("--max-detections", "5"), ["first", "second"])

    def test_regions(self):
        self.assertEqual(self.found("--roi", "0,0,20,10"), ["first", "second"])
        self.assertEqual(self.found("--roi", "2,3,1,1"), ["first"])
        self.assertEqual(self.found("--roi", "3,3,2,2"), ["second"])
        self.assertEqual(self.found("--roi", "10,0,5,5"), [])
        self.assertEqual(self.found("--roi", "2,3,1,1", "--roi", "4,4,1,1"), ["first", "second"])
        for wrong in ("1,2,3", "1,2,3,4,5", "0,0,0,5", "a,0,1,1", "-1,0,5,5", "1,,2,3"):
            self.assertIn("--roi", self.run_detect("a.png", "--no-draw", f"--roi={wrong}", exit_code=2).stderr)

    def test_a_mask(self):
        self.assertEqual(self.found("--mask", self.mask([(2, 3)])), ["first"])
        self.assertEqual(self.found("--mask", self.mask([(4, 4)])), ["second"])
        self.assertEqual(self.found("--mask", self.mask([])), [])
        # The faintest of 16 bits is not black.
        faint = Image.new("I;16", (20, 10))
        faint.putpixel((4, 4), 1)
        faint.save(self.folder / "faint.png")
        self.assertEqual(self.found("--mask", "faint.png"), ["second"])
        result = self.run_detect("a.png", "--no-draw", "--mask", self.mask([], (10, 10)), exit_code=3)
        self.assertEqual(result.stderr, "detect: a.png: the mask is 10x10 pixels, the picture 20x10; they must be of one size\n")
        self.run_detect("a.png", "--no-draw", "--mask", "missing.png", exit_code=3)

    def test_go_and_no_go(self):
        self.found("--fail-on-detect", exit_code=10)
        self.found("--fail-on-detect=second", exit_code=10)
        self.found("--fail-on-detect=first,second", exit_code=10)
        self.found("--fail-on-detect", "--score", "1")
        self.found("--fail-on-detect=second", "--class", "first")
        self.found("--fail-on-detect=second", "--score", "0.7")
        # It takes no word of the line that follows.
        self.run_detect("--fail-on-detect", "a.png", "--no-draw", exit_code=10)
        self.assertIn("--fail-on-detect third", self.run_detect("a.png", "--fail-on-detect=third", exit_code=2).stderr)

    def test_a_detection_says_more_than_an_unreadable_picture(self):
        self.run_detect("a.png", "missing.png", "--no-draw", "--fail-on-detect", exit_code=10)
        self.run_detect("a.png", "missing.png", "--no-draw", "--fail-on-detect", "--score", "1", exit_code=5)
        self.run_detect("missing.png", "--no-draw", "--fail-on-detect", exit_code=3)

    def test_tiles_are_checked(self):
        for wrong in (("--tile", "10"), ("--overlap", "0.5"), ("--merge", "nms"), ("--tile", "64", "--overlap", "1")):
            self.run_detect("a.png", "--no-draw", *wrong, exit_code=2)

    def test_tiles_cover_the_picture(self):
        self.picture("large.png", (200, 100))
        result = self.run_detect("large.png", "--no-draw", "--json", "-", "--tile", "100", "--overlap", "0")
        boxes = [d["box"] for d in json.loads(result.stdout)["images"][0]["detections"]]
        self.assertEqual(sorted(boxes), [[0, 0, 8, 8], [1, 2, 3, 4], [100, 0, 108, 8], [101, 2, 103, 4]])


if __name__ == "__main__":
    unittest.main()
