# SPDX-License-Identifier: Apache-2.0
"""bench/compare's own reckoning, without measuring: compare_test.py BENCH_FOLDER"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BENCH = Path(sys.argv.pop(1))
sys.path.insert(0, str(BENCH))

import agreement
import engines
import int8
import measure
import report
import targets


def found(label=1, score=0.8, box=(10.0, 10.0, 110.0, 60.0)):
    return {"label": label, "score": score, "box": list(box)}


class Agreement(unittest.TestCase):
    def test_same(self):
        # One pixel of 100 more on one side: 100 / 101 = 0.990.
        self.assertIsNone(agreement.find_difference([[found()]], [[found(score=0.8005, box=(10, 10, 111, 60))]]))
        self.assertIsNone(agreement.find_difference([[], []], [[], []]))

    def test_order_does_not_matter(self):
        a, b = found(), found(label=2)
        self.assertIsNone(agreement.find_difference([[a, b]], [[b, a]]))

    def test_differences(self):
        for other in (found(label=2), found(score=0.802), found(box=(10, 10, 112, 60))):
            self.assertIn("only detect finds label 1", agreement.find_difference([[found()]], [[other]]))

    def test_one_more_on_either_side(self):
        self.assertIn("only the other", agreement.find_difference([[]], [[found()]]))
        self.assertIn("picture 1: only detect", agreement.find_difference([[], [found()]], [[], []]))
        self.assertIn("only the other", agreement.find_difference([[found()]], [[found(), found()]]))

    def test_number_of_pictures(self):
        self.assertIn("2 pictures against 1", agreement.find_difference([[], []], [[]]))

    def test_edge_of_what_is_compared(self):
        self.assertIsNone(agreement.find_difference([[found(score=0.1004)]], [[found(score=0.0998)]]))
        self.assertIsNone(agreement.find_difference([[found(score=0.09)]], [[]]))
        self.assertEqual(agreement.compared([[found(score=0.09), found()], [found()]]), 2)


    def test_bytes_are_compared_where_they_are_sure(self):
        self.assertIsNone(int8.find_int8_difference([[found(score=0.7)]], [[found(score=0.65, box=(12, 10, 110, 60))]]))
        self.assertIsNone(int8.find_int8_difference([[found(score=0.55)]], [[]]))
        for other in (found(score=0.9), found(label=2), found(box=(35, 10, 110, 60))):
            self.assertIn("only detect", int8.find_int8_difference([[found(score=0.7)]], [[other]]))


class Reckoning(unittest.TestCase):
    def test_percentiles(self):
        self.assertEqual(measure.percentile([50, 10, 30, 20], 0.5), 25)
        self.assertAlmostEqual(measure.percentile([50, 10, 30, 20], 0.9), 44)
        self.assertEqual(measure.percentile([7], 0.99), 7)

    def test_ratio_is_taken_turn_by_turn(self):
        # The machine was half as fast in the second turn; 2 all the same.
        self.assertEqual(measure.ratio([20, 40, 20], [10, 20, 10]), 2)

    def test_rate_of_images(self):
        self.assertEqual(measure.summarise([100, 300], 4)["images_per_second"], 20)


def example(ort_ms=200.0, differences=None):
    times = {engines.OURS: [100.0, 110.0, 90.0], engines.ORT_OURS: [ort_ms] * 3}
    result = {
        "case": "800x1066", "height": 800, "width": 1066, "batch": 1, "threads": 2, "runs": 3, "detections": [12],
        "left_out": {engines.OPENVINO: "not installed"}, "differences": differences or {}, "dense": {"macs": 6_100_000_000},
        "engines": {n: {**measure.summarise(t, 1), "peak_mb": 180.0 if n == engines.OURS else 345.0, "version": "1.30.0"} for n, t in times.items()},
        "ratios": {engines.ORT_OURS: measure.ratio(times[engines.ORT_OURS], times[engines.OURS])},
    }
    row = {"part": "fpn", "step": "Conv 3x3", "count": 2, "ms": 61.0, "share": 1.0}
    return {
        "machine": {"model": "A CPU", "flags": ["avx2"]}, "date": "2024-05-01", "commit": "abc", "command": "bench/compare",
        "minutes": 1.0, "left_out": {engines.OPENVINO: "not installed"}, "results": [result],
        "profiles": [{"case": "800x1066", "threads": 2, "proposals": 333, "dense_ms": 61.0, "profile": [row]}],
        "cold_starts": [{"case": "800x1066", "threads": 2, "engines": {
            engines.OURS: {"ms": 300.0, "peak_mb": 150.0}, engines.ORT_OURS: {"ms": 500.0, "peak_mb": 300.0},
            "Node": {"ms": 40.0, "peak_mb": 45.0}}}],
        "matrix_gflops": {2: {engines.OURS: 250.0, "ONNX Runtime": 240.0}},
    }


def with_int8(ort_ms):
    times = {engines.OURS: [25.0] * 3, int8.SINGLE_PRECISION: [50.0] * 3, engines.ORT_OURS: [ort_ms] * 3}
    row = {
        "case": "800x1066", "threads": 2, "runs": 3, "megabytes": 20.5, "detections": [12], "differences": {},
        "engines": {name: {**measure.summarise(t, 1), "peak_mb": 100.0} for name, t in times.items()},
        "ratios": {name: measure.ratio(t, times[engines.OURS]) for name, t in times.items() if name != engines.OURS},
    }
    return {**example(), "int8": [row]}


class Targets(unittest.TestCase):
    def verdicts(self, figures):
        return {row["what"]: row for row in targets.judge(figures)}

    def test_verdicts(self):
        rows = self.verdicts(example())
        self.assertTrue(rows[f"{engines.ORT_OURS}: time over ours"]["met"])  # 2.0 of 1.7
        self.assertFalse(rows["cold start over ONNX Runtime's"]["met"])  # 0.6 of 0.5
        self.assertTrue(rows["peak memory over ONNX Runtime's, first run"]["met"])  # 150 / 300
        self.assertAlmostEqual(rows["peak memory over ONNX Runtime's"]["reached"], 0.6)  # 180 / (345 − 45)
        # 2 · 6.1 G in 61 ms: 200 of 250 GFLOP/s
        self.assertAlmostEqual(rows["dense part: share of the machine's rate"]["reached"], 0.8)

    def test_a_missed_ratio(self):
        self.assertFalse(self.verdicts(example(ort_ms=160.0))[f"{engines.ORT_OURS}: time over ours"]["met"])

    def test_fewer_proposals_ask_for_more(self):
        self.assertEqual(targets.ratio_target(engines.ORT_OURS, 2, "800x1066", 333), 1.7)
        self.assertEqual(targets.ratio_target(engines.ORT_OURS, 2, "800x1066", 150), 2.0)
        self.assertEqual(targets.ratio_target(engines.ORT_TORCHVISION, 1, targets.RANDOM, 1000), 5.0)
        self.assertEqual(targets.ratio_target(engines.TORCHVISION, 1, "480x640", 150), 3.0)

    def test_verdicts_of_bytes(self):
        rows = self.verdicts(with_int8(ort_ms=60.0))
        self.assertTrue(rows["8 bits: time of detect, single precision over ours"]["met"])  # 2.0 of 1.8
        self.assertFalse(rows[f"8 bits: time of {engines.ORT_OURS} over ours"]["met"])  # 2.4 of 2.5


class Report(unittest.TestCase):
    def page(self, figures):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "RESULTS.md"
            report.write_report(figures, path)
            return path.read_text()

    def test_page(self):
        page = self.page(example())
        self.assertIn("| 800×1066 | 333 | 12 | 100.0 | 200.0 (2.00×) | – | – | not installed |", page)
        self.assertIn("A CPU (avx2)", page)
        self.assertIn("| cold start over ONNX Runtime's | 800×1066 | 2 | 0.60 | ≤ 0.5 | **no** |", page)
        self.assertIn("| 800×1066 | 2 | 61.0 | 200 | 80 % |", page)
        self.assertNotIn("Other detections", page)
        self.assertNotIn("8 bits", page)

    def test_bytes_have_a_table_of_their_own(self):
        page = self.page(with_int8(ort_ms=60.0))
        self.assertIn("(20.5 MB)", page)
        self.assertIn("| 800×1066 | 2 | detect | 25.0 | 25.0 | – | 100 |", page)
        self.assertIn("| 800×1066 | 2 | ONNX Runtime, our file | 60.0 | 60.0 | 2.40× | 100 |", page)

    def test_differences_are_shown_first(self):
        figures = example(differences={engines.TORCHVISION: "picture 0: only detect finds label 1"})
        self.assertIn("torchvision eager, 800×1066, batch 1: picture 0: only detect finds label 1", self.page(figures))


class Command(unittest.TestCase):
    def compare(self, *arguments):
        return subprocess.run([sys.executable, "-B", BENCH / "compare", *arguments], capture_output=True, text=True)

    def test_wrong_options(self):
        for arguments in (["--runs", "0"], ["--only", "nothing"], ["--frobnicate"]):
            self.assertEqual(self.compare(*arguments).returncode, 2, arguments)

    def test_not_built(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.compare("--build", folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not built", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)


if __name__ == "__main__":
    unittest.main()
