# SPDX-License-Identifier: Apache-2.0
"""detect run: what could not be judged, and what is doubtful, is said, recorded and in the exit code."""

import json
import os
import pathlib
import subprocess
import unittest

import numpy
from PIL import Image

from cli_case import DETECT, PATIENCE, CliCase

SHARED = pathlib.Path(os.environ["DETECT_SHARED_DIR"])


def save_16_bits(path, largest):
    """A grey ramp from 0 to `largest`, in 16 bits."""
    ramp = numpy.linspace(0, largest, 40 * 30).astype(numpy.uint16).reshape(30, 40)
    Image.fromarray(ramp).save(path)


class Records(CliCase):
    def records(self, *arguments, exit_code=0):
        self.errors = self.run_detect(*arguments, "--no-draw", "--jsonl", "f.jsonl", "--overwrite",
                                      exit_code=exit_code).stderr
        return [json.loads(line) for line in (self.folder / "f.jsonl").read_text().splitlines()]


class Limits(Records):
    def test_pictures_of_more_pixels_than_allowed_are_not_judged(self):
        self.picture("small.png", (20, 10))
        self.picture("large.png", (20, 11))
        small, large = self.records("small.png", "large.png", "--max-pixels", 200, exit_code=5)
        self.assertNotIn("error", small)
        self.assertEqual(large["error"], {"code": "resource_limit", "message": "large.png: the picture states a size of "
                                          "20 x 11 pixels; the limit is 200 pixels"})
        self.assertIn("--max-pixels", self.run_detect("small.png", "--max-pixels", 0, exit_code=2).stderr)


class Ranges(Records):
    def test_fewer_bits_than_16_are_not_judged(self):
        for bits in (8, 10, 12, 14):
            save_16_bits(self.folder / "m.png", 2 ** bits - 3)
            (record,) = self.records("m.png", exit_code=3)
            self.assertEqual(record["error"]["code"], "range")
            self.assertIn(f"the largest value is {2 ** bits - 3} of 65535: this looks like {bits} bits in 16; "
                          f"give --bits {bits} (or 16", record["error"]["message"])
            self.assertIn("detect: m.png: the largest value", self.errors)
            self.assertEqual(record["detections"], [])

    def test_bits_that_were_said_are_used(self):
        save_16_bits(self.folder / "m.png", 4095)
        save_16_bits(self.folder / "full.png", 65535)
        (record,) = self.records("m.png", "--bits", "12")
        self.assertNotIn("error", record)
        self.assertNotIn("warnings", record)  # as dark as a ramp from black to white
        (record,) = self.records("m.png", "--bits", "16")
        self.assertEqual(len(record["detections"]), 2)
        (record,) = self.records("full.png")
        self.assertNotIn("error", record)
        (record,) = self.records("full.png", "--bits", "12", exit_code=3)
        self.assertIn("65535, which 12 bits do not hold", record["error"]["message"])
        self.picture("a.png")
        self.assertNotIn("error", self.records("a.png", "--bits", "12")[0])  # 8 bits are 8 bits

    def test_one_of_two(self):
        self.picture("a.png")
        save_16_bits(self.folder / "m.png", 1023)
        records = self.records("a.png", "m.png", exit_code=5)
        self.assertEqual(["error" in record for record in records], [False, True])
        records = self.records("a.png", "m.png", "--fail-on-detect", exit_code=10)
        self.assertEqual(["error" in record for record in records], [False, True])

    @unittest.skipUnless((SHARED / "reports/twelve-bits").is_dir(), "the shared pictures are not here")
    def test_a_board_in_12_bits_is_the_board(self):
        found = {}
        for name, options in (("m16.png", []), ("m12.png", ["--bits", "12"]), ("m12.tif", ["--bits", "12"]),
                              ("m10.png", ["--bits", "10"])):
            path = SHARED / "reports/twelve-bits" / name
            if options:
                refused = subprocess.run([DETECT, "run", path, "--no-draw", "--fail-on-detect"], capture_output=True,
                                         cwd=self.folder, text=True, timeout=PATIENCE)
                self.assertEqual(refused.returncode, 3, refused.stderr)
                self.assertIn(f"give {' '.join(options)} ", refused.stderr)
            result = subprocess.run([DETECT, "run", path, "--no-draw", "--json", "-", *options], capture_output=True,
                                    cwd=self.folder, text=True, timeout=PATIENCE)
            self.assertEqual(result.returncode, 0, result.stderr)
            found[name] = json.loads(result.stdout)["images"][0]["detections"]
        self.assertEqual(len(found["m16.png"]), 13)
        for name, detections in found.items():
            self.assertEqual(len(detections), 13, name)
            for a, b in zip(detections, found["m16.png"]):
                self.assertLess(abs(a["score"] - b["score"]), 0.05, name)


