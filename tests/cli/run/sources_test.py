# SPDX-License-Identifier: Apache-2.0
"""detect run: what can be looked at."""

import functools
import http.server
import json
import os
import pathlib
import threading
import unittest

from PIL import Image

from cli_case import PATIENCE, CliCase, make_video, read_video

VIRTUAL_CAMERA = os.environ["DETECT_VIRTUAL_CAMERA"]


class Sources(CliCase):
    def names(self, *arguments, **options):
        """Which inputs were looked at, in order."""
        result = self.run_detect(*arguments, "--no-draw", "--json", "-", **options)
        return [image["file"] for image in json.loads(result.stdout)["images"]]

    def test_a_folder_gives_its_pictures_in_the_order_of_their_names(self):
        for name in ("in/b.png", "in/a.jpg", "in/C.BMP", "in/d.tiff", "in/e.webp", "in/.hidden.png", "in/below/f.png"):
            self.picture(name)
        (self.folder / "in/notes.txt").write_text("no picture")
        (self.folder / "in/a.png.part").write_text("half a picture")
        self.assertEqual(self.names("in"), ["in/C.BMP", "in/a.jpg", "in/b.png", "in/d.tiff", "in/e.webp"])

    def test_recursive_looks_below_and_drawings_keep_the_folders(self):
        for name in ("in/a.png", "in/x/a.png", "in/x/y/a.png"):
            self.picture(name)
        self.assertEqual(self.names("in", "--recursive"), ["in/a.png", "in/x/a.png", "in/x/y/a.png"])
        self.run_detect("in", "--recursive", "-o", "drawn")
        self.assertEqual(self.files("drawn"), ["a.png", "x/a.png", "x/y/a.png"])

    def test_what_is_drawn_below_the_folder_is_not_looked_at_the_next_time(self):
        self.picture("in/a.png")
        for _ in range(2):
            self.run_detect("in", "--recursive", "-o", "in/drawn", "--crops", "in/crops")
        self.assertEqual(self.names("in", "--recursive", "-o", "in/drawn", "--crops", "in/crops"), ["in/a.png"])

    def test_quoted_patterns(self):
        for name in ("line1/b.png", "line1/a.png", "line2/c.png", "line1/d.jpg"):
            self.picture(name)
        self.assertEqual(self.names("line1/*.png"), ["line1/a.png", "line1/b.png"])
        self.assertEqual(self.names("line?/[a-c].png"), ["line1/a.png", "line1/b.png", "line2/c.png"])

    def test_a_file_whose_name_looks_like_a_pattern(self):
        self.picture("a[1].png")
        self.picture("a1.png")
        self.assertEqual(self.names("a[1].png"), ["a[1].png"])

    def test_a_pattern_without_a_match_is_unreadable_input(self):
        result = self.run_detect("none*.png", exit_code=3)
        self.assertEqual(result.stderr, "detect: none*.png: no such file, and nothing matches it as a pattern\n")

    def test_a_list_as_any_editor_writes_it(self):
        for name in ("a.png", "b c.png"):
            self.picture(name)
        (self.folder / "list.txt").write_bytes(b"\xef\xbb\xbfb c.png\r\n\r\na.png")
        self.assertEqual(self.names("--list", "list.txt"), ["b c.png", "a.png"])
        self.run_detect("--list", "missing.txt", exit_code=3)
        (self.folder / "empty.txt").write_text("\n")
        self.run_detect("--list", "empty.txt", exit_code=2)

    def test_paths_on_standard_input(self):
        for name in ("a.png", "b.png"):
            self.picture(name)
        self.assertEqual(self.names("-", input="b.png\na.png"), ["b.png", "a.png"])

    def test_standard_input_is_looked_at_as_it_comes(self):
        for name in ("a.png", "b.png"):
            self.picture(name)
        process = self.start_detect("-", "--no-draw", "--jsonl", "-")
        for name in ("a.png", "b.png"):
            process.stdin.write(name + "\n")
            process.stdin.flush()
            self.assertEqual(json.loads(process.stdout.readline())["file"], name)
        process.communicate()
        self.assertEqual(process.returncode, 0)

    def test_pictures_named_on_standard_input_are_not_overwritten(self):
        self.picture("a.jpg")
        before = self.picture("a.png").read_bytes()
        result = self.run_detect("-", "-o", ".", input="a.jpg\na.png\n", exit_code=2)
        self.assertIn("could be overwritten", result.stderr)
        self.assertEqual((self.folder / "a.png").read_bytes(), before)

    def test_nothing_to_look_at_is_a_usage_error(self):
        self.assertIn("pictures is required", self.run_detect(exit_code=2).stderr)

    def test_pictures_need_no_video_library(self):
        self.picture("a.png")
        process = self.start_detect("-", "--no-draw", "--jsonl", "-")
        process.stdin.write("a.png\n")
        process.stdin.flush()
        process.stdout.readline()
        maps = pathlib.Path(f"/proc/{process.pid}/maps").read_text()
        process.communicate()
        loaded = {os.path.basename(line.split()[-1]).split(".so")[0] for line in maps.splitlines() if ".so" in line}
        self.assertIn("libopencv_imgproc", loaded)
        self.assertEqual(loaded & {"libopencv_videoio", "libopencv_imgcodecs", "libavcodec", "libgomp", "detect_video"}, set())


