# SPDX-License-Identifier: Apache-2.0
"""What the scripts about faults share: all results at once, and whether they are whole and complete."""

import csv
import json
import shutil
import subprocess
import xml.etree.ElementTree

from PIL import Image

from cli_case import PATIENCE, CliCase

COLLECTED = {"--json": "f.json", "--jsonl": "f.jsonl", "--csv": "f.csv", "--coco": "f.coco"}
FOLDERS = {"--yolo": "yolo", "--voc": "voc", "--crops": "crops", "-o": "drawn"}
ALL = [text for option in (COLLECTED | FOLDERS).items() for text in option]
PICTURES = [f"{i:02}" for i in range(16)]


class FaultCase(CliCase):
    def check_whole(self):
        """Whatever has its own name is whole; returns how often each picture is in each collected file."""
        for path in self.folder.rglob("*"):
            if path.is_dir() or ".part" in path.name or path.parent.name == "in":
                continue
            if path.suffix == ".png":
                with Image.open(path) as picture:
                    picture.load()
            elif path.suffix == ".xml":
                xml.etree.ElementTree.parse(path)
            elif path.parent.name == "yolo":
                lines = path.read_text().splitlines(keepends=True)
                self.assertEqual([len(line.split()) for line in lines if not line.endswith("\n")], [])
                self.assertEqual(len(lines), 2, path)
        found = {}
        for name in COLLECTED.values():
            path = self.folder / name
            if not path.exists():
                continue
            text = path.read_text()
            if name == "f.json":
                files = [image["file"] for image in json.loads(text)["images"]]
            elif name == "f.jsonl":
                files = [json.loads(line)["file"] for line in text.splitlines()]
            elif name == "f.csv":
                files = [row["file"] for row in csv.DictReader(text.splitlines()) if row["label_id"] == "1"]
            else:
                files = [result["file_name"] for result in json.loads(text) if result["category_id"] == 1]
            self.assertEqual(len(files), len(set(files)), f"{name}: doubled")
            found[name] = sorted(files)
        return found

    def check_complete(self, pictures=PICTURES):
        """Every picture once in all of them, and nothing else but that."""
        names = [f"in/{name}.png" for name in pictures]
        self.assertEqual(self.check_whole(), {name: names for name in COLLECTED.values()})
        self.assertEqual(self.files("drawn"), [f"{name}.png" for name in pictures])
        self.assertEqual(self.files("voc"), [f"{name}.xml" for name in pictures])
        self.assertEqual(self.files("yolo"), [f"{name}.txt" for name in pictures] + ["classes.txt"])
        self.assertEqual(self.files("crops"), [f"first/{name}-1.png" for name in pictures] +
                         [f"second/{name}-2.png" for name in pictures])
        self.check_nothing_is_left()

    def check_nothing_is_left(self):
        self.assertEqual([str(path) for path in self.folder.rglob("*") if ".part" in path.name], [])

    def clear(self):
        for name in COLLECTED.values():
            for path in self.folder.glob(name + "*"):
                path.unlink()
        for name in FOLDERS.values():
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def quietly(self, arguments, **options):
        return subprocess.Popen(arguments, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, **options)

    def stop_after(self, seconds, arguments, number):
        """Sends a signal at that moment; the exit code."""
        process = self.quietly(arguments)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        return process.wait(timeout=PATIENCE)