class Doubts(Records):
    def codes(self, *arguments, exit_code=0):
        return [[warning["code"] for warning in record.get("warnings", [])]
                for record in self.records(*arguments, exit_code=exit_code)]

    def test_black_white_and_flat_pictures(self):
        for name, colour in (("black", 1), ("white", 254), ("grey", 120)):
            Image.new("L", (40, 30), colour).save(self.folder / f"{name}.png")
        dark = numpy.zeros((30, 40), numpy.uint8)
        dark[0] = 60
        Image.fromarray(dark // 4).save(self.folder / "dark.png")
        Image.fromarray(255 - dark // 4).save(self.folder / "bright.png")
        self.picture("sound.png")
        self.assertEqual(self.codes("black.png", "white.png", "grey.png", "dark.png", "bright.png", "sound.png"),
                         [["flat"], ["flat"], ["flat"], ["dark"], ["bright"], []])
        self.assertIn("detect: warning: dark.png: the picture is nearly black (mean 0.002, deviation 0.011, of 0 to 1)",
                      self.errors)
        self.assertIn("6 pictures, 5 of them doubtful", self.run_detect(
            "black.png", "white.png", "grey.png", "dark.png", "bright.png", "sound.png", "--no-draw", "-v").stderr)

    def test_doubts_are_an_exit_code_when_strict(self):
        Image.new("L", (40, 30), 120).save(self.folder / "flat.png")
        self.picture("a.png")
        self.codes("a.png", "--strict")
        self.codes("a.png", "flat.png", "--strict", exit_code=5)
        self.codes("a.png", "flat.png", "--strict", "--fail-on-detect", exit_code=10)

    def test_many_doubts_are_counted(self):
        for i in range(9):
            Image.new("L", (40, 30), 120).save(self.folder / f"{i}.png")
        self.codes(*(f"{i}.png" for i in range(9)))
        self.assertEqual(self.errors.count("there is nothing to see in it"), 3)
        self.assertIn("detect: warning: the same of 6 more pictures (flat)", self.errors)


class Scale(CliCase):
    """The bundled model scales the shorter side to 1024 pixels, but the longer one to 2048 at most."""

    def test_large_pictures_name_tiles(self):
        ramp = Image.linear_gradient("L").resize((6000, 4000))
        ramp.save(self.folder / "large.png")
        command = [DETECT, "run", "large.png", "--no-draw", "--jsonl", "-"]
        result = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(result.returncode, 0, result.stderr)
        (warning,) = json.loads(result.stdout)["warnings"]
        self.assertEqual(warning["code"], "scale")
        self.assertRegex(warning["message"], r"^6000 x 4000 pixels are scaled by 0\.\d\d: objects appear \d\.\d times "
                                             r"smaller than they are and may be missed; give --tile \d+$")
        self.assertIn(warning["message"], result.stderr)
        strict = subprocess.run([*command, "--strict"], cwd=self.folder, capture_output=True, timeout=PATIENCE)
        self.assertEqual(strict.returncode, 5)

    def test_tiles_are_no_shrinking(self):
        Image.linear_gradient("L").resize((3100, 200)).save(self.folder / "long.png")
        command = [DETECT, "run", "long.png", "--no-draw", "--jsonl", "-", "--tile", "640"]
        result = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("warnings", json.loads(result.stdout))


if __name__ == "__main__":
    unittest.main()
