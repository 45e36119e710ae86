# SPDX-License-Identifier: Apache-2.0
"""detect run: what drawn pictures look like, what stands in their files, and what is said where fonts lack letters.

Golden pictures lie in golden/, each made by the command. DETECT_WRITE_GOLDEN=1 makes them anew: look at each before you
keep it, and ask whether its labels can be read and whether anything hides what was found. Fonts are DejaVu and, for
Chinese, WenQuanYi Micro Hei, and no others, whatever else is installed.
"""

import json
import os
import pathlib
import random
import subprocess
import unittest

import numpy
from PIL import Image, ImageDraw

from cli_case import PATIENCE, CliCase, make_video, read_video

MAKE_MODEL = os.environ["DETECT_MAKE_MODEL"]
GOLDEN = pathlib.Path(__file__).parent / "golden"
WRITE = bool(os.environ.get("DETECT_WRITE_GOLDEN"))
DEJAVU = "/usr/share/fonts/truetype/dejavu"
CHINESE = "/usr/share/fonts/truetype/wqy"
DEFECTS = ["open", "short", "mousebite", "spur", "copper", "pin-hole"]

# Of what is drawn. Releases of FreeType differ in how grey the rim of a letter is; a letter that moves by a pixel changes
# more than this.
MOST_MEAN_DIFFERENCE = 5  # of 255
MOST_PIXELS_THAT_DIFFER = 0.04  # by more than 48 in a channel


class DrawingCase(CliCase):
    def setUp(self):
        super().setUp()
        self.use_fonts(DEJAVU)

    def use_fonts(self, *folders):
        for folder in folders:
            if not os.path.isdir(folder):
                self.skipTest(f"{folder} is missing: install fonts-dejavu-core and fonts-wqy-microhei")
        listed = "".join(f"<dir>{folder}</dir>" for folder in folders)
        # Fontconfig keeps what it knows of fonts in the folder's cache; it may not mix with the user's.
        (self.folder / "fonts.conf").write_text(
            f'<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>{listed}'
            f"<cachedir>{self.folder}/font-cache</cachedir><alias><family>sans-serif</family><prefer>"
            "<family>DejaVu Sans</family></prefer></alias></fontconfig>")
        self.environment = {**os.environ, "FONTCONFIG_FILE": str(self.folder / "fonts.conf")}

    def find(self, found, *arguments, names=DEFECTS, exit_code=0, picture="in.png"):
        """Runs the command with a model that finds [x1, y1, x2, y2, label, score] in each picture."""
        (self.folder / "found.json").write_text(json.dumps({"names": names, "found": found}))
        subprocess.run([MAKE_MODEL, self.folder / "found.onnx", self.folder / "found.json"], check=True)
        command = [*self.arguments([picture, "--score", "0.05", *arguments])]
        command[command.index("--model") + 1] = str(self.folder / "found.onnx")
        result = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE,
                                env=self.environment)
        self.assertEqual(result.returncode, exit_code, result.stdout + result.stderr)
        return result

    def ground(self, size, seed=1):
        """A board, or so: pads and traces in grey, that letters have to stand out from."""
        numbers = random.Random(seed)
        picture = Image.new("RGB", size, (225, 225, 220))
        draw = ImageDraw.Draw(picture)
        width, height = size
        unit = max(4, round((width * height) ** 0.5 / 40))
        for _ in range(14):
            x, y = numbers.randrange(width), numbers.randrange(height)
            draw.rectangle((x, y, x + unit * numbers.randrange(2, 9), y + unit), fill=(60, 70, 66))
            draw.ellipse((x - unit, y - unit, x + unit, y + unit), fill=(96, 104, 100))
        return picture

    def board(self, size, found, seed=1):
        """That, with a red spot where each box is."""
        picture = self.ground(size, seed)
        draw = ImageDraw.Draw(picture)
        for x1, y1, x2, y2, *_ in found:
            x, y = (x1 + x2) / 2, (y1 + y2) / 2
            rx, ry = max(1, (x2 - x1) / 3), max(1, (y2 - y1) / 3)
            draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=(150, 30, 30))
        picture.save(self.folder / "in.png")
        return picture

    def drawn(self, name="out.png"):
        with Image.open(self.folder / name) as picture:
            return picture.convert("RGB")

    def drawing(self, name="out.png"):
        with Image.open(self.folder / name) as picture:
            return json.loads(picture.text["detect:drawing"])

    def check_golden(self, name, original, view=lambda picture: picture):
        """`view`: the part of a large picture that is looked at, or the whole of it, smaller."""
        drawn = view(self.drawn())
        path = GOLDEN / f"{name}.png"
        if WRITE:
            GOLDEN.mkdir(exist_ok=True)
            drawn.save(path, optimize=True)
        with Image.open(path) as golden:
            expected = numpy.asarray(golden.convert("RGB"), dtype=float)
        actual = numpy.asarray(drawn, dtype=float)
        self.assertEqual(actual.shape, expected.shape)
        ground = view(original)
        changed = numpy.ones(expected.shape[:2], dtype=bool)  # a legend is drawn as a whole
        changed[:ground.height, :ground.width] = (expected[:ground.height, :ground.width] != numpy.asarray(ground)).any(axis=2)
        difference = numpy.abs(actual - expected).max(axis=2)
        mean = difference.sum() / changed.sum()
        share = (difference > 48).sum() / changed.sum()
        self.assertTrue(mean <= MOST_MEAN_DIFFERENCE and share <= MOST_PIXELS_THAT_DIFFER,
                        f"{name}: {mean:.2f} on average, {share:.2%} of the pixels")

    def check_nothing_hidden(self, original, found):
        """All that is inside these boxes looks as before."""
        before = numpy.asarray(original)
        after = numpy.asarray(self.drawn())
        for x1, y1, x2, y2, *_ in found:
            part = (slice(int(y1), int(y2)), slice(int(x1), int(x2)))
            self.assertTrue((before[part] == after[part]).all(), (x1, y1, x2, y2))


