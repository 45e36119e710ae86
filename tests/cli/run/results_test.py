# SPDX-License-Identifier: Apache-2.0
"""detect run: every kind of result, read back by somebody else's reader."""

import csv
import io
import json
import os
import pathlib
import time
import unittest
import xml.etree.ElementTree

from PIL import Image

from cli_case import CliCase, make_video, read_video

BOXES = [("first", 1, 0.9, [1, 2, 3, 4]), ("second", 2, 0.6, [0, 0, 8, 8])]


def read_csv(text):
    return list(csv.DictReader(io.StringIO(text)))


class Formats(CliCase):
    def setUp(self):
        super().setUp()
        self.picture("a.png", (20, 10))
        self.picture("b, c.png", (40, 30), "L")

    def check_image(self, image, name, size):
        self.assertEqual((image["file"], image["width"], image["height"]), (name, *size))
        self.assertEqual([(d["label"], d["label_id"], d["box"]) for d in image["detections"]],
                         [(label, number, box) for label, number, _, box in BOXES])
        for detection, (_, _, score, _) in zip(image["detections"], BOXES):
            self.assertAlmostEqual(detection["score"], score, 6)

    def test_jsonl(self):
        result = self.run_detect("a.png", "b, c.png", "--no-draw", "--jsonl", "found.jsonl")
        self.assertIn("second", result.stdout)  # the table
        lines = (self.folder / "found.jsonl").read_text().splitlines()
        self.check_image(json.loads(lines[0]), "a.png", (20, 10))
        self.check_image(json.loads(lines[1]), "b, c.png", (40, 30))
        self.assertEqual(len(lines), 2)

    def test_csv(self):
        self.run_detect("a.png", "b, c.png", "--no-draw", "--csv", "found.csv")
        rows = read_csv((self.folder / "found.csv").read_text())
        self.assertEqual(len(rows), 4)
        for row, name, (label, number, score, box) in zip(rows, ["a.png"] * 2 + ["b, c.png"] * 2, BOXES * 2):
            self.assertEqual((row["csv_version"], row["file"], row["frame"]), ("2", name, ""))
            self.assertEqual((row["label"], row["label_id"]), (label, str(number)))
            self.assertAlmostEqual(float(row["score"]), score, 6)
            self.assertEqual([float(row[key]) for key in ("x1", "y1", "x2", "y2")], box)
        self.assertEqual((rows[3]["width"], rows[3]["height"]), ("40", "30"))

    def test_csv_shows_pictures_without_detections(self):
        self.run_detect("a.png", "--no-draw", "--score", "1", "--csv", "found.csv")
        (row,) = read_csv((self.folder / "found.csv").read_text())
        self.assertEqual((row["file"], row["width"], row["label"], row["score"]), ("a.png", "20", "", ""))

    def test_coco(self):
        self.run_detect("a.png", "b, c.png", "--no-draw", "--coco", "found.json")
        results = json.loads((self.folder / "found.json").read_text())
        self.assertEqual([(r["image_id"], r["category_id"], r["bbox"], r["file_name"]) for r in results],
                         [(1, 1, [1, 2, 2, 2], "a.png"), (1, 2, [0, 0, 8, 8], "a.png"),
                          (2, 1, [1, 2, 2, 2], "b, c.png"), (2, 2, [0, 0, 8, 8], "b, c.png")])

    def test_coco_takes_over_the_ids_of_annotations(self):
        self.picture("in/x/a.png")
        annotations = {"images": [{"id": 77, "file_name": "a.png"}, {"id": 78, "file_name": "train/b, c.png"}],
                       "categories": [{"id": 20, "name": "second"}, {"id": 10, "name": "first"}], "annotations": []}
        (self.folder / "truth.json").write_text(json.dumps(annotations))
        self.run_detect("in/x/a.png", "b, c.png", "--no-draw", "--coco", "found.json", "--annotations", "truth.json")
        results = json.loads((self.folder / "found.json").read_text())
        self.assertEqual([(r["image_id"], r["category_id"]) for r in results], [(77, 10), (77, 20), (78, 10), (78, 20)])
        # What pycocotools' loadRes asks for.
        self.assertLessEqual({r["image_id"] for r in results}, {i["id"] for i in annotations["images"]})
        for result in results:
            self.assertIsInstance(result["image_id"], int)
            self.assertEqual(len(result["bbox"]), 4)

    def test_coco_says_what_annotations_lack(self):
        (self.folder / "truth.json").write_text(json.dumps(
            {"images": [{"id": 5, "file_name": "a.png"}], "categories": [{"id": 10, "name": "first"}]}))
        result = self.run_detect("a.png", "b, c.png", "--no-draw", "--coco", "found.json", "--annotations", "truth.json",
                                 exit_code=5)
        results = json.loads((self.folder / "found.json").read_text())
        self.assertEqual([(r["image_id"], r["category_id"]) for r in results], [(5, 10)])
        self.assertIn("detect: --coco leaves out 1 of 2 pictures, which are not found in truth.json, such as b, c.png", result.stderr)
        self.assertIn("; it leaves out 1 detection of classes that truth.json does not have (second)", result.stderr)
        (self.folder / "truth.json").write_text("[]")
        self.run_detect("a.png", "--coco", "f.json", "--annotations", "truth.json", "--no-draw", exit_code=3)

    def test_yolo(self):
        self.run_detect("a.png", "b, c.png", "--no-draw", "--yolo", "labels")
        self.assertEqual(self.files("labels"), ["a.txt", "b, c.txt", "classes.txt"])
        names = (self.folder / "labels/classes.txt").read_text().split("\n")
        for name, (width, height) in (("a", (20, 10)), ("b, c", (40, 30))):
            lines = (self.folder / f"labels/{name}.txt").read_text().splitlines()
            self.assertEqual(len(lines), 2)
            for line, (label, _, score, (x1, y1, x2, y2)) in zip(lines, BOXES):
                number, x, y, w, h, confidence = line.split()
                self.assertEqual(names[int(number)], label)
                self.assertAlmostEqual((float(x) - float(w) / 2) * width, x1, 3)
                self.assertAlmostEqual((float(y) + float(h) / 2) * height, y2, 3)
                self.assertAlmostEqual(float(w) * width, x2 - x1, 3)
                self.assertAlmostEqual(float(h) * height, y2 - y1, 3)
                self.assertAlmostEqual(float(confidence), score, 5)

    def test_yolo_of_a_picture_without_detections_is_empty(self):
        self.run_detect("a.png", "--no-draw", "--score", "1", "--yolo", "labels")
        self.assertEqual((self.folder / "labels/a.txt").read_text(), "")

    def test_voc(self):
        self.picture("in/<&>.png")
        self.run_detect("a.png", "b, c.png", "in/<&>.png", "--no-draw", "--voc", "labels")
        self.assertEqual(self.files("labels"), ["<&>.xml", "a.xml", "b, c.xml"])
        root = xml.etree.ElementTree.parse(self.folder / "labels/<&>.xml").getroot()
        self.assertEqual((root.findtext("folder"), root.findtext("filename")), ("in", "<&>.png"))
        root = xml.etree.ElementTree.parse(self.folder / "labels/b, c.xml").getroot()
        self.assertEqual([root.findtext(f"size/{key}") for key in ("width", "height", "depth")], ["40", "30", "1"])
        corners = [[int(o.findtext(f"bndbox/{key}")) for key in ("xmin", "ymin", "xmax", "ymax")] for o in root.iter("object")]
        # Pixels are counted from 1, the last is included: columns 1 and 2 of 0, 1, 2, … are 2 to 3.
        self.assertEqual(corners, [[2, 3, 3, 4], [1, 1, 8, 8]])
        self.assertEqual([o.findtext("name") for o in root.iter("object")], ["first", "second"])

    def test_crops(self):
        picture = Image.new("RGB", (20, 10))
        picture.putdata([(x * 10, y * 20, 7) for y in range(10) for x in range(20)])
        picture.save(self.folder / "a.png")
        self.run_detect("a.png", "b, c.png", "--no-draw", "--crops", "crops")
        self.assertEqual(self.files("crops"),
                         ["first/a-1.png", "first/b, c-1.png", "second/a-2.png", "second/b, c-2.png"])
        for name, box in (("first/a-1.png", (1, 2, 3, 4)), ("second/a-2.png", (0, 0, 8, 8))):
            with Image.open(self.folder / "crops" / name) as crop:
                self.assertEqual(list(crop.getdata()), list(picture.crop(box).getdata()))

    def test_several_pictures_of_a_name_have_labels_of_their_own(self):
        self.picture("1/classes.png")
        self.picture("2/classes.png")
        self.run_detect("1/classes.png", "2/classes.png", "--no-draw", "--yolo", "labels")
        self.assertEqual(self.files("labels"), ["classes.txt", "classes_2.txt", "classes_3.txt"])

    def test_the_longest_names_are_shortened_and_stay_apart(self):
        long = ["x" * 250 + ".png", "x" * 249 + "y.png", "\u00fc" * 125 + ".png"]
        for name in long:
            self.picture("in/" + name)
        for options in (["-o", "drawn", "--yolo", "yolo", "--voc", "voc", "--crops", "crops"], ["--csv", "f.csv", "--no-draw"]):
            self.run_detect("in", *options, "--resume", "--quiet")
        for name in long:
            self.run_detect("in/" + name, "--quiet")
        for folder in ("drawn", "crops/first", "voc"):
            names = self.files(folder)
            self.assertEqual(len(names), 3, folder)
            self.assertEqual([name[:150] for name in names], ["x" * 150, "x" * 150, "\u00fc" * 91 + names[2][91:150]])
        names = [name for name in self.files() if "_detections" in name]
        self.assertEqual([len(name.encode()) for name in names], [215, 215, 214])  # letters of two bytes
        again = self.run_detect("in", "-o", "drawn", "--yolo", "yolo", "--resume")
        self.assertIn("0 pictures, 3 done before", again.stderr)

    def test_only_one_result_fits_on_standard_output(self):
        self.run_detect("a.png", "--json", "-", "--csv", "-", exit_code=2)
        for option in ("--jsonl", "--csv", "--coco"):
            result = self.run_detect("a.png", "--no-draw", option, "-")
            self.assertNotIn("score        x1", result.stdout)
            self.assertIn("a.png", result.stdout)

    def test_no_two_results_share_a_file(self):
        for one, other in (("--json", "--csv"), ("--jsonl", "--coco")):
            result = self.run_detect("a.png", "--no-draw", one, "found", other, "./found", exit_code=2)
            self.assertIn("./found: two of ", result.stderr)
            self.assertFalse((self.folder / "found").exists())

    def test_one_picture_is_drawn_into_a_folder_that_can_be_nothing_else(self):
        self.run_detect("a.png", "-o", "new/")
        self.run_detect("a.png", "-o", "new")
        (self.folder / "odd.png").mkdir()
        self.run_detect("a.png", "-o", "odd.png", exit_code=1)
        self.run_detect("a.png", "-o", "odd.png/")
        self.assertEqual(self.files("new") + self.files("odd.png"), ["a.png", "a.png"])
        self.assertIn("must end in .png", self.run_detect("a.png", "-o", "other", exit_code=2).stderr)

    def test_nothing_readable_leaves_no_files(self):
        self.run_detect("x.png", "y.png", "-o", "drawn", "--json", "f.json", "--jsonl", "f.jsonl", "--csv", "f.csv",
                        "--coco", "c.json", "--yolo", "yolo", "--voc", "voc", "--crops", "crops", exit_code=3)
        # But for the records that say so.
        self.assertEqual(sorted(os.listdir(self.folder)), ["a.png", "b, c.png", "f.csv", "f.json", "f.jsonl"])

    def test_results_that_cannot_be_written(self):
        (self.folder / "file").write_text("")
        for option in ("--yolo", "--voc", "--crops"):
            self.assertIn("must be a folder", self.run_detect("a.png", "--no-draw", option, "file", exit_code=1).stderr)
        for option in ("--jsonl", "--csv", "--coco"):
            result = self.run_detect("a.png", "--no-draw", option, "missing/found", exit_code=1)
            self.assertTrue(result.stderr.startswith("detect: missing/found: "), result.stderr)


