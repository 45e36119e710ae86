# SPDX-License-Identifier: Apache-2.0
"""One set of hostile names (class, file, model, annotation, tensor) through every output of the command. Nothing of it
may steer a terminal, add a line, be a formula or become markup; and programs read the names back as they were.

The same is done with names that are harmless, character for character: outputs must have as many lines."""

import csv
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unicodedata
import unittest
import xml.etree.ElementTree

sys.path.insert(0, os.environ["DETECT_TEST_SUPPORT"])
from onnx_model import FLOAT, INT64, field, floats, graph, int64s, node, value  # noqa: E402

try:
    from PIL import Image
except ImportError:
    print("PIL is not there: install python3-pil")
    sys.exit(77)

DETECT = os.environ["DETECT_COMMAND"]
SAMPLES = pathlib.Path(os.environ["DETECT_SAMPLES_DIR"])
STEER = "\x1b[31m\x9b2J\u202e\u2066\u2028\u200b\ufeff\x7f\x07"
LABELS = ["=cmd|'/c calc'!A0\n" + STEER + "<script>alert(1)</script>", "../..\r\t@sum(1)\"" + STEER]
PICTURE = "+1\n<script>\"&'" + STEER + ".png"
MODEL = "-m\n<script>" + STEER + ".onnx"
NODE = "n\n<script>" + STEER