class Golden(DrawingCase):
    def test_160_pixels(self):
        found = [[20, 60, 44, 84, 2, 0.97], [100, 30, 130, 50, 4, 0.81]]
        original = self.board((160, 120), found)
        self.find(found, "-o", "out.png")
        self.check_nothing_hidden(original, found)
        self.check_golden("160", original)

    def test_640_pixels(self):
        found = [[50, 60, 90, 100, 1, 0.99], [200, 90, 236, 120, 2, 0.95], [420, 60, 450, 110, 3, 0.9],
                 [330, 300, 370, 336, 4, 0.84], [90, 330, 130, 372, 5, 0.77], [520, 400, 556, 440, 6, 0.52]]
        original = self.board((640, 480), found)
        self.find(found, "-o", "out.png")
        self.check_nothing_hidden(original, found)
        self.check_golden("640", original)

    def test_1920_pixels_with_large_objects_and_small_ones(self):
        found = [[200, 150, 900, 1000, 1, 0.99], [800, 300, 1500, 1050, 2, 0.93], [1600, 120, 1700, 260, 3, 0.9],
                 [1000, 500, 1060, 560, 4, 0.8]]
        original = self.board((1920, 1200), found)
        self.find(found, "-o", "out.png", names=["person", "rack", "bottle", "label"])
        self.check_nothing_hidden(original, found[2:])
        self.check_golden("1920", original, lambda picture: picture.resize((960, 600), Image.Resampling.BOX))

    def test_6000_pixels_with_small_defects(self):
        # Where labels of 138 pixels once covered defects of 35.
        found = [[2300, 1500, 2335, 1535, 2, 0.98], [2420, 1510, 2455, 1540, 3, 0.93], [2360, 1700, 2395, 1735, 6, 0.9],
                 [2900, 1900, 2935, 1935, 4, 0.7], [600, 3500, 1400, 3900, 5, 0.6]]
        original = self.board((6000, 4000), found)
        self.find(found, "-o", "out.png")
        self.check_nothing_hidden(original, found)
        self.check_golden("6000_part", original, lambda picture: picture.crop((2100, 1350, 3100, 2050)))
        self.check_golden("6000_whole", original, lambda picture: picture.resize((1200, 800), Image.Resampling.BOX))

    def many(self, size, count):
        numbers = random.Random(5)
        return [[x, y, x + 14, y + 12, numbers.randrange(1, 7), round(0.99 - 0.01 * i, 2)]
                for i, (x, y) in enumerate((20 + 24 * (i % 10) + numbers.randrange(6),
                                            20 + 22 * (i // 10) + numbers.randrange(6)) for i in range(count))]

    def test_many_small_objects_close_together_get_numbers(self):
        found = self.many((400, 300), 48)
        original = self.board((400, 300), found)
        self.find(found, "-o", "out.png")
        drawing = self.drawing()
        self.assertEqual((drawing["labels_on"], drawing["legend_lists"], drawing["picture"]),
                         ("legend", "detections", [0, 0, 400, 300]))
        self.assertEqual(self.drawn().size, (drawing["width"], drawing["height"]))
        self.assertGreater(drawing["width"], 400)
        self.check_golden("many", original)

    def test_below_a_wide_picture(self):
        found = [[60 + 90 * i, 30 + 40 * (i % 2), 90 + 90 * i, 60 + 40 * (i % 2), 1 + i % 6, 0.9] for i in range(8)]
        original = self.board((800, 160), found)
        self.find(found, "-o", "out.png", "--labels-on", "legend")
        drawing = self.drawing()
        self.assertEqual((drawing["labels_on"], drawing["width"]), ("legend", 800))
        self.assertGreater(drawing["height"], 160)
        self.check_nothing_hidden(original, found)
        self.check_golden("wide_legend", original)

    def test_too_many_to_list_are_counted_by_class(self):
        numbers = random.Random(2)
        found = [[x, y, x + 9, y + 9, numbers.randrange(1, 4), round(0.95 - 0.001 * i, 3)]
                 for i, (x, y) in enumerate((4 + 12 * (i % 24), 4 + 12 * (i // 24)) for i in range(24 * 19))]
        original = self.board((300, 240), found)
        self.find(found, "-o", "out.png")
        self.assertEqual(self.drawing()["legend_lists"], "classes")
        self.check_nothing_hidden(original, found)
        self.check_golden("classes", original)

    def test_objects_at_the_borders(self):
        found = [[0, 0, 30, 30, 1, 0.99], [290, 0, 320, 24, 2, 0.9], [0, 210, 26, 240, 3, 0.8],
                 [292, 212, 320, 240, 4, 0.7], [140, 0, 170, 14, 5, 0.6], [0, 110, 12, 140, 6, 0.55]]
        original = self.board((320, 240), found)
        self.find(found, "-o", "out.png")
        self.check_nothing_hidden(original, found)
        self.check_golden("borders", original)

    def test_long_labels_in_a_narrow_picture(self):
        names = ["insufficient solder at the thermal pad of the regulator", "component missing"]
        found = [[40, 60, 80, 100, 1, 0.9], [100, 180, 140, 220, 2, 0.8]]
        original = self.board((180, 300), found)
        self.find(found, "-o", "out.png", names=names)
        self.assertEqual(self.drawing()["labels_on"], "legend")
        self.check_nothing_hidden(original, found)
        self.check_golden("long_labels", original)

    SCRIPTS = ["短路", "öffnung", "дефект", "שבר בנתיב", "خطأ في اللحام", "e\u0301a\u0308 ố", "ανοιχτό", "a\u202eb\tc"]

    def test_names_in_any_script(self):
        self.use_fonts(DEJAVU, CHINESE)
        found = [[40 + 150 * (i % 3), 50 + 70 * (i // 3), 80 + 150 * (i % 3), 80 + 70 * (i // 3), i + 1, 0.98 - i / 50]
                 for i in range(8)]
        original = self.board((480, 280), found)
        result = self.find(found, "-o", "out.png", names=self.SCRIPTS)
        self.assertNotIn("no installed font", result.stderr)
        self.check_nothing_hidden(original, found)
        self.check_golden("scripts", original)

    def test_letters_that_no_font_has_are_boxes_and_said(self):
        found = [[40, 50, 80, 90, 1, 0.9], [140, 50, 180, 90, 2, 0.8]]
        original = self.board((240, 140), found)
        result = self.find(found, "-o", "out.png", names=["短路", "öffnung"])
        self.assertEqual(result.stderr.count("no installed font has 短, 路, drawn as boxes; install fonts-noto-cjk"), 1)
        self.check_nothing_hidden(original, found)
        self.check_golden("missing_letters", original)

    def test_sizes_that_were_asked_for(self):
        found = [[60, 80, 120, 140, 1, 0.9], [220, 90, 260, 120, 2, 0.8]]
        original = self.board((360, 220), found)
        self.find(found, "-o", "out.png", "--font-size", "24", "--line-width", "6")
        self.check_golden("sizes", original)


class Labels(DrawingCase):
    FOUND = [[60, 80, 120, 140, 1, 0.9], [220, 90, 260, 120, 2, 0.8]]

    def test_none(self):
        original = numpy.asarray(self.board((360, 220), self.FOUND))
        self.find(self.FOUND, "-o", "out.png", "--labels-on", "none", "--line-width", "3")
        self.assertEqual(self.drawing()["labels_on"], "none")
        changed = (numpy.asarray(self.drawn()) != original).any(axis=2)
        rows, columns = numpy.nonzero(changed)
        # Two frames of 3 pixels with a rim of one on either side, and nothing else.
        self.assertEqual((columns.min(), columns.max(), rows.min(), rows.max()), (55, 264, 75, 144))
        self.assertEqual(changed.sum(), (70 * 70 - 60 * 60) + (50 * 40 - 40 * 30))

    def test_a_legend_that_was_asked_for(self):
        original = self.board((360, 220), self.FOUND)
        self.find(self.FOUND, "-o", "out.png", "--labels-on", "legend")
        drawing = self.drawing()
        self.assertEqual((drawing["labels_on"], drawing["legend_lists"]), ("legend", "detections"))
        self.assertEqual(self.drawn().crop((0, 0, 360, 40)).tobytes(), original.crop((0, 0, 360, 40)).tobytes())

    def test_the_same_bytes_each_time(self):
        found = [[10 + i * 7 % 300, 20 + i * 13 % 180, 30 + i * 7 % 300, 44 + i * 13 % 180, 1 + i % 6, 0.9] for i in range(30)]
        self.board((360, 220), found)
        drawn = []
        for locale in ("C", "zh_CN.UTF-8"):
            self.environment |= {"LANG": locale, "LC_ALL": locale}
            self.find(found, "-o", "out.png")
            drawn.append((self.folder / "out.png").read_bytes())
        self.assertEqual(drawn[0], drawn[1])

    def test_without_any_font_boxes_are_drawn(self):
        self.folder.joinpath("nothing").mkdir()
        self.use_fonts(self.folder / "nothing")
        self.board((360, 220), self.FOUND)
        result = self.find(self.FOUND, "-o", "out.png")
        self.assertEqual(result.stderr.count("no font is installed, so drawings have boxes without labels"), 1)
        self.assertEqual(self.drawing()["labels_on"], "none")
        with_labels_off = self.drawn()
        result = self.find(self.FOUND, "-o", "off.png", "--labels-on", "none")
        self.assertNotIn("font", result.stderr)
        self.assertEqual(self.drawn("off.png").tobytes(), with_labels_off.tobytes())

    def test_a_broken_font_is_none(self):
        fonts = self.folder / "fonts"
        fonts.mkdir()
        whole = pathlib.Path(DEJAVU, "DejaVuSans.ttf").read_bytes()
        (fonts / "sans.ttf").write_bytes(whole)
        self.use_fonts(fonts)
        self.board((360, 220), self.FOUND)
        self.find(self.FOUND, "-o", "whole.png")  # fontconfig keeps in its cache what the font has
        cut = fonts / "sans.ttf"
        times = cut.stat()
        for damage in (whole[:4096], whole[:200_000], whole[:300] + bytes(400_000) + whole[400_300:]):
            cut.write_bytes(damage)
            os.utime(cut, ns=(times.st_atime_ns, times.st_mtime_ns))
            self.find(self.FOUND, "-o", "out.png")

    def test_a_video_keeps_its_size(self):
        make_video(self.folder / "clip.avi", (320, 240), 2)
        found = [[10 + 12 * (i % 20), 10 + 12 * (i // 20), 20 + 12 * (i % 20), 20 + 12 * (i // 20), 1, 0.9] for i in range(60)]
        self.find(found, "-o", "out.avi", picture="clip.avi")
        (width, height, _), frames = read_video(self.folder / "out.avi")
        self.assertEqual((width, height, len(frames)), (320, 240, 2))
        result = self.find(found, "-o", "out.avi", "--labels-on", "legend", picture="clip.avi", exit_code=2)
        self.assertIn("--labels-on legend: the frames of a video keep their size", result.stderr)

    def test_wrong_values(self):
        self.board((36, 22), [])
        for arguments in (["--labels-on", "plate"], ["--font-size", "5"], ["--line-width", "0"], ["--font-size", "x"]):
            result = self.find([[1, 1, 9, 9, 1, 0.9]], *arguments, exit_code=2)
            self.assertIn(arguments[0], result.stderr)
            self.assertEqual(result.stderr.strip().count("\n"), 0)
        result = self.find([[1, 1, 9, 9, 1, 0.9]], "--no-draw", "--font-size", "12", exit_code=2)
        self.assertIn("--no-draw", result.stderr)


class Metadata(DrawingCase):
    FOUND = [[60, 80, 120, 140, 1, 0.9], [220.5, 90.25, 260, 120, 2, 0.8]]

    def setUp(self):
        super().setUp()
        self.use_fonts(DEJAVU, CHINESE)
        self.board((360, 220), self.FOUND)

    def comments(self, name):
        with Image.open(self.folder / name) as picture:
            return [text.decode() for marker, text in picture.applist if marker == "COM"]

    def test_png(self):
        self.find(self.FOUND, "-o", "out.png", "--jsonl", "found.jsonl", "--hash", names=["短路", "öffnung"])
        with Image.open(self.folder / "out.png") as picture:
            self.assertEqual(list(picture.text), ["Software", "detect:detections", "detect:drawing"])
            self.assertEqual(picture.text["detect:detections"] + "\n", (self.folder / "found.jsonl").read_text())
        record = json.loads((self.folder / "found.jsonl").read_text())
        self.assertEqual([d["label"] for d in record["detections"]], ["短路", "öffnung"])
        self.assertEqual(self.drawing(), {"width": 360, "height": 220, "picture": [0, 0, 360, 220], "labels_on": "box"})

    def test_jpeg(self):
        self.find(self.FOUND, "-o", "out.jpg", "--jsonl", "found.jsonl", names=["短路", "öffnung"])
        mark, detections, drawing = self.comments("out.jpg")
        self.assertTrue(mark.startswith("made by detect"))
        self.assertEqual(detections, "detect:detections " + (self.folder / "found.jsonl").read_text().strip("\n"))
        self.assertEqual(json.loads(drawing.removeprefix("detect:drawing "))["labels_on"], "box")

    def test_without_other_results_the_record_is_whole(self):
        self.find(self.FOUND, "-o", "out.png")
        with Image.open(self.folder / "out.png") as picture:
            record = json.loads(picture.text["detect:detections"])
        self.assertLessEqual({"schema_version", "file", "width", "height", "model", "min_score", "drawn", "detections"},
                             set(record))
        self.assertEqual(len(record["model"]["sha256"]), 64)

    def test_more_than_a_comment_holds_goes_into_several(self):
        found = [[x % 340, x % 200, x % 340 + 9, x % 200 + 9, 1, 0.9] for x in range(900)]
        self.find(found, "-o", "out.jpg", "--jsonl", "found.jsonl", "--max-detections", "1000", names=["短路" * 30])
        mark, *parts, drawing = self.comments("out.jpg")
        self.assertGreater(len(parts), 2)
        whole = ""
        for number, part in enumerate(parts, 1):
            prefix = f"detect:detections {number}/{len(parts)} "
            self.assertTrue(part.startswith(prefix), part[:40])
            whole += part.removeprefix(prefix)
        self.assertEqual(whole + "\n", (self.folder / "found.jsonl").read_text())

    def test_what_was_drawn_is_still_known(self):
        for name in ("out.png", "out.jpg"):
            self.find(self.FOUND, "-o", name, names=["短路", "öffnung"])
            result = self.find(self.FOUND, "--no-draw", "--jsonl", "f.jsonl", "--overwrite", picture=name)
            self.assertIn("own_output", (self.folder / "f.jsonl").read_text())


class Table(DrawingCase):
    def test_columns_are_aligned_by_what_a_terminal_shows(self):
        found = [[60, 80, 120, 140, i + 1, 0.9 - i / 10] for i in range(4)]
        self.board((360, 220), found)
        table = self.find(found, "--no-draw", names=["短路", "öffnung", "e\u0301", "한글x"]).stdout.splitlines()
        shown = {"短路": 4, "öffnung": 7, "e\u0301": 1, "한글x": 5}
        self.assertTrue(table[0].startswith("label    score"))
        for line in table[1:]:
            name = line.split(" ")[0]
            score = line.index(" 0.") - len(name)  # the blanks between them
            self.assertEqual(score + shown[name], len("öffnung") + 1, line)


if __name__ == "__main__":
    unittest.main()