class DrawnVideo(CliCase):
    def test_a_video_has_its_boxes_drawn(self):
        for name, size in (("clip.avi", (320, 240)), ("clip.mp4", (320, 240)), ("odd.avi", (321, 241))):
            make_video(self.folder / name, size, 5)
            result = self.run_detect(name, "-o", "drawn" + name[-4:])
            self.assertIn(f"wrote drawn{name[-4:]}\n", result.stderr)
            self.assertIn(f"{name} frame 4\n", result.stdout)
            form, centres = read_video(self.folder / ("drawn" + name[-4:]))
            self.assertEqual(form, read_video(self.folder / name)[0])
            self.assertEqual(len(centres), 5)
            # Both are lossy, and the boxes are far from the centre.
            for centre, before in zip(centres, read_video(self.folder / name)[1]):
                self.assertAlmostEqual(centre, before, delta=6)
            self.assertEqual([f for f in self.files() if "part" in f], [])

    def test_without_a_name_and_for_several(self):
        make_video(self.folder / "clip.avi", (64, 48), 2)
        self.picture("a.png")
        self.run_detect("clip.avi")
        self.assertEqual(len(read_video(self.folder / "clip_detections.mp4")[1]), 2)
        self.run_detect("clip.avi", "a.png", "clip.avi", "-o", "drawn")
        self.assertEqual(self.files("drawn"), ["a.png", "clip.mp4", "clip_2.mp4"])
        for name in ("clip.mp4", "clip_2.mp4"):
            self.assertEqual(len(read_video(self.folder / "drawn" / name)[1]), 2)

    def test_frames_have_labels_and_crops_of_their_own(self):
        make_video(self.folder / "clip.avi", (64, 48), 2)
        self.run_detect("clip.avi", "--no-draw", "--yolo", "y", "--crops", "c", "--csv", "f.csv", "--coco", "c.json")
        self.assertEqual(self.files("y"), ["classes.txt", "clip_000000.txt", "clip_000001.txt"])
        self.assertIn("first/clip_000001-1.png", self.files("c"))
        self.assertEqual([row["frame"] for row in read_csv((self.folder / "f.csv").read_text())], ["0", "0", "1", "1"])
        results = json.loads((self.folder / "c.json").read_text())
        self.assertEqual([(r["image_id"], r["file_name"]) for r in results[1:3]], [(1, "clip.avi#0"), (2, "clip.avi#1")])

    def test_a_video_cannot_have_any_name(self):
        make_video(self.folder / "clip.avi", (64, 48), 2)
        self.assertIn(".mp4", self.run_detect("clip.avi", "-o", "drawn.png", exit_code=2).stderr)


