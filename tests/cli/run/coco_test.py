# SPDX-License-Identifier: Apache-2.0
"""--coco against what pycocotools asks of results (COCO.loadRes, COCOeval), rule by rule, and against the evaluation.

pycocotools itself is in no Debian release. `detect eval` is held to figures that it printed (tests/evaluation), so what
`detect eval` makes of the results of `detect run` is what pycocotools would.
"""

import json
import math
import os
import pathlib
import subprocess
import sys
import unittest

from cli_case import DETECT, PATIENCE, CliCase

SHARED = pathlib.Path(os.environ.get("DETECT_SHARED_DIR", ""))
WEIGHTS = SHARED / "weights/deeppcb_mnv3_fpn.pth"
PICTURES = 6


def refuse(token):
    raise ValueError(f"{token} is not JSON")


class Coco(CliCase):
    def setUp(self):
        super().setUp()
        truth = json.loads((SHARED / "deeppcb/test.json").read_text())
        # Ids that are neither dense nor in order, so that a mix-up shows.
        truth["images"] = truth["images"][:PICTURES]
        image_ids = {image["id"]: 1000 - 7 * image["id"] for image in truth["images"]}
        category_ids = {category["id"]: 90 - 11 * category["id"] for category in truth["categories"]}
        truth["annotations"] = [a for a in truth["annotations"] if a["image_id"] in image_ids]
        for image in truth["images"]:
            image["id"] = image_ids[image["id"]]
        for category in truth["categories"]:
            category["id"] = category_ids[category["id"]]
        for annotation in truth["annotations"]:
            annotation["image_id"] = image_ids[annotation["image_id"]]
            annotation["category_id"] = category_ids[annotation["category_id"]]
        self.truth = truth
        (self.folder / "truth.json").write_text(json.dumps(truth))
        (self.folder / "list.txt").write_text("\n".join(str(SHARED / "deeppcb/images" / i["file_name"]) for i in truth["images"]))
        self.model = ["--model", WEIGHTS, "--labels", SHARED / "weights/labels.txt", "--min-size", 640, "--max-size", 640]

    def detect(self, *words):
        result = subprocess.run([DETECT, *map(str, words)], cwd=self.folder, capture_output=True, text=True, timeout=4 * PATIENCE)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def results(self):
        self.detect("run", "--list", "list.txt", *self.model, "--score", 0, "--no-draw", "--quiet", "--annotations", "truth.json",
                    "--coco", "results.json", "--json", "plain.json")
        return json.loads((self.folder / "results.json").read_text(encoding="utf-8"), parse_constant=refuse)

    def test_every_rule_of_load_res(self):
        results = self.results()
        self.assertIsInstance(results, list)
        self.assertGreater(len(results), 5 * PICTURES)
        sizes = {image["id"]: (image["width"], image["height"]) for image in self.truth["images"]}
        categories = {category["id"] for category in self.truth["categories"]}
        for result in results:
            # loadRes tells boxes from captions, masks and keypoints by these keys, and adds area, id and iscrowd itself.
            self.assertFalse(result.keys() & {"caption", "segmentation", "keypoints", "area", "id", "iscrowd"})
            self.assertIs(type(result["image_id"]), int)
            self.assertIs(type(result["category_id"]), int)
            self.assertIn(result["image_id"], sizes)
            self.assertIn(result["category_id"], categories)
            self.assertEqual([type(number) in (int, float) and math.isfinite(number) for number in result["bbox"]], [True] * 4)
            x, y, width, height = result["bbox"]
            self.assertGreater(min(width, height), 0)
            self.assertTrue(x >= 0 and y >= 0, result)
            for end, limit in zip((x + width, y + height), sizes[result["image_id"]]):
                self.assertLessEqual(end, limit + 1e-3)
            self.assertTrue(type(result["score"]) is float and 0 < result["score"] <= 1, result)

    def test_nothing_is_lost_or_mixed_up(self):
        results = self.results()
        name_of = {category["id"]: category["name"] for category in self.truth["categories"]}
        file_of = {image["id"]: image["file_name"] for image in self.truth["images"]}
        found = sorted((file_of[r["image_id"]], name_of[r["category_id"]], round(r["score"], 5), *(round(v, 2) for v in r["bbox"]))
                       for r in results)
        plain = json.loads((self.folder / "plain.json").read_text())["images"]
        wanted = sorted((pathlib.Path(image["file"]).name, d["label"], round(d["score"], 5), round(d["box"][0], 2), round(d["box"][1], 2),
                         round(d["box"][2] - d["box"][0], 2), round(d["box"][3] - d["box"][1], 2))
                        for image in plain for d in image["detections"])
        self.assertEqual(len(found), len(wanted))
        for one, other in zip(found, wanted):
            self.assertEqual(one[:2], other[:2])
            for a, b in zip(one[2:], other[2:]):
                self.assertAlmostEqual(a, b, delta=0.011)

    def test_the_evaluation_makes_of_them_what_it_makes_of_the_model(self):
        self.results()
        (self.folder / "pictures").mkdir()
        for image in self.truth["images"]:
            (self.folder / "pictures" / image["file_name"]).symlink_to(SHARED / "deeppcb/images" / image["file_name"])
        self.detect("eval", "--detections", "results.json", "--annotations", "truth.json", "--json", "of_results.json")
        self.detect("eval", "--images", "pictures", "--annotations", "truth.json", *self.model, "--json", "of_model.json")
        of_results, of_model = (json.loads((self.folder / f"{name}.json").read_text()) for name in ("of_results", "of_model"))
        self.assertGreater(of_model["metrics"]["AP50"], 0.2)
        for name, value in of_model["metrics"].items():
            self.assertAlmostEqual(of_results["metrics"][name], value, places=9, msg=name)


if __name__ == "__main__":
    if not WEIGHTS.exists():
        print("needs weights/ and deeppcb/: set DETECT_SHARED_DIR")
        sys.exit(77)
    unittest.main()
