# SPDX-License-Identifier: Apache-2.0
"""detect run: what every record says, and that files of results are nobody else's meanwhile."""

import csv
import hashlib
import io
import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

from cli_case import DETECT, PATIENCE, TINY_MODEL, CliCase

COLLECTED = ("--json", "--jsonl", "--csv", "--coco")


class Records(CliCase):
    def setUp(self):
        super().setUp()
        self.picture("a.png")
        (self.folder / "broken.png").write_bytes(b"no picture")

    def test_a_picture_that_was_not_judged_is_a_record(self):
        self.run_detect("a.png", "broken.png", "missing.png", "--no-draw", "--json", "f.json", "--jsonl", "f.jsonl",
                        "--csv", "f.csv", exit_code=5)
        lines = [json.loads(line) for line in (self.folder / "f.jsonl").read_text().splitlines()]
        document = json.loads((self.folder / "f.json").read_text())
        self.assertEqual(document["images"], lines)
        self.assertEqual([line["file"] for line in lines], ["a.png", "broken.png", "missing.png"])
        self.assertEqual([line.get("error", {}).get("code") for line in lines],
                         [None, "unreadable_input", "unreadable_input"])
        self.assertIn("not a JPEG, PNG, TIFF, WebP or BMP picture", lines[1]["error"]["message"])
        self.assertIn("no such file", lines[2]["error"]["message"])
        rows = list(csv.DictReader(io.StringIO((self.folder / "f.csv").read_text())))
        self.assertEqual([(row["file"], row["label"], bool(row["error"])) for row in rows],
                         [("a.png", "first", False), ("a.png", "second", False), ("broken.png", "", True),
                          ("missing.png", "", True)])

    def test_nothing_judged_is_exit_3(self):
        self.run_detect("broken.png", "--no-draw", "--json", "f.json", exit_code=3)
        self.assertEqual(len(json.loads((self.folder / "f.json").read_text())["images"]), 1)

    def test_every_record_says_what_it_is_of(self):
        self.run_detect("a.png", "-o", "drawn.png", "--json", "f.json", "--csv", "f.csv", "--score", "0.25,first=0.5")
        document = json.loads((self.folder / "f.json").read_text())
        (record,) = document["images"]
        model = pathlib.Path(TINY_MODEL)
        self.assertEqual((document["schema_version"], record["schema_version"]), (2, 2))
        self.assertEqual(record["model"], {"name": model.name, "sha256": hashlib.sha256(model.read_bytes()).hexdigest()})
        self.assertEqual((record["min_score"], record["class_scores"], record["drawn"]), (0.25, {"first": 0.5}, "drawn.png"))
        self.assertNotIn("time", record)
        rows = list(csv.DictReader(io.StringIO((self.folder / "f.csv").read_text())))
        self.assertEqual([(row["label"], row["min_score"]) for row in rows], [("first", "0.5"), ("second", "0.25")])
        for row in rows:
            self.assertEqual((row["csv_version"], row["model"], row["model_sha256"], row["drawn"]),
                             ("2", model.name, record["model"]["sha256"], "drawn.png"))

    def test_the_bundled_model_says_so(self):
        result = subprocess.run([DETECT, "run", "a.png", "--no-draw", "--json", "f.json"], cwd=self.folder, text=True,
                                capture_output=True, timeout=PATIENCE)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, r"using the bundled circuit-board model \(.*\); give another one with --model")
        (record,) = json.loads((self.folder / "f.json").read_text())["images"]
        self.assertEqual(record["model"]["name"], "bundled circuit-board model")

    def test_time_and_hash_on_request(self):
        self.run_detect("a.png", "--no-draw", "--time", "--hash", "--json", "f.json", "--csv", "f.csv")
        (record,) = json.loads((self.folder / "f.json").read_text())["images"]
        self.assertRegex(record["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(record["sha256"], hashlib.sha256((self.folder / "a.png").read_bytes()).hexdigest())
        row = next(csv.DictReader(io.StringIO((self.folder / "f.csv").read_text())))
        self.assertEqual((row["time"], row["sha256"]), (record["time"], record["sha256"]))

    def test_two_runs_give_the_same_bytes(self):
        for name in ("1", "2"):
            self.run_detect("a.png", "broken.png", "--no-draw", *(word for flag in COLLECTED for word in
                                                                   (flag, f"{name}{flag}")), exit_code=5)
        for flag in COLLECTED:
            self.assertEqual((self.folder / f"1{flag}").read_bytes(), (self.folder / f"2{flag}").read_bytes(), flag)

    def test_what_was_not_judged_is_tried_again(self):
        options = ("--no-draw", "--json", "f.json", "--jsonl", "f.jsonl", "--csv", "f.csv")
        self.run_detect("a.png", "broken.png", *options, exit_code=5)
        self.run_detect("a.png", "broken.png", *options, "--resume", exit_code=5)
        stamp = os.stat(self.folder / "f.json").st_mtime - 10
        self.picture("broken.png")
        os.utime(self.folder / "broken.png", (stamp, stamp))
        self.run_detect("a.png", "broken.png", *options, "--resume")
        images = json.loads((self.folder / "f.json").read_text())["images"]
        self.assertEqual([(image["file"], "error" in image) for image in images], [("a.png", False), ("broken.png", False)])
        self.assertEqual(len((self.folder / "f.jsonl").read_text().splitlines()), 2)


class Files(CliCase):
    def setUp(self):
        super().setUp()
        self.picture("a.png")
        self.picture("b.png")

    def test_results_that_are_there_are_not_lost(self):
        for flag in COLLECTED:
            with self.subTest(flag):
                self.run_detect("a.png", "--no-draw", flag, "f")
                before = (self.folder / "f").read_bytes()
                result = self.run_detect("b.png", "--no-draw", flag, "f", exit_code=2)
                self.assertIn("f: is there already; add to it with --resume, replace it with --overwrite", result.stderr)
                self.assertEqual((self.folder / "f").read_bytes(), before)
                self.run_detect("a.png", "b.png", "--no-draw", flag, "f", "--resume")
                self.assertIn(b"b.png", (self.folder / "f").read_bytes())
                self.run_detect("b.png", "--no-draw", flag, "f", "--overwrite")
                self.assertNotIn(b"a.png", (self.folder / "f").read_bytes())
                os.remove(self.folder / "f")
        self.assertEqual(self.files(), ["a.png", "b.png"])
        self.run_detect("a.png", "--no-draw", "--json", "f", "--resume", "--overwrite", exit_code=2)

    def test_of_two_runs_on_a_file_the_second_is_refused(self):
        """Formats that are written at the end as well; nobody's results vanish."""
        for flag in COLLECTED:
            with self.subTest(flag):
                first = self.start_detect("-", "--no-draw", flag, "f")
                first.stdin.write("a.png\n")
                first.stdin.flush()
                self.assertEqual(first.stdout.readline(), "a.png\n")
                for options in (["--resume"], ["--overwrite"], []):
                    result = self.run_detect("b.png", "--no-draw", flag, "f", *options, exit_code=1)
                    self.assertIn("f: cannot be written: another program is writing it", result.stderr)
                _, errors = first.communicate(timeout=PATIENCE)
                self.assertEqual(first.returncode, 0, errors)
                self.run_detect("b.png", "--no-draw", flag, "f", "--resume")
                text = (self.folder / "f").read_text()
                self.assertIn("a.png", text)
                self.assertIn("b.png", text)
                os.remove(self.folder / "f")
        self.assertEqual(self.files(), ["a.png", "b.png"])

    def test_what_a_killed_run_left_is_not_lost(self):
        for flag in ("--jsonl", "--csv"):
            with self.subTest(flag):
                process = self.start_detect("-", "--no-draw", flag, "f")
                process.stdin.write("a.png\n")
                process.stdin.flush()
                self.wait_for(lambda: "a.png" in (self.folder / "f.part").read_text()
                              if (self.folder / "f.part").exists() else False, "nothing is written")
                process.kill()
                process.wait()
                result = self.run_detect("b.png", "--no-draw", flag, "f", exit_code=2)
                self.assertIn("f.part: is left from a run that was killed; add to it with --resume", result.stderr)
                self.run_detect("b.png", "--no-draw", flag, "f", "--resume")
                self.assertRegex((self.folder / "f").read_text(), r"(?s)a\.png.*b\.png")
                os.remove(self.folder / "f")
        self.assertEqual(self.files(), ["a.png", "b.png"])

    def test_a_link_stays_one(self):
        os.makedirs(self.folder / "store")
        os.symlink("store/real.csv", self.folder / "f.csv")
        self.run_detect("a.png", "--no-draw", "--csv", "f.csv")
        self.assertTrue((self.folder / "f.csv").is_symlink())
        self.assertIn("a.png", (self.folder / "store/real.csv").read_text())


class Stopping(CliCase):
    def setUp(self):
        super().setUp()
        self.picture("a.png")

    def started(self):
        process = self.start_detect("-", "--no-draw", "--json", "f.json", "--coco", "f.coco", "--csv", "f.csv")
        process.stdin.write("a.png\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), "a.png\n")
        return process

    def check_whole(self):
        self.assertEqual(len(json.loads((self.folder / "f.json").read_text())["images"]), 1)
        self.assertEqual(len(json.loads((self.folder / "f.coco").read_text())), 2)
        self.assertEqual(len((self.folder / "f.csv").read_text().splitlines()), 3)
        self.assertEqual(self.files(), ["a.png", "f.coco", "f.csv", "f.json"])
        for name in ("f.json", "f.coco", "f.csv"):
            os.remove(self.folder / name)

    def test_one_request_may_come_as_several_signals(self):
        for numbers in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)):
            process = self.started()
            for number in numbers:
                process.send_signal(number)
            process.communicate(timeout=PATIENCE)
            # Of those that arrive together, the system says which is the first.
            self.assertIn(process.returncode, [128 + number for number in numbers])
            self.check_whole()

    def test_timeout_of_coreutils(self):
        """It signals its child, and then the group that the child is in."""
        watched = self.folder / "watched"
        watched.mkdir()
        (self.folder / "a.png").rename(watched / "a.png")
        for _ in range(4):
            result = subprocess.run(["timeout", "2", *self.arguments(["--watch", "watched", "--no-draw", "--json", "f.json"])],
                                    cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(result.returncode, 124, result.stderr)
            self.assertEqual(len(json.loads((self.folder / "f.json").read_text())["images"]), 1)
            os.remove(self.folder / "f.json")

    def test_a_late_signal_ends_it_at_once_with_whole_files(self):
        # Hung in what it does: the picture that comes next is held by a lease, as file servers take them.
        with self.held(self.picture("held.png")):
            process = self.started()
            process.stdin.write("held.png\n")
            process.stdin.flush()
            time.sleep(1)
            process.send_signal(signal.SIGTERM)
            with self.assertRaises(subprocess.TimeoutExpired):
                process.wait(timeout=2.5)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=PATIENCE), 143)
        os.remove(self.folder / "held.png")
        self.check_whole()

    def test_before_there_is_work_the_first_signal_ends_it(self):
        """Nothing is to be finished, and what it reads, here a mask, may take long."""
        with self.held(self.picture("mask.png")):
            for number in (signal.SIGTERM, signal.SIGINT):
                process = self.start_detect("a.png", "--no-draw", "--csv", "f.csv", "--mask", "mask.png")
                time.sleep(1)
                process.send_signal(number)
                process.communicate(timeout=20)
                self.assertEqual(process.returncode, 128 + number)
        self.assertEqual(self.files(), ["a.png", "mask.png"])


if __name__ == "__main__":
    unittest.main()