def steers(letter):
    return (unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") or 0xDC80 <= ord(letter) < 0xDCA0)


def harmless(name):
    return "".join("x" if steers(letter) or letter in "<>=+-@\"'&|/!" else letter for letter in name).replace("..", "xx")


def detector(labels, name):
    """Finds (1,2,3,4) of class 1 and (0,0,8,8) of class 2 everywhere."""
    constants = [floats("all_boxes", [1, 2, 3, 4, 0, 0, 8, 8], [2, 4]), int64s("all_labels", [1, 2]),
                 floats("all_scores", [0.9, 0.6])]
    nodes = [node("Identity", ["all_" + what], [what], name=name + what) for what in ("boxes", "labels", "scores")]
    outputs = [value("boxes", FLOAT, [2, 4]), value("labels", INT64, [2]), value("scores", FLOAT, [2])]
    inputs = [value("images", FLOAT, [1, 3, "h" + name, "w"])]
    return (field(1, 8) + field(2, "p" + name) + field(7, graph(nodes, inputs, outputs, constants, name=name))
            + field(8, field(1, "") + field(2, 17)) + field(14, field(1, "labels") + field(2, json.dumps(labels)))
            + field(14, field(1, "k" + name) + field(2, "v" + name)))


def tensor_model(name, op="Relu", domain=""):
    return (field(1, 8) + field(7, graph([node(op, ["x" + name], ["y" + name], name=name, domain=domain)],
                                         [value("x" + name, FLOAT, [1, "s" + name])],
                                         [value("y" + name, FLOAT, [1, "s" + name])]))
            + field(8, field(1, "") + field(2, 17)) + (field(8, field(1, domain) + field(2, 1)) if domain else b""))


def model_with_a_flaw(name):
    """Weights that are no numbers."""
    shape = [1, 3, "h" + name, "w" + name]
    return (field(1, 8) + field(7, graph([node("Mul", ["x" + name, "nan" + name], ["y" + name], name=name)],
                                         [value("x" + name, FLOAT, shape)], [value("y" + name, FLOAT, shape)],
                                         [floats("nan" + name, [float("nan")])])) + field(8, field(1, "") + field(2, 17)))


class Outputs:
    """What the command writes, by a name of its own: text, and the exit code where it says how the run ended."""

    def __init__(self, name_of):
        self.texts, self.errors = {}, set()
        with tempfile.TemporaryDirectory() as folder:
            self.folder = pathlib.Path(folder)
            self.labels, self.picture, self.model = [name_of(label) for label in LABELS], name_of(PICTURE), "./" + name_of(MODEL)
            self.node = name_of(NODE)
            (self.folder / self.model).write_bytes(detector(self.labels, self.node))
            (self.folder / "t.onnx").write_bytes(tensor_model(self.node))
            Image.linear_gradient("L").resize((20, 10)).save(self.folder / self.picture)
            self.run_verb()
            self.look_at_models()
            self.evaluate()
            self.export()
            self.fail()

    def command(self, what, *arguments, code=0, env=None):
        result = subprocess.run([DETECT, *arguments], cwd=self.folder, capture_output=True, timeout=300,
                                env={**os.environ, **(env or {})})
        self.texts[what + ", printed"] = result.stdout.decode(errors="surrogateescape")
        self.texts[what + ", stderr"] = result.stderr.decode(errors="surrogateescape")
        if result.returncode != code:
            raise AssertionError(f"{what}: ended with {result.returncode}, not {code}: {result.stdout} {result.stderr}")
        if code not in (0, 6):
            self.errors.add(what + ", stderr")

    def file(self, what, name):
        self.texts[what] = (self.folder / name).read_bytes().decode(errors="surrogateescape")

    def run_verb(self):
        run = ("run", self.picture, "--model", self.model, "--verbose")
        formats = ("json", "jsonl", "csv", "coco")
        files = [word for kind in formats for word in ("--" + kind, "found." + kind)]
        self.command("run", *run, "-o", "drawn.png", *files, "--voc", "voc", "--yolo", "yolo", "--crops", "crops")
        self.command("run again", *run, "-o", "drawn.png", *files, "--voc", "voc", "--resume")
        for kind in formats:
            self.file(kind, "found." + kind)
            self.command(f"{kind} on stdout", *run, "--no-draw", "--" + kind, "-")
        self.file("voc", next((self.folder / "voc").iterdir()))
        self.file("classes.txt", "yolo/classes.txt")
        self.crops = sorted(path.name for path in (self.folder / "crops").iterdir())
        Image.open(self.folder / "drawn.png").load()

    def look_at_models(self):
        self.command("info", "info", self.model)
        self.command("info of tensors", "info", "t.onnx")
        self.command("check", "check", self.model, "--json", "check.json")
        self.file("check.json", "check.json")
        (self.folder / "u.onnx").write_bytes(tensor_model(self.node, op="op" + self.node, domain=self.node))
        (self.folder / "n.onnx").write_bytes(model_with_a_flaw(self.node))
        self.command("check of a flaw", "check", "n.onnx", "--json", "flaw.json", code=6)
        self.file("flaw.json", "flaw.json")
        self.command("check of an unknown operator", "check", "u.onnx", code=4)
        self.command("info of an unknown operator", "info", "u.onnx", code=4)
        header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }"
        header += b" " * (117 - len(header)) + b"\n"
        (self.folder / "x.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(8))
        self.command("tensor", "tensor", "t.onnx", "--input", "x.npy", "--profile", "1")
        self.command("bench", "bench", "--model", self.model, "--image", self.picture, "--runs", "1", "--profile",
                     "--json", "bench.json")
        self.file("bench.json", "bench.json")

    def evaluate(self):
        categories = [{"id": 1, "name": self.labels[0]}, {"id": 2, "name": self.labels[1]}]
        box = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 2, 2], "area": 4, "iscrowd": 0}
        images = [{"id": 1, "file_name": self.picture, "width": 20, "height": 10},
                  {"id": 2, "file_name": "lost" + self.picture, "width": 20, "height": 10}]
        (self.folder / "gt.json").write_text(json.dumps({
            "images": images, "categories": categories,
            "annotations": [{"id": 1, **box}, {"id": 2, **box, "image_id": 2}]}))
        self.command("eval", "eval", "--annotations", "gt.json", "--images", ".", "--model", self.model, "--report",
                     "report.html", "--json", "eval.json", "--save-scores", "scores.json", code=5)
        self.errors.discard("eval, stderr")
        for name in ("report.html", "eval.json", "scores.json"):
            self.file(name, name)

    def export(self):
        names = [label.translate(dict.fromkeys(map(ord, "\r\n\u2028"), " ")).strip() + str(i)
                 for i in range(3) for label in self.labels]
        (self.folder / "labels.txt").write_text("\n".join(names) + "\n")
        self.command("export", "export", "--image", SAMPLES / "board.png", "--labels", "labels.txt", "--min-size", "64",
                     "--max-size", "64", "-o", "export.onnx")
        self.file("export's report", "export.report.json")
        self.command("info of an export", "info", "export.onnx")

    def fail(self):
        self.command("no such model", "info", "no" + self.model[2:], code=3)
        self.command("no such class", "run", self.picture, "--model", self.model, "--classes", "no" + self.labels[1],
                     "--no-draw", code=2)
        self.command("no such picture", "run", "no" + self.picture, "--model", self.model, "--no-draw", code=3)
        self.command("no such tensor", "tensor", "t.onnx", "--input", self.node + "=x.npy", code=2)
        self.command("no model", "run", self.picture, "--model", "t.onnx", "--no-draw", code=4)
        self.command("no such instruction set", "tensor", "t.onnx", "--input", "x.npy", code=2,
                     env={"DETECT_ISA": self.node})
        self.command("no such option", "run", "--no" + self.node, code=2)
        (self.folder / "bad.json").write_text(json.dumps({"images": [{"id": self.node}], "categories": [], "annotations": []}))
        self.command("bad annotations", "eval", "--annotations", "bad.json", "--images", ".", "--model", self.model,
                     code=3)