class Videos(CliCase):
    def frames(self, *arguments, **options):
        result = self.run_detect(*arguments, "--no-draw", "--jsonl", "-", **options)
        return [(image["file"], image["frame"], image["width"], image["height"])
                for image in map(json.loads, result.stdout.splitlines())]

    def test_every_frame_of_a_video_is_looked_at(self):
        for name in ("clip.avi", "clip.mp4"):
            make_video(self.folder / name, (64, 48), 5)
            self.assertEqual(self.frames(name), [(name, i, 64, 48) for i in range(5)])

    def test_videos_and_pictures_together(self):
        make_video(self.folder / "clip.avi", (64, 48), 2)
        self.picture("a.png")
        (self.folder / "list.txt").write_text("clip.avi\na.png\nclip.avi\n")
        for arguments in (("clip.avi", "a.png", "clip.avi"), ("--list", "list.txt")):
            result = self.run_detect(*arguments, "--no-draw", "--json", "-")
            found = [(image["file"], image.get("frame")) for image in json.loads(result.stdout)["images"]]
            self.assertEqual(found, [("clip.avi", 0), ("clip.avi", 1), ("a.png", None), ("clip.avi", 0), ("clip.avi", 1)])

    def test_a_video_named_on_standard_input(self):
        make_video(self.folder / "clip.avi", (64, 48), 2)
        self.picture("a.png")
        result = self.run_detect("-", "--no-draw", "--jsonl", "-", input="clip.avi\na.png\n")
        found = [json.loads(line).get("frame") for line in result.stdout.splitlines()]
        self.assertEqual(found, [0, 1, None])

    def test_a_stream(self):
        make_video(self.folder / "clip.avi", (64, 48), 4)
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=self.folder)
        handler.log_message = lambda *_: None
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                url = f"http://user:secret@127.0.0.1:{server.server_port}/clip.avi"
                frames = self.frames(url)
            finally:
                server.shutdown()
        # The password is nobody's business.
        self.assertEqual(frames, [(url.replace("user:secret@", ""), i, 64, 48) for i in range(4)])

    def test_what_cannot_be_opened_is_unreadable_input(self):
        (self.folder / "broken.avi").write_bytes(b"RIFF\0\0\0\0AVI LIST")
        for argument, name in (("broken.avi", "broken.avi"), ("http://127.0.0.1:1/x.avi", "http://127.0.0.1:1/x.avi")):
            result = self.run_detect(argument, "--no-draw", exit_code=3)
            self.assertRegex(result.stderr, f"^detect: {name}: cannot be opened as a (video|stream)\n$")

    def test_a_video_that_is_cut_off_is_a_failure_after_its_frames(self):
        make_video(self.folder / "clip.avi", (320, 240), 40)
        whole = (self.folder / "clip.avi").read_bytes()
        (self.folder / "cut.avi").write_bytes(whole[:len(whole) * 6 // 10])
        result = self.run_detect("cut.avi", "--no-draw", "--jsonl", "-", "--quiet", exit_code=5)
        *records, last = map(json.loads, result.stdout.splitlines())
        self.assertIn("it is cut off or damaged", last["error"]["message"])
        frames = len(records)
        self.assertTrue(10 < frames < 35, frames)
        self.assertEqual(result.stderr, f"detect: cut.avi: ends after {frames} of 40 frames: it is cut off or damaged\n")
        self.assertEqual(len(self.frames("clip.avi")), 40)

    def motion_jpeg(self, frames, seconds_of_silence):
        """A camera on the network, as many speak: its URL."""
        jpeg = self.picture("frame.jpg", (64, 48)).read_bytes()
        silence = threading.Event()
        self.addCleanup(silence.set)

        class Camera(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                for _ in range(frames):
                    self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(jpeg), jpeg))
                self.wfile.flush()
                silence.wait(seconds_of_silence)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera)
        server.daemon_threads = True
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/camera.mjpg"

    def test_a_stream_that_ends(self):
        self.assertEqual(len(self.frames(self.motion_jpeg(6, 0))), 6)

    def test_a_stream_that_falls_silent_is_a_failure(self):
        url = self.motion_jpeg(6, PATIENCE)
        result = self.run_detect(url, "--no-draw", "--jsonl", "f.jsonl", "--quiet", exit_code=5)
        self.assertEqual(result.stderr, f"detect: {url}: has sent nothing for 10 seconds\n")
        records = [json.loads(line) for line in (self.folder / "f.jsonl").read_text().splitlines()]
        self.assertEqual(["error" in record for record in records], [False] * 6 + [True])
        self.assertTrue(all(record["time"] for record in records))

    def test_ctrl_c_ends_a_silent_stream_with_whole_files(self):
        process = self.start_detect(self.motion_jpeg(6, PATIENCE), "--no-draw", "--jsonl", "f.jsonl", "-o", "f.avi")
        growing = self.folder / "f.jsonl.part"
        self.wait_for(lambda: growing.exists() and growing.read_text().count("\n") == 6, "six frames")
        self.interrupt(process)
        self.assertEqual((self.folder / "f.jsonl").read_text().count("\n"), 6)

    def camera(self, pictures=None):
        """The environment in which camera 62 is there, until it has given so many pictures."""
        limit = {} if pictures is None else {"VIRTUAL_CAMERA_PICTURES": str(pictures)}
        return os.environ | {"LD_PRELOAD": VIRTUAL_CAMERA} | limit

    def test_a_camera_that_is_unplugged_is_a_failure_after_its_pictures(self):
        result = self.run_detect("--camera", "62", "--no-draw", "--jsonl", "-", "--crops", "crops", "--quiet", exit_code=5,
                                 env=self.camera(9))
        self.assertEqual(result.stderr, "detect: camera 62: gives no more pictures: is it still connected?\n")
        *lines, last = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertIn("gives no more pictures", last["error"]["message"])
        # OpenCV leaves out the first one.
        self.assertEqual([line["frame"] for line in lines], list(range(8)))
        for line in lines:
            self.assertEqual((line["file"], line["width"], line["height"]), ("camera 62", 64, 48))
            with Image.open(self.folder / f"crops/second/camera62_{line['frame']:06}-2.png") as crop:
                number = line["frame"] + 1
                self.assertEqual(crop.convert("RGB").getpixel((4, 4)), (255 - number, 128, number))

    def test_ctrl_c_ends_a_camera_with_whole_files(self):
        process = self.start_detect("--camera", "62", "--jsonl", "f.jsonl", "-o", "f.avi", env=self.camera())
        growing = self.folder / "f.jsonl.part"
        self.wait_for(lambda: growing.exists() and growing.read_text().count("\n") >= 5, "five pictures")
        self.interrupt(process)
        frames = (self.folder / "f.jsonl").read_text().count("\n")
        self.assertGreaterEqual(frames, 5)
        size, brightness = read_video(self.folder / "f.avi")
        self.assertEqual(size, (64, 48, 50))
        self.assertEqual(len(brightness), frames)

    @unittest.skipIf(os.path.exists("/dev/video63"), "there is such a camera")
    def test_a_camera_that_is_not_there(self):
        result = self.run_detect("--camera", "63", "--no-draw", exit_code=3)
        self.assertEqual(result.stderr, "detect: camera 63: cannot be opened as a camera\n")


if __name__ == "__main__":
    unittest.main()
