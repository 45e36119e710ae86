#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rooms_test.py SOURCE_FOLDER: the rooms of the house, and the rule that an include never goes up.

Reads every #include of every room. Fails if a room includes one above it, if a folder is no room, if a file includes what
does not exist, or if docs/architecture.md lists other rooms than these, or in another order.
"""

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop(1)) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else Path(__file__).parent.parent

# From the ground up. A room may include itself and the rooms before it. Parts of a room that have an order of their own
# stand here one by one; a file belongs to the longest name that fits.
ROOMS = [
    "include",
    "base",
    "graph/operators",
    "graph",
    "postprocess",
    "backbone",
    "rpn",
    "roi_heads",
    "onnx",
    "executor/reference",
    "executor/passes",
    "executor/kernels",
    "executor/steps",
    "executor/lowering",
    "executor",
    "pictures",
    "results",
    "detector",
    "checkpoint",
    "export",
    "check",
    "evaluation",
    "cli",
]
# What stands around the rooms, and may include all of them.
AROUND = ["bench", "docs", "fuzz", "packaging", "samples", "scripts", "tests"]
# Rooms whose parts are mixed with what they are parts of, as a family of files with its index: both directions go.
MIXED = {("graph/operators", "graph"), ("executor/steps", "executor"),
         ("executor/lowering", "executor")}

SOURCES = {".cpp", ".h", ".inl", ".c", ".in"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<(detect/[^>]+)>)', re.MULTILINE)


def room_of(path):
    """The room of a path relative to the root; None outside of all of them."""
    fitting = [room for room in ROOMS if path == room or path.startswith(room + "/")]
    return max(fitting, key=len, default=None)


def target(name):
    """The path of an included name, relative to the root."""
    return "include/" + name if name.startswith("detect/") else name


def includes(room):
    """(file, line, included path) of every include of ours in a room's own files."""
    for file in sorted((ROOT / room).rglob("*")):
        path = file.relative_to(ROOT).as_posix()
        if file.suffix not in SOURCES or room_of(path) != room:
            continue
        text = file.read_text(encoding="utf-8")
        for found in INCLUDE.finditer(text):
            yield path, text.count("\n", 0, found.start(1 if found[1] else 2)) + 1, target(found[1] or found[2])


# The command's options, which only the command knows: cli/exit_code.cpp names them where the library names a setting.
FLAG = re.compile(r'"(?:[^"\\\n]|\\.)*?(?<![-\w])--[a-z](?:[^"\\\n]|\\.)*"')
# The table of settings and the formats of results say what their options are called, as data for the command.
FLAG_AS_DATA = re.compile(r'\.(?:flag|help) = "')
# `detect check` gives advice in commands, which is its purpose.
FLAGS_ALLOWED = {"check/compatibility.cpp", "check/thresholds.cpp"}


class Rooms(unittest.TestCase):
    def test_no_sentence_of_the_library_names_an_option_of_the_command(self):
        seen = set()
        for room in ROOMS[:ROOMS.index("cli")]:
            for file in sorted((ROOT / room).rglob("*")):
                path = file.relative_to(ROOT).as_posix()
                if file.suffix not in SOURCES:
                    continue
                for line, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                    if text.lstrip().startswith("//") or FLAG_AS_DATA.search(text) or not FLAG.search(text):
                        continue
                    seen.add(path)
                    with self.subTest(f"{path}:{line}"):
                        self.assertIn(path, FLAGS_ALLOWED, "speak of the setting, not of the option: " + text.strip())
        self.assertEqual(seen, FLAGS_ALLOWED)

    def test_json_from_outside_is_parsed_in_one_place(self):
        """base/json_tree.h limits its depth and memory; a safetensors header and a model's class names are
        taken as they come, and make no values."""
        parsers = {file.relative_to(ROOT).as_posix() for room in ROOMS for file in (ROOT / room).rglob("*")
                   if file.suffix in SOURCES and re.search(r"\b(?:[Jj]son|ResultJson|ordered_json)::(?:sax_)?(?:parse|accept)\(",
                                                           file.read_text(encoding="utf-8"))}
        self.assertEqual(parsers, {"base/json_tree.h", "checkpoint/safetensors_reader.cpp", "detector/detector_from_graph.cpp"})

    def test_an_include_never_goes_up(self):
        seen = 0
        for room in ROOMS:
            for path, line, included in includes(room):
                other = room_of(included)
                if other is None:
                    continue
                seen += 1
                with self.subTest(f"{path}:{line}: {included}"):
                    below = ROOMS.index(other) <= ROOMS.index(room)
                    self.assertTrue(below or (room, other) in MIXED, f"{room} is below {other}")
        self.assertGreater(seen, 1000, "includes of ours were read")

    def test_what_is_included_exists(self):
        generated = {"evaluation/report/page_parts.h"}
        for room in ROOMS:
            for path, line, included in includes(room):
                with self.subTest(f"{path}:{line}"):
                    self.assertTrue((ROOT / included).is_file() or included in generated, f"{included} does not exist")

    def test_every_folder_with_sources_is_a_room_or_stands_around_them(self):
        known = {room.split("/")[0] for room in ROOMS} | set(AROUND)
        for folder in ROOT.iterdir():
            if not folder.is_dir() or folder.name.startswith(".") or folder.name in ("build", "node_modules"):
                continue
            with self.subTest(folder.name):
                self.assertIn(folder.name, known)

    def test_public_headers_include_public_headers_alone(self):
        for path, line, included in includes("include"):
            with self.subTest(f"{path}:{line}"):
                self.assertTrue(included.startswith("include/detect/"), included)

    def test_the_documentation_lists_these_rooms_in_this_order(self):
        page = ROOT / "docs" / "architecture.md"
        listed = re.findall(r"^\| `([a-z_]+)/`", page.read_text(encoding="utf-8"), re.MULTILINE)
        rooms = [room for room in ROOMS if "/" not in room]
        self.assertEqual([room for room in listed if room in rooms], rooms)
        self.assertEqual(sorted(set(listed) - set(rooms)), AROUND)


if __name__ == "__main__":
    unittest.main()