class HostileNames(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.hostile = Outputs(lambda name: name)
        cls.harmless = Outputs(harmless)

    def test_nothing_steers_a_terminal(self):
        for what, text in self.hostile.texts.items():
            with self.subTest(what):
                found = {hex(ord(letter)) for letter in text if letter != "\n" and steers(letter)}
                self.assertEqual(found, set(), text)

    def test_no_name_adds_a_line(self):
        self.assertEqual(self.hostile.texts.keys(), self.harmless.texts.keys())
        for what, text in self.hostile.texts.items():
            with self.subTest(what):
                # What is wrapped at words breaks elsewhere.
                if not what.startswith("check"):
                    self.assertEqual(text.count("\n"), self.harmless.texts[what].count("\n"), text)

    def test_an_error_is_one_line(self):
        self.assertGreater(len(self.hostile.errors), 6)
        for what in self.hostile.errors:
            with self.subTest(what):
                self.assertRegex(self.hostile.texts[what], r"\A(detect: note: .*\n)*detect: .*\n\Z")

    def test_names_are_no_markup(self):
        for what in ("report.html", "voc"):
            self.assertNotIn("<script>a", self.hostile.texts[what])
        for tag in ("<script", "</script", "<img", "<svg"):
            self.assertEqual(self.hostile.texts["report.html"].count(tag), self.harmless.texts["report.html"].count(tag))

    def test_xml_says_what_is_meant(self):
        root = xml.etree.ElementTree.fromstring(self.hostile.texts["voc"])
        for path, name in (("filename", self.hostile.picture), ("object/name", self.hostile.labels[0])):
            wanted = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in name)
            self.assertEqual(root.findtext(path), wanted)

    def test_no_cell_is_a_formula(self):
        rows = list(csv.reader(io.StringIO(self.hostile.texts["csv"])))
        self.assertEqual(self.hostile.texts["csv"].count("\n"), len(rows))
        self.assertEqual(len(rows), 3)
        for row in rows[1:]:
            for cell in row:
                number = re.fullmatch(r"-?[0-9.]+(e-?[0-9]+)?", cell)
                self.assertTrue(number or not cell.startswith(tuple("=+-@\t\r")), cell)
        header = rows[0]
        self.assertTrue(rows[1][header.index("file")].startswith("'+1\\u{A}<script>"), rows[1])
        self.assertTrue(rows[1][header.index("label")].startswith("'=cmd|"), rows[1])
        self.assertEqual(rows[1][header.index("x1")], "1")

    def test_json_says_what_is_meant(self):
        (record,) = json.loads(self.hostile.texts["json"])["images"]
        self.assertEqual(record["file"], self.hostile.picture)
        self.assertEqual([found["label"] for found in record["detections"]], self.hostile.labels)
        self.assertEqual(json.loads(self.hostile.texts["jsonl"])["file"], self.hostile.picture)
        self.assertEqual(json.loads(self.hostile.texts["coco"])[0]["file_name"], self.hostile.picture)
        self.assertEqual([entry["name"] for entry in json.loads(self.hostile.texts["eval.json"])["per_class"]],
                         self.hostile.labels)

    def test_nothing_is_done_again(self):
        """What was written reads back: --resume knows the picture by its name."""
        self.assertIn("1 done before", self.hostile.texts["run again, stderr"])

    def test_a_class_is_a_line(self):
        self.assertEqual(len(self.hostile.texts["classes.txt"].splitlines()), 2)

    def test_folders_stay_in_their_folder(self):
        self.assertEqual(len(self.hostile.crops), 2)
        for name in self.hostile.crops:
            self.assertFalse([letter for letter in name if steers(letter)], name)


if __name__ == "__main__":
    unittest.main()
