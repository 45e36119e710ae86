# SPDX-License-Identifier: Apache-2.0
"""What goes wrong around a run: it is killed or signalled at any moment, disks are full, nobody reads what is printed,
clocks are set back.

The moments are drawn from DETECT_FAULT_SEED (1); DETECT_FAULT_RUNS (8) says how many there are of each kind.
scripts/fault-runs takes many."""

import ctypes
import json
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import time
import unittest

import numpy

from cli_case import DETECT, PATIENCE, TINY_MODEL, make_video, read_video
from fault_case import ALL, COLLECTED, FOLDERS, PICTURES, FaultCase

RUNS = int(os.environ.get("DETECT_FAULT_RUNS", "8"))
SEED = int(os.environ.get("DETECT_FAULT_SEED", "1"))


class Moments(FaultCase):
    """Signals at any moment of a run, from its first on."""

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        for name in PICTURES:
            self.picture(f"in/{name}.png")

    def moments(self, arguments):
        """Most of a run is over before it writes; half of the moments lie in the rest."""
        started = time.monotonic()
        self.assertEqual(self.quietly(arguments).wait(timeout=PATIENCE), 0)
        whole = time.monotonic() - started
        for i in range(RUNS):
            yield self.random.uniform(0.5 * whole * (i % 2), 1.05 * whole)

    def run_arguments(self, *options):
        return self.arguments(["in", *ALL, "--quiet", *options])

    def test_kill_9_and_resume(self):
        for i, seconds in enumerate(self.moments(self.run_arguments())):
            # Into the place of older results, or from nothing.
            replaced = i % 4 == 3
            if not replaced:
                self.clear()
            with self.subTest(seed=SEED, moment=i):
                self.stop_after(seconds, self.run_arguments(*["--overwrite"] * replaced), signal.SIGKILL)
                self.check_whole()
                self.run_detect("in", *ALL, "--resume")
                self.check_complete()
                done = self.run_detect("in", *ALL, "--resume")
                self.assertIn(f"0 pictures, {len(PICTURES)} done before", done.stderr)

    def test_a_signal_and_resume(self):
        for i, seconds in enumerate(self.moments(self.run_arguments())):
            self.clear()
            number = self.random.choice((signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
            with self.subTest(seed=SEED, moment=i):
                code = self.stop_after(seconds, self.run_arguments(), number)
                # Before the program has come so far as to ask for signals, they end it.
                self.assertIn(code, (0, 128 + number, -number))
                found = self.check_whole()
                self.check_nothing_is_left()
                self.assertEqual(len({tuple(files) for files in found.values()}), min(1, len(found)), found)
                self.run_detect("in", *ALL, "--resume")
                self.check_complete()

    def test_a_watch_is_killed(self):
        for i in range(max(2, RUNS // 4)):
            shutil.rmtree(self.folder / "in")
            (self.folder / "in").mkdir()
            self.clear()
            with self.subTest(seed=SEED, moment=i):
                watch = self.quietly(self.arguments(["--watch", "in", *ALL, "--quiet"]))
                stop = time.monotonic() + self.random.uniform(0.05, 0.6)
                for name in PICTURES:
                    self.picture(f"in/{name}.png")
                    time.sleep(0.01)
                    if time.monotonic() > stop and watch.poll() is None:
                        watch.kill()
                watch.kill()
                watch.wait()
                self.check_whole()
                watch = self.quietly(self.arguments(["--watch", "in", *ALL, "--resume", "--quiet"]))
                # Standard files of each picture come before its line.
                self.wait_for(lambda: self.lines() == len(PICTURES), "all are looked at")
                watch.send_signal(signal.SIGTERM)
                self.assertEqual(watch.wait(timeout=PATIENCE), 143)
                self.check_complete()

    def lines(self):
        part = self.folder / "f.jsonl.part"
        path = part if part.exists() else self.folder / "f.jsonl"
        return path.read_text().count("\n") if path.exists() else 0

    def test_an_eval_is_killed(self):
        annotations = {"images": [{"id": i, "file_name": f"{name}.png", "width": 20, "height": 10}
                                  for i, name in enumerate(PICTURES)],
                       "categories": [{"id": 1, "name": "first"}, {"id": 2, "name": "second"}],
                       "annotations": [{"id": i, "image_id": i, "category_id": 1, "bbox": [1, 2, 2, 2], "area": 4, "iscrowd": 0}
                                       for i in range(len(PICTURES))]}
        (self.folder / "truth.json").write_text(json.dumps(annotations))
        outputs = ["--report", "r.html", "--json", "r.json", "--save-detections", "d.json", "--save-scores", "s.json"]
        command = [DETECT, "eval", "--annotations", "truth.json", "--images", "in", "--model", TINY_MODEL, *outputs]
        for i, seconds in enumerate(self.moments(command)):
            with self.subTest(seed=SEED, moment=i):
                self.stop_after(seconds, command, signal.SIGKILL)
                for name in ("r.json", "d.json", "s.json"):
                    if (self.folder / name).exists():
                        json.loads((self.folder / name).read_text())
                if (self.folder / "r.html").exists():
                    self.assertIn("</html>", (self.folder / "r.html").read_text())
                subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=PATIENCE)
                self.check_nothing_is_left()

    def test_an_export_is_killed(self):
        self.picture("board.png", (64, 48))
        command = [DETECT, "export", "--image", "board.png", "-o", "model.onnx", "--min-size", "32", "--max-size", "32"]
        for i, seconds in enumerate(self.moments(command)):
            with self.subTest(seed=SEED, moment=i):
                before = (self.folder / "model.onnx").stat().st_size
                self.stop_after(seconds, command, signal.SIGKILL)
                self.assertEqual((self.folder / "model.onnx").stat().st_size, before)
                json.loads((self.folder / "model.report.json").read_text())
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=PATIENCE)
        self.check_nothing_is_left()

    def test_a_drawn_video_is_killed(self):
        make_video(self.folder / "clip.avi", (64, 48), 40)
        for i in range(max(2, RUNS // 6)):
            with self.subTest(seed=SEED, moment=i):
                run = self.quietly(self.arguments(["clip.avi", "-o", "drawn.avi"]))
                self.wait_for(lambda: any(self.folder.glob(".drawn.avi.partial-*")) or run.poll() is not None, "a video")
                time.sleep(self.random.uniform(0, 0.02))
                run.kill()
                run.wait()
                self.run_detect("clip.avi", "-o", "drawn.avi")
                self.assertEqual(len(read_video(self.folder / "drawn.avi")[1]), 40)
                self.check_nothing_is_left()


def without_nameless_files():
    """From here on this process, as on many network drives, can open no file that has no name (O_TMPFILE)."""
    nameless, not_supported = 0x400000, 95
    nr, flags = 0, 32  # in struct seccomp_data: the call's number, and the lower half of openat's third argument
    load, jump_if_equal, jump_if_set, answer = 0x20, 0x15, 0x45, 0x06
    program = b"".join(struct.pack("HBBI", *line) for line in (
        (load, 0, 0, nr), (jump_if_equal, 0, 3, 257), (load, 0, 0, flags), (jump_if_set, 0, 1, nameless),
        (answer, 0, 0, 0x00050000 | not_supported), (answer, 0, 0, 0x7FFF0000)))
    lines = ctypes.create_string_buffer(program)
    libc = ctypes.CDLL(None, use_errno=True)
    filter_mode = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(lines)))
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, filter_mode, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


class EveryVerb(FaultCase):
    """The first signal ends any verb, with nothing left and nothing half-written."""

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.picture("board.png", (64, 48))
        for name in PICTURES:
            self.picture(f"in/{name}.png")
        annotations = {"images": [{"id": i, "file_name": f"{name}.png"} for i, name in enumerate(PICTURES)],
                       "categories": [{"id": 1, "name": "first"}],
                       "annotations": [{"id": i, "image_id": i, "category_id": 1, "bbox": [1, 2, 2, 2]}
                                       for i in range(len(PICTURES))]}
        (self.folder / "truth.json").write_text(json.dumps(annotations))
        (self.folder / "out").mkdir()

    def check(self, arguments, outputs, preexec_fn=None):
        """Half of the moments lie where most outputs are written. Old outputs stay until they are replaced as a whole."""
        command = [DETECT, *map(str, arguments)]
        started = time.monotonic()
        self.assertIn(self.quietly(command).wait(timeout=PATIENCE), (0, 6))
        whole = time.monotonic() - started
        self.assertEqual(self.files("out"), sorted(outputs))
        old = {name: (self.folder / "out" / name).read_bytes() for name in outputs}
        ended = 0
        for i in range(max(2, RUNS // 2)):
            number = self.random.choice((signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
            for name, contents in old.items():
                if i % 2:
                    (self.folder / "out" / name).unlink(missing_ok=True)
                else:
                    (self.folder / "out" / name).write_bytes(contents)
            with self.subTest(seed=SEED, moment=i, verb=arguments[0], number=number):
                process = self.quietly(command, preexec_fn=preexec_fn)
                self.signal_at(process, self.random.uniform(0.7 * whole * (i // 2 % 2), 1.05 * whole), number)
                code = process.wait(timeout=PATIENCE)
                # Before main begins a signal ends the program as it does any.
                self.assertIn(code, (0, 6, 128 + number, -number))
                ended += code == 128 + number
                left = self.files("out")
                self.assertEqual([name for name in left if name not in outputs], [])
                for name in left:
                    self.assert_whole(name, len(old[name]))
                if i % 2 == 0:
                    self.assertEqual(left, sorted(outputs))
        return ended

    def signal_at(self, process, seconds, number):
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(number)

    def assert_whole(self, name, size):
        path = self.folder / "out" / name
        if path.suffix == ".json":
            json.loads(path.read_text())
        elif path.suffix == ".html":
            self.assertTrue(path.read_text().rstrip().endswith("</html>"))
        else:
            self.assertEqual(path.stat().st_size, size)

    EXPORT = ["export", "--image", "board.png", "-o", "out/m.onnx", "--min-size", "32", "--max-size", "32"]

    def test_an_export(self):
        self.assertGreater(self.check(self.EXPORT, ["m.onnx", "m.report.json"]), 0)

    def test_an_export_where_every_file_has_a_name(self):
        self.assertGreater(self.check(self.EXPORT, ["m.onnx", "m.report.json"], without_nameless_files), 0)

    def test_an_eval(self):
        for preexec_fn in (None, without_nameless_files):
            self.check(["eval", "--annotations", "truth.json", "--images", "in", "--model", TINY_MODEL, "--report",
                        "out/r.html", "--json", "out/r.json", "--save-detections", "out/d.json"],
                       ["r.html", "r.json", "d.json"], preexec_fn)

    def test_a_check(self):
        self.check(["check", TINY_MODEL, "--image", "board.png", "--json", "out/c.json"], ["c.json"])

    def test_a_bench(self):
        self.check(["bench", "--image", "board.png", "--model", TINY_MODEL, "--runs", "100", "--json", "out/b.json"], ["b.json"])

    def test_a_tensor(self):
        numpy.save(self.folder / "x.npy", numpy.zeros((50000, 3, 1, 1), numpy.float32))
        outputs = {"boxes": "b.npy", "labels": "l.npy", "scores": "s.npy", "valid_detections": "v.npy"}
        options = [text for name, file in outputs.items() for text in ("--output", f"{name}=out/{file}")]
        for preexec_fn in (None, without_nameless_files):
            self.check(["tensor", TINY_MODEL, "--input", "x.npy", *options], outputs.values(), preexec_fn)

    def test_a_signal_that_is_ignored_stays_so(self):
        """As under nohup."""
        process = self.quietly([DETECT, *self.EXPORT], preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        for _ in range(20):
            process.send_signal(signal.SIGHUP)
            time.sleep(0.02)
        self.assertEqual(process.wait(timeout=PATIENCE), 0)
        self.assertEqual(self.files("out"), ["m.onnx", "m.report.json"])


class NoRoom(FaultCase):
    """Files may not grow beyond a size: every write that comes after fails, as on a full disk."""

    def setUp(self):
        super().setUp()
        self.picture("in/00.png")
        self.picture("in/01.png")

    def limited(self, size, *arguments):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        return subprocess.run(self.arguments(arguments), cwd=self.folder, capture_output=True, text=True,
                              timeout=PATIENCE, preexec_fn=limit)

    def test_at_the_first_and_at_the_last_byte_of_each_result(self):
        for option, name in (COLLECTED | FOLDERS).items():
            path = self.folder / name
            no_draw = [] if option == "-o" else ["--no-draw"]
            self.run_detect("in", option, name, *no_draw)
            largest = max(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*.*")))
            for size in (0, largest // 2, largest - 1):
                with self.subTest(option=option, size=size):
                    self.clear()
                    result = self.limited(size, "in", option, name, *no_draw)
                    self.assertEqual(result.returncode, 1, result.stderr)
                    self.assertRegex(result.stderr, r"(?m)^detect: \S+: cannot be written: File too large$")
                    self.check_whole()
                    self.assertEqual([name for name in self.files() if ".partial-" in name], [])
                    self.run_detect("in", option, name, *no_draw, "--resume")
                    self.check_whole()
                    self.check_nothing_is_left()
                    self.assertTrue(path.exists())

    def test_a_video_that_lacks_frames_does_not_get_its_name(self):
        make_video(self.folder / "clip.avi", (64, 48), 40)
        for name in ("drawn.avi", "drawn.mp4", "drawn.mkv"):
            self.run_detect("clip.avi", "-o", name)
            size = (self.folder / name).stat().st_size
            os.remove(self.folder / name)
            for most in (0, size // 3, size - 200):
                with self.subTest(name=name, most=most):
                    result = self.limited(most, "clip.avi", "-o", name)
                    self.assertEqual(result.returncode, 1, result.stderr)
                    self.assertIn(f"{name}: cannot be written", result.stderr)
                    self.assertEqual([str(path) for path in self.folder.iterdir() if "drawn" in path.name], [])

    def test_standard_output_is_full_or_closed(self):
        """Closed, its number would be that of the next file: what is printed must not get into it."""
        with open("/dev/full", "w") as full:
            for options, code in ((["in"], 1), (["in", "missing.png"], 5), (["in", "--fail-on-detect", "any"], 1)):
                result = subprocess.run(self.arguments([*options, "--no-draw", "--jsonl", "-"]), cwd=self.folder,
                                        stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
                self.assertEqual(result.returncode, code)
                self.assertIn("detect: standard output: cannot be written\n", result.stderr)
        self.run_detect("in", "--no-draw", "--csv", "whole.csv")
        closings = [combination for combination in ((1,), (2,), (1, 2), (0, 1, 2))]
        for closed in closings:
            process = subprocess.Popen(self.arguments(["in", "--no-draw", "--csv", "f.csv"]), cwd=self.folder,
                                       preexec_fn=lambda: [os.close(number) for number in closed])
            self.assertEqual(process.wait(timeout=PATIENCE), 1 if 1 in closed else 0)
            self.assertEqual((self.folder / "f.csv").read_text(), (self.folder / "whole.csv").read_text(), closed)
            os.remove(self.folder / "f.csv")

    def test_a_folder_that_may_not_be_written(self):
        """As another user: root may write anywhere."""
        sealed = self.folder / "sealed"
        sealed.mkdir()
        os.chmod(self.folder, 0o755)
        os.chmod(sealed, 0o555)
        user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        probe = subprocess.run(["test", "-x", DETECT, "-a", "-r", TINY_MODEL], **user)
        if probe.returncode != 0:
            self.skipTest("another user cannot run the program here")
        for option, name in (COLLECTED | FOLDERS).items():
            no_draw = [] if option == "-o" else ["--no-draw"]
            result = self.run_detect("in", option, f"sealed/{name}", *no_draw, exit_code=1, **user)
            self.assertRegex(result.stderr, "detect: sealed/.*(Permission denied|cannot be made one)")
        self.assertEqual(self.files("sealed"), [])


class NoMemory(FaultCase):
    """The address space has a limit: somewhere on the way there is no more."""

    def test_an_eval_says_so(self):
        annotations = {"images": [{"id": i, "file_name": f"{i}.png"} for i in range(300)],
                       "categories": [{"id": 1, "name": "first"}],
                       "annotations": [{"id": i, "image_id": i % 300, "category_id": 1, "bbox": [1, 2, 2, 2], "area": 4,
                                        "iscrowd": 0} for i in range(3000)]}
        (self.folder / "truth.json").write_text(json.dumps(annotations))
        detections = [{"image_id": i % 300, "category_id": 1, "bbox": [1, 2, 2, 2], "score": 0.5} for i in range(20000)]
        (self.folder / "d.json").write_text(json.dumps(detections))
        command = [DETECT, "eval", "--annotations", "truth.json", "--detections", "d.json", "--json", "r.json"]

        def with_memory(size):
            return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size)))
        # From where the libraries alone have too little (127 by the loader) to where there is enough.
        least = next(size for size in range(40 << 20, 4 << 30, 4 << 20) if with_memory(size).returncode in (0, 1))
        enough = next(size for size in range(least, 4 << 30, 4 << 20) if with_memory(size).returncode == 0)
        refused = 0
        for size in range(least, enough + (4 << 20), max(1 << 16, (enough - least) // (3 * RUNS))):
            result = with_memory(size)
            with self.subTest(size=size):
                self.assertIn(result.returncode, (0, 1), result.stderr)
                if result.returncode == 1:
                    refused += 1
                    self.assertRegex(result.stderr, r"^detect: .*not enough memory.*\n$")
        self.assertGreater(refused, 0)


class Unread(FaultCase):
    """Somebody holds the pipe that is printed into, and reads no more."""

    def test_the_first_signal_ends_a_run_that_waits_to_print(self):
        for i in range(100):
            self.picture(f"in/{i:03}.png")
        # Into standard output, and with --verbose into standard error.
        for options in (["--jsonl", "-"], [], ["--verbose", "--jsonl", "f.jsonl"]):
            process = self.start_detect("in", "--no-draw", "--csv", "f.csv", *options, pipesize=4096)
            (process.stderr if "--verbose" in options else process.stdout).readline()
            time.sleep(1)
            self.assertIsNone(process.poll(), "it is to wait")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=30), 143)
            # What was done is there, in whole.
            rows = (self.folder / "f.csv").read_text()
            self.assertTrue(rows.endswith("\n"))
            self.assertIn("in/000.png", rows)
            self.check_nothing_is_left()
            self.clear()


class Clocks(FaultCase):
    """Times of files that lie in the future: the clock has been set back, or is another machine's."""

    def test_pictures_from_the_future_are_done_again_and_appear_once(self):
        for name in PICTURES[:3]:
            path = self.picture(f"in/{name}.png")
            os.utime(path, (time.time() + 86400,) * 2)
        for _ in range(3):
            self.run_detect("in", *ALL, "--resume")
            self.check_complete(PICTURES[:3])

    def test_results_from_the_future_hold(self):
        for name in PICTURES[:3]:
            self.picture(f"in/{name}.png")
        self.run_detect("in", *ALL, "--resume")
        for path in self.folder.rglob("*"):
            if path.is_file() and path.parent.name != "in":
                os.utime(path, (time.time() + 86400,) * 2)
        again = self.run_detect("in", *ALL, "--resume")
        self.assertIn("0 pictures, 3 done before", again.stderr)
        self.check_complete(PICTURES[:3])

    def test_a_watch_sees_pictures_from_the_future_once(self):
        (self.folder / "in").mkdir()
        watch = self.start_detect("--watch", "in", "--no-draw", "--jsonl", "f.jsonl", "--quiet")
        for name in PICTURES[:3]:
            path = self.picture(f"elsewhere/{name}.png")
            os.utime(path, (time.time() + 86400,) * 2)
            os.rename(path, self.folder / f"in/{name}.png")
        part = self.folder / "f.jsonl.part"
        self.wait_for(lambda: part.exists() and part.read_text().count("\n") >= 3, "three pictures")
        time.sleep(0.3)
        self.interrupt(watch)
        self.assertEqual((self.folder / "f.jsonl").read_text().count("\n"), 3)


if __name__ == "__main__":
    unittest.main()
