# SPDX-License-Identifier: Apache-2.0
"""What the scripts in this folder share: the real program in a folder of its own, and pictures to run it on."""

import contextlib
import fcntl
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

from PIL import Image

DETECT = os.environ["DETECT_COMMAND"]
TINY_MODEL = os.environ["DETECT_TINY_MODEL"]
VIDEO_TOOL = os.environ["DETECT_VIDEO_TOOL"]
PATIENCE = 120  # seconds; other programs may keep the machine busy


class CliCase(unittest.TestCase):
    """The tiny model finds (1,2,3,4) of class 1 "first", 0.9, and (0,0,8,8) of class 2 "second", 0.6, everywhere."""

    maxDiff = None

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def picture(self, name, size=(20, 10), mode="RGB"):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not flat: a picture in which there is nothing to see is doubtful.
        Image.linear_gradient("L").resize(size).convert(mode).save(path)
        return path

    def arguments(self, arguments):
        return [DETECT, "run", *map(str, arguments), "--model", TINY_MODEL]

    def run_detect(self, *arguments, exit_code=0, **options):
        result = subprocess.run(self.arguments(arguments), cwd=self.folder, capture_output=True, text=True,
                                timeout=PATIENCE, **options)
        self.assertEqual(result.returncode, exit_code, result.stdout + result.stderr)
        return result

    def start_detect(self, *arguments, **options):
        process = subprocess.Popen(self.arguments(arguments), cwd=self.folder, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()

    def interrupt(self, process, exit_code=130):
        """Ctrl-C; returns what was printed."""
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, exit_code, output + errors)
        return output, errors

    def wait_for(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.01)

    @contextlib.contextmanager
    def held(self, path):
        """Whoever opens the file waits, until this ends or 45 seconds are over."""
        before = signal.signal(signal.SIGIO, signal.SIG_IGN)
        with open(path, "rb+") as file:
            try:
                fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            except OSError as error:
                self.skipTest(f"this file system grants no leases: {error}")
            yield
        signal.signal(signal.SIGIO, before)

    def files(self, folder="."):
        root = self.folder / folder
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def make_video(path, size, frames):
    subprocess.run([VIDEO_TOOL, "make", path, str(size[0]), str(size[1]), str(frames)], check=True)


def read_video(path):
    """(width, height, rate), and the brightness of each frame's centre."""
    lines = subprocess.run([VIDEO_TOOL, "read", path], check=True, capture_output=True, text=True).stdout.splitlines()
    return tuple(map(float, lines[0].split())), [float(line) for line in lines[1:]]
