# SPDX-License-Identifier: Apache-2.0
"""--score, --score-file and --class-scores: from which score on detections of which class count."""

import json
import pathlib
import subprocess
import tempfile
import unittest

from cli_case import DETECT, PATIENCE, TINY_MODEL, CliCase

BOARD = pathlib.Path(__file__).resolve().parents[3] / "samples/board.png"


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



class CarriedScores(CliCase):
    """A model that was exported with scores per class; on this picture it finds "open" below 0.6 and "copper" below 0.3."""

    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.model = pathlib.Path(temporary.name) / "model.onnx"
        (cls.model.parent / "scores.json").write_text(json.dumps({"class_scores_version": 1, "others": 0.7,
                                                                   "scores": {"copper": 0.2, "open": 0.95}}))
        exported = cls.export("--class-scores", cls.model.parent / "scores.json")
        assert exported.returncode == 0, exported.stderr

    @classmethod
    def export(cls, *options):
        return subprocess.run([DETECT, "export", "--image", BOARD, "--min-size", "320", "--max-size", "320", "-o", cls.model, *options],
                              capture_output=True, text=True, timeout=PATIENCE)

    def run_model(self, *options):
        ran = subprocess.run([DETECT, "run", BOARD, "--model", self.model, "--no-draw", "--json", "-", *options], cwd=self.folder,
                             capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stderr, [(d["label"], d["score"]) for d in json.loads(ran.stdout)["images"][0]["detections"]]

    def test_are_used_unless_others_are_given(self):
        unused, all_scores = self.run_model("--score", "0.05")
        self.assertIn("note: the scores that the model carries (copper=0.2,open=0.95) are not used: others are given", unused)
        least = {"copper": 0.2, "open": 0.95}
        note, found = self.run_model()
        self.assertIn("note: using the scores that the model carries: copper=0.2,open=0.95", note)
        self.assertEqual(found, [(label, score) for label, score in all_scores if score >= least.get(label, 0.5)])
        self.assertNotEqual(found, [(label, score) for label, score in all_scores if score >= 0.5])
        note, found = self.run_model("--score", "open=0.5")
        self.assertIn("copper=0.2,open=0.95, but for the classes that others are given for", note)
        self.assertEqual(found, [(label, score) for label, score in all_scores if score >= {"copper": 0.2}.get(label, 0.5)])
        self.assertEqual(self.run_model("--quiet")[0], "")

    def test_are_shown(self):
        info = subprocess.run([DETECT, "info", self.model], capture_output=True, text=True, timeout=PATIENCE).stdout
        self.assertRegex(info, r"class_scores +copper=0.2,open=0.95\n")
        report = json.loads((self.model.parent / "model.report.json").read_text())
        self.assertEqual(report["metadata"]["class_scores"], "copper=0.2,open=0.95")

    def test_evaluation_leaves_them_aside(self):
        (self.folder / "truth.json").write_text(json.dumps({"images": [{"id": 1, "file_name": BOARD.name}], "annotations": [],
                                                            "categories": [{"id": 1, "name": "open"}]}))
        ran = subprocess.run([DETECT, "eval", "--model", self.model, "--images", BOARD.parent, "--annotations", "truth.json",
                              "--save-detections", "-"], cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("carries scores per class, which are left aside here", ran.stderr)
        self.assertTrue(any(d["score"] < 0.95 for d in json.loads(ran.stdout)), "open, below its score")

    def test_what_is_wrong_is_named(self):
        before = self.model.read_bytes()
        for scores, message in (("spurs=0.5", "a score is given for class 'spurs', which the checkpoint does not have; its classes are open, "),
                                ("open=2", "--class-scores 'open=2': a score is a number from 0 to 1"),
                                ("0.5,open=0.2", "--class-scores 0.5,open=0.2: name the class of each score")):
            refused = self.export("--class-scores", scores)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertIn("detect: " + message, refused.stderr)
        missing = self.export("--class-scores", "none.json")
        self.assertEqual(missing.returncode, 3)
        self.assertIn("none.json: cannot be read: no such file", missing.stderr)
        self.assertEqual(self.model.read_bytes(), before)


if __name__ == "__main__":
    unittest.main()
