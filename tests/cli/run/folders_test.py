# SPDX-License-Identifier: Apache-2.0
"""detect run: what a folder and a file hold is looked at, or counted and named."""

import json
import os
import struct
import subprocess
import unittest

from PIL import Image

from cli_case import DETECT, PATIENCE, TINY_MODEL, CliCase, make_video


class FolderCase(CliCase):
    def setUp(self):
        super().setUp()
        (self.folder / "in").mkdir()

    def look(self, *arguments, exit_code=0, **options):
        """Which files were looked at, in order, and what was said."""
        result = self.run_detect(*arguments, "--no-draw", "--jsonl", "-", exit_code=exit_code, **options)
        records = map(json.loads, result.stdout.splitlines())
        return [record["file"] for record in records if "error" not in record], result.stderr

    def content(self, suffix):
        """A picture of this kind, as bytes."""
        return self.picture("whole" + suffix).read_bytes()


class Folder(FolderCase):
    def test_every_ending_of_a_picture_and_none(self):
        jpeg, png = self.content(".jpg"), self.content(".png")
        names = {"a.jfif": jpeg, "b.jpe": jpeg, "c.JPG": jpeg, "d.apng": png, "e": png, "f.bin": jpeg, "g.dib": self.content(".bmp"),
                 "h.data": self.content(".tif"), "i.x": self.content(".webp"), "j.tiff": jpeg}
        for name, content in names.items():
            (self.folder / "in" / name).write_bytes(content)
        looked_at, errors = self.look("in")
        self.assertEqual(looked_at, sorted(f"in/{name}" for name in names))
        self.assertNotIn("left out", errors)

    def test_what_is_no_picture_is_counted_in_a_note(self):
        self.picture("in/a.png")
        for name in ("notes.txt", "model.onnx", "results.json"):
            (self.folder / "in" / name).write_text("no picture at all")
        os.mkfifo(self.folder / "in/pipe")
        (self.folder / "in/b.png.part").write_bytes(self.content(".png"))
        (self.folder / "in/.hidden").write_text("no picture")
        make_video(self.folder / "in/clip.avi", (64, 48), 2)
        looked_at, errors = self.look("in")
        self.assertEqual(looked_at, ["in/a.png"])
        self.assertIn("detect: note: left out: 4 files that are no pictures, such as in/model.onnx; 1 video, such as "
                      "in/clip.avi (give videos by name); 1 file whose name says that it is unfinished, such as "
                      "in/b.png.part\n", errors)
        self.assertEqual(self.look("in", "--quiet")[1], "")

    def test_kinds_that_are_not_read_are_failures_that_name_the_kind(self):
        self.picture("in/a.png")
        Image.new("RGB", (20, 10)).save(self.folder / "in/b.gif")
        Image.new("RGB", (20, 10)).save(self.folder / "in/c", format="GIF")
        Image.new("RGB", (20, 10)).save(self.folder / "in/d.ppm")
        (self.folder / "in/e.heic").write_bytes(b"\0\0\0\x18ftypheix" + bytes(200))
        (self.folder / "in/f.psd").write_bytes(b"8BPS\0\1" + bytes(200))
        (self.folder / "in/g.nef").write_bytes(self.content(".tif"))
        (self.folder / "in/h.avif").write_bytes(b"\0\0\0\x18ftypavis" + bytes(200))
        looked_at, errors = self.look("in", exit_code=5)
        self.assertEqual(looked_at, ["in/a.png"])
        for name, kind in (("b.gif", "a GIF"), ("c", "a GIF"), ("d.ppm", "a PNM picture"), ("e.heic", "a HEIC or AVIF picture"),
                           ("f.psd", "a Photoshop file"), ("h.avif", "a HEIC or AVIF picture")):
            self.assertIn(f"detect: in/{name}: not a JPEG, PNG, TIFF, WebP or BMP picture: it is {kind}\n", errors)
        self.assertIn("detect: in/g.nef: a camera's raw file is not read", errors)
        # By name it is no other.
        self.assertIn("it is a HEIC or AVIF picture", self.look("in/h.avif", "in/e.heic", exit_code=3)[1])
        self.look("in/g.nef", exit_code=3)

    def test_folders_inside_are_counted_and_the_flag_is_named(self):
        for name in ("in/a.png", "in/x/b.png", "in/y/c.png"):
            self.picture(name)
        looked_at, errors = self.look("in")
        self.assertEqual(looked_at, ["in/a.png"])
        self.assertIn("detect: note: left out: 2 folders in in; --recursive looks into them\n", errors)
        self.assertNotIn("left out", self.look("in", "--recursive")[1])

    def test_linked_folders_are_entered_once(self):
        for name in ("in/a.png", "in/x/b.png", "elsewhere/c.png"):
            self.picture(name)
        links = {"in/aa": "x", "in/cycle": "..", "in/x/up": "../..", "in/out": "../elsewhere", "in/x/out": "../../elsewhere"}
        for link, target in links.items():
            (self.folder / link).symlink_to(target)
        self.picture("sole/d.png")
        (self.folder / "tree").mkdir()
        (self.folder / "tree/link").symlink_to("../sole")
        (self.folder / "tree/self").symlink_to(".")
        looked_at, _ = self.look("tree", "--recursive")
        self.assertEqual(looked_at, ["tree/link/d.png"])
        looked_at, _ = self.look("in", "--recursive")
        # "cycle" leads above "in": what lies there comes once, by the first link; what lies below keeps its own name.
        self.assertEqual(looked_at, ["in/a.png", "in/cycle/elsewhere/c.png", "in/cycle/sole/d.png", "in/x/b.png"])

    def test_links_to_nothing_are_failures(self):
        self.picture("in/a.png")
        (self.folder / "in/link.png").symlink_to("missing.png")
        (self.folder / "in/other").symlink_to("nowhere")
        looked_at, errors = self.look("in", exit_code=5)
        self.assertEqual(looked_at, ["in/a.png"])
        self.assertIn("detect: in/link.png: is a link to missing.png, which does not exist\n", errors)
        self.assertIn("detect: in/other: is a link to nowhere, which does not exist\n", errors)

    @unittest.skipIf(os.geteuid() == 0, "nothing is forbidden to root")
    def test_what_cannot_be_read_is_a_failure(self):
        self.picture("in/a.png")
        self.picture("in/x/b.png")
        (self.folder / "in/c").write_bytes(b"secret")
        for name in ("in/x", "in/c"):
            (self.folder / name).chmod(0)
            self.addCleanup((self.folder / name).chmod, 0o700)
        looked_at, errors = self.look("in", "--recursive", exit_code=5)
        self.assertEqual(looked_at, ["in/a.png"])
        self.assertIn("detect: in/x: the folder cannot be read: Permission denied\n", errors)
        self.assertIn("detect: in/c: cannot be read, so nobody knows whether it is a picture: Permission denied\n", errors)

    def test_a_folder_without_pictures(self):
        (self.folder / "in/notes.txt").write_text("no picture")
        _, errors = self.look("in", exit_code=3)
        self.assertIn("detect: in: there are no pictures in this folder", errors)