class Resume(CliCase):
    ALL = ("--json", "f.json", "--jsonl", "f.jsonl", "--csv", "f.csv", "--coco", "coco.json", "--yolo", "yolo", "--voc",
           "voc", "--crops", "crops", "-o", "drawn", "--resume")

    def results(self):
        """What all files say, and when the files of each picture were written."""
        lines = [json.loads(line) for line in (self.folder / "f.jsonl").read_text().splitlines()]
        self.assertEqual(json.loads((self.folder / "f.json").read_text())["images"], lines)
        rows = read_csv((self.folder / "f.csv").read_text())
        self.assertEqual([row["file"] for row in rows if row["label_id"] == "1"], [line["file"].replace("\n", "\\u{A}") for line in lines])
        coco = json.loads((self.folder / "coco.json").read_text())
        self.assertEqual([r["file_name"] for r in coco if r["category_id"] == 1], [line["file"] for line in lines])
        self.assertEqual(len({r["image_id"] for r in coco}), len(lines))
        return [line["file"] for line in lines]

    def written(self, result):
        return [line.removeprefix("wrote ") for line in result.stderr.splitlines() if line.startswith("wrote ")]

    def test_a_second_run_does_only_what_is_new(self):
        self.picture("in/b.png")
        self.picture("in/d.png")
        self.assertEqual(self.written(self.run_detect("in", *self.ALL)), ["drawn/b.png", "drawn/d.png"])
        self.picture("in/a.png")
        self.picture("in/c.png")
        result = self.run_detect("in", *self.ALL)
        self.assertEqual(self.written(result), ["drawn/a.png", "drawn/c.png"])
        self.assertIn("2 pictures, 2 done before", result.stderr)
        self.assertEqual(self.results(), ["in/b.png", "in/d.png", "in/a.png", "in/c.png"])
        before = {name: (self.folder / name).stat().st_mtime_ns for name in self.files()}
        self.assertEqual(self.written(self.run_detect("in", *self.ALL)), [])
        self.assertEqual({name: (self.folder / name).stat().st_mtime_ns for name in self.files()}, before)

    def test_what_lacks_one_result_is_done_again_and_appears_once(self):
        for name in "abc":
            self.picture(f"in/{name}.png")
        for lost in ("drawn/b.png", "yolo/b.txt", "voc/b.xml", "crops/first/b-1.png"):
            self.run_detect("in", *self.ALL)
            (self.folder / lost).unlink()
            self.assertEqual(self.written(self.run_detect("in", *self.ALL)), ["drawn/b.png"], lost)
            self.assertEqual(sorted(self.results()), ["in/a.png", "in/b.png", "in/c.png"])
        for lost in ("f.json", "f.jsonl", "f.csv", "coco.json"):
            (self.folder / lost).unlink()
            self.assertEqual(len(self.written(self.run_detect("in", *self.ALL))), 3, lost)
            self.assertEqual(sorted(self.results()), ["in/a.png", "in/b.png", "in/c.png"])

    def test_a_picture_that_has_changed_is_done_again(self):
        for name in "ab":
            self.picture(f"in/{name}.png")
        self.run_detect("in", *self.ALL)
        later = (self.folder / "f.json").stat().st_mtime + 10
        self.picture("in/a.png", (30, 30))
        os.utime(self.folder / "in/a.png", (later, later))
        self.assertEqual(self.written(self.run_detect("in", *self.ALL)), ["drawn/a.png"])
        self.assertEqual(sorted(self.results()), ["in/a.png", "in/b.png"])
        images = json.loads((self.folder / "f.json").read_text())["images"]
        self.assertEqual({image["file"]: image["width"] for image in images}, {"in/a.png": 30, "in/b.png": 20})

    def test_a_picture_that_has_changed_is_done_again_whatever_tells_of_it(self):
        for option in ("--json", "--jsonl", "--csv", "--coco"):
            self.picture("a.png")
            self.run_detect("a.png", "--no-draw", option, "found", "--resume")
            later = (self.folder / "found").stat().st_mtime + 10
            self.picture("a.png", (30, 30))
            os.utime(self.folder / "a.png", (later, later))
            again = self.run_detect("a.png", "--no-draw", option, "found", "--resume", "--verbose")
            self.assertRegex(again.stderr, r"(?m)^1 pictures, 2 detections", option)
            (self.folder / "found").unlink()

    def test_a_picture_that_came_later_is_done_however_old_it_says_to_be(self):
        files = ("--yolo", "yolo", "-o", "drawn", "--resume")
        for name in ("in/b/x.png", "elsewhere/older.png", "elsewhere/other.png"):
            self.picture(name)
        for name in ("older", "other"):
            os.utime(self.folder / f"elsewhere/{name}.png", (10 ** 9, 10 ** 9))
        self.run_detect("in", "--recursive", *files)
        time.sleep(0.05)  # file systems count in steps of 10 ms
        # In the place of one that was looked at.
        (self.folder / "elsewhere/older.png").replace(self.folder / "in/b/x.png")
        self.assertEqual(self.written(self.run_detect("in", "--recursive", *files)), ["drawn/b/x.png"])
        # Under a name whose results are another picture's: drawn/x.png is that of x.png, and now of x.jpg.
        self.picture("flat/x.png")
        self.run_detect("flat", *files)
        time.sleep(0.05)
        (self.folder / "elsewhere/other.png").rename(self.folder / "flat/x.jpg")
        self.assertEqual(self.written(self.run_detect("flat", *files)), ["drawn/x.png", "drawn/x_2.png"])
        self.assertEqual(self.written(self.run_detect("flat", *files)), [])

    def test_names_that_are_not_utf_8(self):
        names = [b"latin\xe8.png", b"latin\xe9.png", "gr\u00fcn.png".encode(), b"new\nline.png"]
        picture = self.picture("a.png").read_bytes()
        (self.folder / "in").mkdir()
        for name in names:
            pathlib.Path(os.fsdecode(os.fsencode(self.folder / "in") + b"/" + name)).write_bytes(picture)
        for _ in range(2):
            self.run_detect("in", *self.ALL, "--quiet")
            wanted = ["in/gr\u00fcn.png", r"in/latin\xE8.png", r"in/latin\xE9.png", "in/new\nline.png"]
            self.assertEqual(sorted(self.results()), wanted)
        self.assertEqual(sorted(os.listdir(os.fsencode(self.folder / "drawn"))), sorted(names))
        paths = [xml.etree.ElementTree.parse(path).findtext("path") for path in (self.folder / "voc").iterdir()]
        self.assertIn(r"in/latin\xE8.png", paths)
        again = self.run_detect("in", *self.ALL)
        self.assertIn("0 pictures, 4 done before", again.stderr)

    def test_after_an_interruption(self):
        for name in "abcd":
            self.picture(f"{name}.png")
        process = self.start_detect("-", *self.ALL)
        process.stdin.write("a.png\nb.png\n")
        process.stdin.flush()
        self.wait_for(lambda: "f.jsonl.part" in self.files() and
                      (self.folder / "f.jsonl.part").read_text().count("\n") == 2, "two lines")
        self.interrupt(process)
        self.assertEqual(self.results(), ["a.png", "b.png"])
        self.assertEqual([name for name in self.files() if "part" in name], [])
        result = self.run_detect("-", *self.ALL, input="a.png\nb.png\nc.png\nd.png\n")
        self.assertEqual(self.written(result), ["drawn/c.png", "drawn/d.png"])
        self.assertEqual(self.results(), ["a.png", "b.png", "c.png", "d.png"])

    def test_after_the_program_was_killed(self):
        for name in "abc":
            self.picture(f"{name}.png")
        files = ("--jsonl", "f.jsonl", "--csv", "f.csv", "--no-draw", "--resume")
        process = self.start_detect("-", *files)
        process.stdin.write("a.png\nb.png\n")
        process.stdin.flush()
        self.wait_for(lambda: (self.folder / "f.csv.part").exists() and
                      (self.folder / "f.csv.part").read_text().count("b.png") == 2, "two pictures")
        process.kill()
        process.wait()
        # Nothing has its name that is not whole.
        self.assertEqual([name for name in self.files() if not name.endswith((".png", ".part"))], [])
        result = self.run_detect("-", *files, input="a.png\nb.png\nc.png\n")
        self.assertIn("1 pictures, 2 done before", result.stderr)
        self.assertEqual(self.files(), ["a.png", "b.png", "c.png", "f.csv", "f.jsonl"])
        self.assertEqual([json.loads(line)["file"] for line in (self.folder / "f.jsonl").read_text().splitlines()],
                         ["a.png", "b.png", "c.png"])
        self.assertEqual(len(read_csv((self.folder / "f.csv").read_text())), 6)

    def test_a_line_that_was_cut_off_is_written_again(self):
        for name in "ab":
            self.picture(f"{name}.png")
        self.run_detect("a.png", "b.png", "--jsonl", "f.jsonl", "--no-draw")
        whole = (self.folder / "f.jsonl").read_text()
        (self.folder / "f.jsonl.part").write_text(whole[:-20])
        (self.folder / "f.jsonl").unlink()
        self.run_detect("a.png", "b.png", "--jsonl", "f.jsonl", "--no-draw", "--resume")
        self.assertEqual((self.folder / "f.jsonl").read_text(), whole)

    def test_pictures_without_detections_count_as_done(self):
        self.picture("a.png")
        for arguments in (("--coco", "c.json", "--jsonl", "f.jsonl"), ("--crops", "crops", "--csv", "f.csv")):
            self.run_detect("a.png", "--no-draw", "--score", "1", *arguments, "--resume")
            again = self.run_detect("a.png", "--no-draw", "--score", "1", *arguments, "--resume", "--verbose")
            self.assertIn("0 pictures, 1 done before", again.stderr)

    def test_it_needs_files_and_adds_to_its_own_only(self):
        self.picture("a.png")
        self.assertIn("--resume", self.run_detect("a.png", "--no-draw", "--json", "-", "--resume", exit_code=2).stderr)
        for option in ("--json", "--jsonl", "--csv", "--coco"):
            (self.folder / "other").write_text("something else\n")
            result = self.run_detect("a.png", "--no-draw", option, "other", "--resume", exit_code=3)
            self.assertIn("other: is not", result.stderr)
            self.assertEqual((self.folder / "other").read_text(), "something else\n")


if __name__ == "__main__":
    unittest.main()
