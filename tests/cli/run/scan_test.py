# SPDX-License-Identifier: Apache-2.0
"""detect run --tile on a large scan assembled from boards, against what the boards give one by one.

DETECT_SCAN_BOARDS: boards per side (default 4; 25 makes a scan of 16000x16000 pixels, and takes minutes).
"""

import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

from PIL import Image

from cli_case import DETECT, CliCase

SHARED = pathlib.Path(os.environ.get("DETECT_SHARED_DIR", ""))
BUNDLED = pathlib.Path(__file__).resolve().parents[3] / "samples/model/circuit_board.safetensors"
SIDE = 640
BOARDS = int(os.environ.get("DETECT_SCAN_BOARDS", "4"))
Image.MAX_IMAGE_PIXELS = None


def iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    return width * height / (area(a) + area(b) - width * height)


class Scan(CliCase):
    @classmethod
    def setUpClass(cls):
        pictures = json.loads((SHARED / "deeppcb/test.json").read_text())["images"]
        cls.names = [SHARED / "deeppcb/images" / picture["file_name"] for picture in pictures]

    def board(self, index):
        return self.names[index % len(self.names)]

    def run_model(self, *arguments):
        """Images of the JSON, the most memory that was resident, in bytes, and the seconds it took."""
        # Seams are looked for among faint detections, too.
        begin = time.monotonic()
        process = subprocess.Popen([DETECT, "run", *map(str, arguments), "--model", BUNDLED, "--no-draw", "--quiet",
                                    "--score", "0.3", "--json", "found.json", "--overwrite"], cwd=self.folder)
        peak = 0
        while process.poll() is None:
            try:
                status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                continue
            for line in status.splitlines():
                if line.startswith("VmHWM:"):
                    peak = int(line.split()[1]) * 1024
            time.sleep(0.02)
        self.assertEqual(process.returncode, 0)
        return json.loads((self.folder / "found.json").read_text())["images"], peak, time.monotonic() - begin

    def scan(self, boards, border=0):
        """A picture of boards × boards, and a white border on the right and at the bottom."""
        scan = Image.new("L", (boards * SIDE + border, boards * SIDE + border), 255)
        for index in range(boards * boards):
            with Image.open(self.board(index)) as board:
                scan.paste(board.convert("L"), (index % boards * SIDE, index // boards * SIDE))
        scan.save(self.folder / f"scan{boards}.png", compress_level=1)
        return f"scan{boards}.png"

    def singles(self, boards):
        """What the boards give one by one, in pixels of the scan."""
        (self.folder / "list.txt").write_text("\n".join(str(self.board(i)) for i in range(boards * boards)))
        images, _, seconds = self.run_model("--list", "list.txt")
        found = []
        for index, image in enumerate(images):
            x, y = index % boards * SIDE, index // boards * SIDE
            for d in image["detections"]:
                b = d["box"]
                found.append({**d, "box": [b[0] + x, b[1] + y, b[2] + x, b[3] + y]})
        return found, seconds

    def partner(self, detection, others):
        """The best IoU with a detection of the same class."""
        return max((iou(detection["box"], other["box"]) for other in others if other["label"] == detection["label"]), default=0.0)

    def inside_a_board(self, detection, margin):
        return all(margin <= value % SIDE <= SIDE - margin for value in detection["box"])

    def assert_no_doubles(self, found):
        # The model itself leaves none of a class that overlap by more than half.
        doubles = [(a["box"], b["box"]) for i, a in enumerate(found) for b in found[i + 1:]
                   if a["label"] == b["label"] and iou(a["box"], b["box"]) > 0.5]
        self.assertEqual(doubles, [])

    def test_tiles_that_are_the_boards_give_what_the_boards_give(self):
        images, _, _ = self.run_model(self.scan(3), "--tile", SIDE, "--overlap", 0)
        singles, _ = self.singles(3)
        tiled = images[0]["detections"]
        # Objects that the tiles' borders cut are joined; the others are the same to the last bit but of the offset.
        for these, those in ((singles, tiled), (tiled, singles)):
            inner = [d for d in these if self.inside_a_board(d, 4)]
            self.assertGreater(len(inner), 40)
            for d in inner:
                self.assertGreater(self.partner(d, those), 0.999, d)

    def test_boards_of_a_panel_give_what_they_give_alone(self):
        singles, single_seconds = self.singles(BOARDS)
        scan = self.scan(BOARDS)
        for overlap in (0.15, 0.2):
            images, peak, seconds = self.run_model(scan, "--tile", SIDE, "--overlap", overlap)
            tiled = images[0]["detections"]
            # Where boards meet, the scan shows what no single picture does.
            inner = [d for d in singles if self.inside_a_board(d, 32)]
            overlaps = sorted(self.partner(d, tiled) for d in inner)
            print(f"overlap {overlap}: {len(singles)} detections on boards, {len(tiled)} on the panel; of {len(inner)} away from "
                  f"seams {sum(value >= 0.9 for value in overlaps)} at IoU >= 0.9, worst {overlaps[0]:.4f}; "
                  f"peak {peak / 1e6:.0f} MB; {single_seconds:.1f} s for boards, {seconds:.1f} s for the panel", file=sys.stderr)
            self.assertGreater(len(inner), 4 * BOARDS * BOARDS)
            # The same to the last bit but of the offset.
            self.assertGreater(overlaps[0], 0.999)
            for d in tiled:
                if self.inside_a_board(d, 48):
                    self.assertGreater(self.partner(d, singles), 0.999, d)
            self.assert_no_doubles(tiled)

    def test_overlapping_tiles_give_what_the_boards_give(self):
        singles, single_seconds = self.singles(BOARDS)
        # With the border it is not a whole number of tiles.
        images, peak, seconds = self.run_model(self.scan(BOARDS, border=20), "--tile", SIDE)
        tiled = images[0]["detections"]
        # A tile's surroundings move scores and boxes a little, as squeeze-and-excitation averages over all of them: the
        # few below 0.9 are there however far from a seam they are seen. Tiles off the network's grid move a third of all
        # boxes by more.
        sure = [d for d in singles if d["score"] >= 0.5 and self.inside_a_board(d, 32)]
        overlaps = sorted(self.partner(d, tiled) for d in sure)
        close = sum(overlap >= 0.9 for overlap in overlaps)
        print(f"overlapping: {len(singles)} detections on boards, {len(tiled)} on the scan; of {len(sure)} sure ones {close} at "
              f"IoU >= 0.9, {sum(overlap >= 0.7 for overlap in overlaps)} at 0.7; peak {peak / 1e6:.0f} MB; "
              f"{single_seconds:.1f} s for boards, {seconds:.1f} s for the scan", file=sys.stderr)
        self.assertGreater(len(sure), 4 * BOARDS * BOARDS)
        self.assertGreaterEqual(close, 0.95 * len(sure))
        self.assertGreaterEqual(sum(overlap >= 0.7 for overlap in overlaps), 0.99 * len(sure))
        sure_tiled = [d for d in tiled if d["score"] >= 0.5 and self.inside_a_board(d, 32)]
        self.assertGreaterEqual(sum(self.partner(d, singles) >= 0.5 for d in sure_tiled), 0.98 * len(sure_tiled))
        self.assert_no_doubles(tiled)

    def test_nothing_is_reported_twice_across_seams(self):
        # With tiles half as far apart, or strips half as wide as a tile, most is seen by two to four of them.
        for merge, border in (("ios", 0), ("nms", 0), ("ios", 20), ("nms", 20)):
            images, _, _ = self.run_model(self.scan(2, border), "--tile", SIDE, "--overlap", 0.5, "--merge", merge)
            found = images[0]["detections"]
            self.assertGreater(len(found), 20)
            self.assert_no_doubles(found)

    def test_memory_does_not_grow_with_the_picture(self):
        small, large = (self.run_model(self.scan(boards), "--tile", SIDE)[1] for boards in (4, 8))
        # The picture itself, once as a file and once decoded. Buffers come in sizes that depend on what is seen: after
        # 25 tiles most have been met.
        picture = 2 * (8 * 8 - 4 * 4) * SIDE * SIDE
        self.assertLess(large, 1.25 * small + picture, f"{small / 1e6} MB, {large / 1e6} MB")


if __name__ == "__main__":
    if not (SHARED / "deeppcb/test.json").exists():
        print("needs deeppcb/: set DETECT_SHARED_DIR")
        sys.exit(77)
    unittest.main()
