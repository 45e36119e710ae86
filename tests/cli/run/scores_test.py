# SPDX-License-Identifier: Apache-2.0
"""--score and --score-file: from which score on detections of which class count."""

import json
import subprocess
import unittest

from cli_case import DETECT, PATIENCE, TINY_MODEL, CliCase


class Scores(CliCase):
    """The tiny model: "first" with 0.9, "second" with 0.6."""

    def setUp(self):
        super().setUp()
        self.picture("a.png")

    def found(self, *options):
        ran = self.run_detect("a.png", "--no-draw", "--quiet", "--json", "-", *options)
        self.assertEqual(ran.stderr, "")
        return [d["label"] for d in json.loads(ran.stdout)["images"][0]["detections"]]

    def scores(self, **fields):
        text = {"class_scores_version": 1, "others": 0.5, "scores": {}} | fields
        (self.folder / "scores.json").write_text(json.dumps(text))
        return "--score-file", "scores.json"

    def test_one_for_all(self):
        self.assertEqual(self.found(), ["first", "second"])
        self.assertEqual(self.found("--score", "0.7"), ["first"])
        self.assertEqual(self.found("--score", "0.95"), [])
        self.assertEqual(self.found("--score", "0"), ["first", "second"])

    def test_one_for_a_class(self):
        self.assertEqual(self.found("--score", "0.7,second=0.6"), ["first", "second"])
        self.assertEqual(self.found("--score", "second=0.61"), ["first"], "the others have 0.5")
        self.assertEqual(self.found("--score", "first=0.95"), ["second"])
        self.assertEqual(self.found("--score", "first=0.95,second=0.65,0"), [])

    def test_a_file_of_scores(self):
        self.assertEqual(self.found(*self.scores(scores={"first": 0.95, "second": 0.6})), ["second"])
        self.assertEqual(self.found(*self.scores(others=0.7)), ["first"], "classes that it does not name")
        self.assertEqual(self.found(*self.scores(scores={"first": 0.95}), "--score", "first=0.9"), ["first", "second"])
        self.assertEqual(self.found(*self.scores(scores={"first": 0.95}), "--score", "0.7"), [], "its classes keep theirs")

    def test_what_evaluation_saves_is_read(self):
        truth = {"images": [{"id": 1, "file_name": "a.png"}], "categories": [{"id": 1, "name": "first"}, {"id": 2, "name": "second"}],
                 "annotations": [{"id": 1, "image_id": 1, "category_id": 2, "bbox": [0, 0, 8, 8]}]}
        (self.folder / "truth.json").write_text(json.dumps(truth))
        self.run_verb("eval", "--images", ".", "--annotations", "truth.json", "--save-scores", "saved.json")
        self.assertEqual(self.found("--score-file", "saved.json"), ["first", "second"])
        saved = json.loads((self.folder / "saved.json").read_text())
        self.assertEqual(saved["scores"], {"first": 0.6, "second": 0.6})
        self.assertEqual(saved["without_own"], ["first"])

    def run_verb(self, verb, *arguments):
        done = subprocess.run([DETECT, verb, *arguments, "--model", TINY_MODEL], cwd=self.folder, capture_output=True, text=True,
                              timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)

    def refused(self, *options, exit_code=2):
        ran = self.run_detect("a.png", "--no-draw", "--quiet", *options, exit_code=exit_code)
        self.assertEqual(ran.stderr.count("\n"), 1, ran.stderr)
        return ran.stderr

    def test_what_is_wrong_is_named(self):
        for score in ("1.5", "nan", "-0.1", "high", "first=2", "first="):
            self.assertIn(f"detect: --score '{score}': a score is a number from 0 to 1", self.refused("--score=" + score))
        self.assertIn("there is a score for all other classes already", self.refused("--score", "0.5,0.6"))
        self.assertIn("the model has no class 'third'; it has first, second", self.refused("--score", "third=0.5"))
        self.assertIn("the model has no class 'third'", self.refused(*self.scores(scores={"third": 0.5})))
        self.assertIn("scores.json: scores.first: expected a score", self.refused(*self.scores(scores={"first": 2}), exit_code=3))
        self.assertIn("none.json: cannot be read: no such file", self.refused("--score-file", "none.json", exit_code=3))

    def test_the_file_of_scores_is_not_overwritten(self):
        self.assertIn("scores.json: is an input and would be overwritten", self.refused(*self.scores(), "--json", "scores.json"))


if __name__ == "__main__":
    unittest.main()
