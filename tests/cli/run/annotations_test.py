# SPDX-License-Identifier: Apache-2.0
"""--coco with --annotations: which image of the annotations a picture is, whatever machine wrote the names."""

import json
import os
import pathlib
import subprocess
import unicodedata
import unittest

from cli_case import DETECT, PATIENCE, CliCase

REPORTS = pathlib.Path(os.environ.get("DETECT_SHARED_DIR", "")) / "reports/coco-file-names"


class Annotations(CliCase):
    def annotations(self, *names, categories=("first", "second")):
        """Ids from 100 on."""
        text = {"images": [{"id": 100 + number, "file_name": name} for number, name in enumerate(names)],
                "categories": [{"id": 7 + number, "name": name} for number, name in enumerate(categories)], "annotations": []}
        (self.folder / "truth.json").write_text(json.dumps(text))

    def coco(self, *pictures, exit_code=0):
        """What was printed on standard error, and the image ids of the results."""
        ran = self.run_detect(*pictures, "--no-draw", "--quiet", "--annotations", "truth.json", "--coco", "results.json", "--overwrite",
                              exit_code=exit_code)
        return ran.stderr, [(r["image_id"], r["file_name"]) for r in json.loads((self.folder / "results.json").read_text())]

    def test_a_name_that_is_the_end_of_the_path_needs_no_word(self):
        self.picture("photos/x/a.png")
        for name in ("a.png", "x/a.png", "photos/x/a.png"):
            self.annotations("other.png", name)
            self.assertEqual(self.coco("photos/x/a.png"), ("", [(101, "photos/x/a.png")] * 2))

    def test_names_of_other_machines(self):
        self.picture("photos/a.png")
        for name in ("photos\\a.png", "C:\\data\\a.png", "data/upload/4/a.png", "/nowhere/a.png", "..\\..\\media\\a.png"):
            self.annotations("other.png", name)
            errors, results = self.coco("photos/a.png")
            self.assertEqual(results, [(101, "photos/a.png")] * 2, name)
            self.assertIn("--coco goes by the end of the name for 1 picture of truth.json, such as "
                          f"photos/a.png for {name}", errors)
            self.assertEqual(errors.count("\n"), 1, errors)

    def test_both_normal_forms(self):
        name = "Prüfling_é_한_й_が.png"
        for form, other in (("NFC", "NFD"), ("NFD", "NFC")):
            picture = unicodedata.normalize(form, name)
            self.picture(picture)
            self.annotations(unicodedata.normalize(other, name))
            errors, results = self.coco(picture)
            self.assertEqual([image for image, _ in results], [100, 100])
            self.assertIn("goes by the end of the name for 1 picture", errors)

    def test_nothing_found_is_an_error(self):
        self.picture("a.png")
        self.picture("b.png")
        self.annotations("c.png", "d.png")
        errors, results = self.coco("a.png", "b.png", exit_code=5)
        self.assertEqual(results, [])
        self.assertIn("--coco has no results: none of the 2 pictures is found in truth.json, such as a.png", errors)

    def test_a_part_found_is_counted(self):
        self.picture("a.png")
        self.picture("b.png")
        self.annotations("b.png", "d.png")
        errors, results = self.coco("a.png", "b.png", exit_code=5)
        self.assertEqual(results, [(100, "b.png")] * 2)
        self.assertIn("--coco leaves out 1 of 2 pictures, which are not found in truth.json, such as a.png", errors)

    def test_classes_without_a_category_are_counted(self):
        self.picture("a.png")
        self.annotations("a.png", categories=("first",))
        errors, results = self.coco("a.png", exit_code=5)
        self.assertEqual(results, [(100, "a.png")])
        self.assertIn("--coco leaves out 1 detection of classes that truth.json does not have (second)", errors)

    def test_two_images_that_may_be_meant_are_named(self):
        self.picture("photos/a.png")
        self.annotations("x/a.png", "y/a.png")
        errors, results = self.coco("photos/a.png", exit_code=5)
        self.assertEqual(results, [])
        self.assertIn("such as photos/a.png, which may be x/a.png or y/a.png", errors)

    def test_two_pictures_that_may_be_one_image(self):
        for line in ("line1", "line2"):
            self.picture(f"{line}/a.png")
        self.annotations("a.png")
        errors, results = self.coco("line1/a.png", "line2/a.png", exit_code=5)
        self.assertEqual(results, [])
        self.assertIn("line1/a.png: line2/a.png may be a.png as well", errors)
        self.annotations("line2\\a.png")
        errors, results = self.coco("line1/a.png", "line2/a.png", exit_code=5)
        self.assertEqual(results, [(100, "line2/a.png")] * 2)

    def test_what_is_wrong_with_the_file(self):
        self.picture("a.png")
        cases = {'{"images": []}': 'top level: has no "categories"',
                 '{"images": [{"id": "1", "file_name": "a.png"}], "categories": []}': 'images[0].id: is the text "1"',
                 '{"images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "a.png"}], "categories": []}':
                     "images[1].file_name: a.png is also the name of image 1"}
        for text, message in cases.items():
            (self.folder / "truth.json").write_text(text)
            self.assertIn("detect: truth.json: " + message, self.refused())
        (self.folder / "truth.json").write_text('{"images": []}', encoding="utf-16")
        self.assertIn("is text in UTF-16; save it as UTF-8", self.refused())
        (self.folder / "truth.json").write_bytes(b'{"images": [{"file_name": "caf\xe9"}]}')
        self.assertIn("line 1, column 31: is not UTF-8 from here on", self.refused())

    def refused(self):
        return self.run_detect("a.png", "--no-draw", "--annotations", "truth.json", "--coco", "results.json", exit_code=3).stderr

    def test_a_byte_order_mark_is_skipped(self):
        self.picture("a.png")
        self.annotations("a.png")
        text = (self.folder / "truth.json").read_text()
        (self.folder / "truth.json").write_text(text, encoding="utf-8-sig")
        self.assertEqual(self.coco("a.png"), ("", [(100, "a.png")] * 2))

    @unittest.skipUnless(REPORTS.exists(), "needs reports/: set DETECT_SHARED_DIR")
    def test_reported_files_have_the_figures_of_the_plain_one(self):
        plain = json.loads((REPORTS / "plain.json").read_text())
        form_c = json.loads((REPORTS / "nfc.json").read_text())
        for one, other in zip(plain["images"], form_c["images"]):
            for folder, name in (("pictures", one["file_name"]), ("nfd", unicodedata.normalize("NFD", other["file_name"]))):
                (self.folder / folder).mkdir(exist_ok=True)
                (self.folder / folder / name).symlink_to(REPORTS.parents[1] / "deeppcb/images" / one["file_name"])
        wanted = self.figures("plain", "pictures")
        self.assertGreater(wanted["metrics"]["AP50"], 0.2)
        for name in ("backslash", "mixed", "prefixed", "absolute", "updir", "nfc", "bom"):
            figures = self.figures(name, "nfd" if name == "nfc" else "pictures")
            self.assertEqual(figures["picture_count"], len(plain["images"]), name)
            for group in ("metrics", "per_class_AP"):
                self.assertEqual(figures[group], wanted[group], name)

    def figures(self, name, folder):
        weights = REPORTS.parents[1] / "weights"
        ran = subprocess.run([DETECT, "eval", "--images", folder, "--annotations", REPORTS / f"{name}.json", "--json", "-",
                              "--model", weights / "deeppcb_mnv3_fpn.pth", "--labels", weights / "labels.txt",
                              "--min-size", "640", "--max-size", "640"],
                             cwd=self.folder, capture_output=True, text=True, timeout=4 * PATIENCE)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return json.loads(ran.stdout)


if __name__ == "__main__":
    unittest.main()