class Pages(FolderCase):
    def pages(self, name, sizes):
        pictures = [Image.new("RGB", size, 90) for size in sizes]
        pictures[0].save(self.folder / name, save_all=True, append_images=pictures[1:])

    def sizes(self, *arguments, exit_code=0):
        result = self.run_detect(*arguments, "--no-draw", "--jsonl", "-", exit_code=exit_code)
        records = [json.loads(line) for line in result.stdout.splitlines()]
        return [(record["width"], record["height"]) for record in records if "error" not in record], result.stderr

    def test_every_page_of_a_tiff_is_looked_at(self):
        sizes = [(20, 10), (30, 20), (40, 30)]
        self.pages("board.tif", sizes)
        self.picture("a.png", (50, 40))
        self.assertEqual(self.sizes("board.tif", "a.png")[0], sizes + [(50, 40)])
        self.run_detect("board.tif", "a.png", "-o", "drawn/", "--labels-on", "none", "--yolo", "labels")
        self.assertEqual(self.files("drawn"), ["a.png"] + [f"board_page{page}.png" for page in (1, 2, 3)])
        self.assertEqual(self.files("labels"), ["a.txt"] + [f"board_page{page}.txt" for page in (1, 2, 3)] + ["classes.txt"])
        for page, size in enumerate(sizes, 1):
            with Image.open(self.folder / f"drawn/board_page{page}.png") as drawn:
                self.assertEqual(drawn.size, size)
        self.run_detect("board.tif")
        self.assertIn("board_page2_detections.png", self.files())

    def test_pages_from_standard_input_lists_and_folders(self):
        self.pages("in/board.tif", [(20, 10), (30, 20)])
        (self.folder / "list.txt").write_text("in/board.tif\n")
        self.assertEqual(len(self.sizes("--list", "list.txt")[0]), 2)
        self.assertEqual(len(self.sizes("in")[0]), 2)
        self.assertEqual(len(self.look("-", input="in/board.tif\n")[0]), 2)

    def test_a_page_that_is_damaged_is_a_failure_of_its_own(self):
        self.pages("board.tif", [(20, 10), (30, 20), (40, 30)])
        content = bytearray((self.folder / "board.tif").read_bytes())
        at = struct.unpack("<I", content[4:8])[0]
        entries = struct.unpack("<H", content[at:at + 2])[0]
        second = struct.unpack("<I", content[at + 2 + 12 * entries:at + 6 + 12 * entries])[0]
        for entry in range(struct.unpack("<H", content[second:second + 2])[0]):
            place = second + 2 + 12 * entry
            if struct.unpack("<H", content[place:place + 2])[0] == 273:  # where its pixels are
                content[place + 8:place + 12] = struct.pack("<I", 0x7FFFFFFF)
        (self.folder / "board.tif").write_bytes(content)
        sizes, errors = self.sizes("board.tif", exit_code=5)
        self.assertEqual(sizes, [(20, 10), (40, 30)])
        self.assertIn("detect: board.tif: page 2: the picture is cut off or damaged", errors)

    def test_a_loop_of_pages_ends(self):
        self.pages("board.tif", [(20, 10), (30, 20)])
        content = bytearray((self.folder / "board.tif").read_bytes())
        first = struct.unpack("<I", content[4:8])[0]
        second = first + 2 + 12 * struct.unpack("<H", content[first:first + 2])[0]
        second = struct.unpack("<I", content[second:second + 4])[0]
        end = second + 2 + 12 * struct.unpack("<H", content[second:second + 2])[0]
        content[end:end + 4] = struct.pack("<I", first)
        (self.folder / "board.tif").write_bytes(content)
        sizes, errors = self.sizes("board.tif", exit_code=5)
        self.assertEqual(sizes, [(20, 10), (30, 20)])
        self.assertIn("the list of pages leads back to an earlier one; what else is in it is not looked at\n", errors)

    def test_further_frames_are_counted(self):
        pictures = [Image.new("RGB", (20, 10), colour) for colour in (10, 90, 200)]
        for name, kind in (("a.png", "an animated PNG"), ("b.webp", "an animated WebP")):
            pictures[0].save(self.folder / name, save_all=True, append_images=pictures[1:])
            sizes, errors = self.sizes(name, exit_code=5)
            self.assertEqual(sizes, [(20, 10)])
            self.assertIn(f"detect: {name}: is {kind}: 2 further frames are not looked at; save the frames as pictures of "
                          "their own\n", errors)
        jpeg = self.content(".jpg")
        block = b"MPF\0II*\0" + struct.pack("<IHHHIII", 8, 1, 0xB001, 4, 1, 3, 0)
        (self.folder / "c.jpg").write_bytes(jpeg[:2] + b"\xff\xe2" + struct.pack(">H", len(block) + 2) + block + jpeg[2:] + 2 * jpeg)
        sizes, errors = self.sizes("c.jpg", exit_code=5)
        self.assertEqual(sizes, [(20, 10)])
        self.assertIn("detect: c.jpg: is a multi-picture JPEG: 2 further pictures are not looked at", errors)

    def other_verb(self, verb, *arguments, exit_code=3):
        result = subprocess.run([DETECT, verb, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(result.returncode, exit_code, result.stdout + result.stderr)
        return result.stderr

    def test_where_a_file_stands_for_one_picture(self):
        self.pages("in/board.tif", [(20, 10), (30, 20)])
        said = "board.tif: holds 2 pages, where one picture is meant; save the page as a file of its own"
        self.assertIn(said, self.other_verb("bench", "--image", "in/board.tif", "--model", TINY_MODEL))
        annotations = {"images": [{"id": 1, "file_name": "board.tif", "width": 20, "height": 10}], "annotations": [],
                       "categories": [{"id": 1, "name": "first"}, {"id": 2, "name": "second"}]}
        (self.folder / "a.json").write_text(json.dumps(annotations))
        self.assertIn(said, self.other_verb("eval", "--annotations", "a.json", "--images", "in", "--model", TINY_MODEL))
        errors = self.other_verb("export", "--image", "in/board.tif", "--min-size", "64", "--max-size", "64", exit_code=0)
        self.assertIn("detect: warning: in/board.tif: holds 2 pages; the first one is the example\n", errors)


class Text(FolderCase):
    def test_lists_in_another_encoding_are_refused(self):
        self.picture("a.png")
        for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
            (self.folder / "list.txt").write_text("a.png\n", encoding=encoding)
            self.assertEqual(self.look("--list", "list.txt", exit_code=3)[1], "detect: list.txt: is UTF-16; save it as UTF-8\n")
        (self.folder / "list.txt").write_bytes(b"a.png\nb\0.png\n")
        self.assertEqual(self.look("--list", "list.txt", exit_code=3)[1],
                         "detect: list.txt: line 2 holds a zero byte; give one path on each line\n")

    def test_paths_in_any_bytes(self):
        name = os.fsdecode(b"K\xfcrze.png")  # Latin-1
        self.picture("a.png").rename(self.folder / name)
        (self.folder / "list.txt").write_bytes(os.fsencode(name) + b"\r\n")
        self.assertEqual(self.look("--list", "list.txt")[0], [r"K\xFCrze.png"])

    def test_standard_input_in_another_encoding(self):
        self.picture("a.png")
        looked_at, errors = self.look("-", input="\ufeffa.png\r\n")
        self.assertEqual(looked_at, ["a.png"])
        for text, said in (("a\0.\0p\0n\0g\0\n\0", "is UTF-16; save it as UTF-8"),
                           ("a.png\0a.png\0", "line 1 holds a zero byte; give one path on each line")):
            looked_at, errors = self.look("-", input=text, exit_code=3)
            self.assertEqual(looked_at, [])
            self.assertIn(f"detect: standard input: {said}\n", errors)
        self.assertEqual(self.look("-", input="a.png\na\0\n", exit_code=5)[0], ["a.png"])


if __name__ == "__main__":
    unittest.main()
