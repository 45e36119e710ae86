# SPDX-License-Identifier: Apache-2.0
"""What is measured: pictures, checkpoints and settings, and the files that the peers need for them."""

import hashlib
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

BENCH = Path(__file__).resolve().parent
PROJECT = BENCH.parent


@dataclass(frozen=True)
class Case:
    name: str
    height: int
    width: int
    settings: dict = field(default_factory=dict)
    # "trained", or "random": a seeded network that leaves 1000 proposals on any picture, the most work there is.
    weights: str = "trained"
    # "board", or "black": nothing to find, values that decay to denormals in a careless engine.
    picture: str = "board"

    @property
    def model_name(self):
        settings = "_".join(f"{key}-{value}" for key, value in self.settings.items())
        return f"{self.weights}_{settings or 'default'}"


CASES = [
    Case("320x320", 320, 320, {"preset": "320"}),
    Case("480x640", 480, 640, {"preset": "320"}),
    Case("800x1066", 800, 1066),
    Case("640x640-1024", 640, 640, {"min_size": 1024, "max_size": 1024}),
    Case("800x1066-1000-proposals", 800, 1066, weights="random"),
    Case("800x1066-black", 800, 1066, picture="black"),
]
QUICK = ("320x320", "800x1066")


class Failure(Exception):
    """Something the comparison cannot do without; the message says how to mend it."""


class Files:
    """Makes the files of a case on demand and keeps them in a folder for the next time."""

    def __init__(self, folder, shared, detect, python):
        self.folder, self.shared, self.detect, self.python = folder, shared, detect, python
        self.trained = shared / "weights/deeppcb_mnv3_fpn.pth"
        folder.mkdir(parents=True, exist_ok=True)
        if not self.trained.exists() or not (shared / "deeppcb/test.json").exists():
            raise Failure(f"{shared}: no weights/deeppcb_mnv3_fpn.pth and deeppcb/ there; name their folder in DETECT_SHARED_DIR")
        self._program = hashlib.sha256(detect.read_bytes()).hexdigest()[:12]

    def checkpoint(self, case):
        if case.weights == "trained":
            return self.trained
        return self.make(self.folder / "random_91.pth", lambda path: self._torchvision("--random-checkpoint", path))

    def pictures(self, case):
        """Four pictures: PNG files, and all of them as raw RGB."""
        files = [self.folder / f"{case.name}_{i}.png" for i in range(4)]
        raw = self.folder / f"{case.name}.rgb"
        if not all(path.exists() for path in [*files, raw]):
            self._draw(case, files, raw)
        return files, raw

    def our_export(self, case):
        """What `detect export` makes of the checkpoint; made anew when the program changes."""

        def export(path):
            options = [f"--{key.replace('_', '-')}={value}" for key, value in case.settings.items()]
            run([self.detect, "export", "--weights", self.checkpoint(case), "--image", self.pictures(case)[0][0], "-o", path, *options])

        return self.make(self.versioned(f"{case.model_name}.onnx"), export)

    def torchvision_export(self, case):
        """torch.onnx.export of the same checkpoint, traced on the picture that is measured."""

        def export(path):
            settings = json.dumps(case.settings)
            self._torchvision("--export", self.checkpoint(case), self.first_picture(case), case.height, case.width, settings, path)

        return self.make(self.folder / f"torchvision_{case.name}.onnx", export)

    def versioned(self, name):
        """A file that is made anew when the program changes."""
        path = self.folder / name
        return path.with_name(f"{path.stem}_{self._program}{path.suffix}")

    def matrix_product(self):
        return self.make(self.folder / "matrix_product.onnx", lambda path: self._torchvision("--export-matmul", path))

    def first_picture(self, case):
        raw = self.pictures(case)[1]
        one = raw.with_name(f"{case.name}_first.rgb")
        one.write_bytes(raw.read_bytes()[: 3 * case.height * case.width])
        return one

    def _torchvision(self, *arguments):
        run([self.python, "-B", BENCH / "sessions/torchvision_session.py", *arguments])

    def make(self, path, make):
        """Under its name only when it is whole."""
        if not path.exists():
            unfinished = path.with_name(f"unfinished_{path.name}")
            make(unfinished)
            unfinished.rename(path)
        return path

    def _draw(self, case, files, raw):
        try:
            from PIL import Image
        except ImportError as error:
            raise Failure(f"{error}: apt-get install python3-pil") from error
        images = json.loads((self.shared / "deeppcb/test.json").read_text())["images"]
        pixels = []
        for file, number in zip(files, (0, 12, 60, 148)):
            if case.picture == "black":
                picture = Image.new("RGB", (case.width, case.height))
            else:
                with Image.open(self.shared / "deeppcb/images" / images[number]["file_name"]) as board:
                    picture = board.convert("RGB").resize((case.width, case.height), Image.BILINEAR)
            picture.save(file)
            pixels.append(picture.tobytes())
        raw.write_bytes(b"".join(pixels))


def run(command):
    """Runs a program to its end; its last words become the failure's."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()
        raise Failure(f"{Path(str(command[0])).name} {command[1]}: {lines[-1]}")
    return done.stdout
