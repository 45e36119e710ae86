#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cpack makes three Debian packages that say what they need, and hold what they should."""

import gzip
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import support
from support import run

ARGUMENTS = support.parse_arguments()
PACKAGES = ("libdetect0", "libdetect-dev", "detect-tools")

for tool in ("dpkg-deb", "dpkg-shlibdeps", "cpack"):
    if not shutil.which(tool):
        print(f"{tool} is not there: install dpkg-dev")
        sys.exit(77)


class DebianPackages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = Path(cls.folder.name)
        run("cpack", "--config", ARGUMENTS.build / "CPackConfig.cmake", "-B", cls.root, cwd=ARGUMENTS.build)
        cls.files = {name: list(cls.root.glob(f"{name}_*.deb")) for name in PACKAGES}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def field(self, package, name):
        return run("dpkg-deb", "-f", self.files[package][0], name).stdout.strip()

    def contents(self, package):
        listing = run("dpkg-deb", "-c", self.files[package][0]).stdout.splitlines()
        return {line.split(None, 5)[5].split(" -> ")[0].lstrip(".") for line in listing}

    def needs(self, package):
        return {re.split(r"[ (]", entry.strip())[0] for entry in self.field(package, "Depends").split(",")}

    def test_there_are_three(self):
        self.assertEqual({name: len(files) for name, files in self.files.items()}, dict.fromkeys(PACKAGES, 1))
        self.assertEqual(len(list(self.root.glob("*.deb"))), 3)
        for package in PACKAGES:
            self.assertRegex(self.files[package][0].name, rf"^{package}_\d+\.\d+\.\d+_\w+\.deb$")
            self.assertIn("Faster R-CNN", self.field(package, "Description"))

    def test_the_library(self):
        contents = self.contents("libdetect0")
        files = sorted(Path(name).name for name in contents if ".so" in name)
        self.assertEqual([name for name in files if name.endswith(".so.0")], ["libdetect.so.0", "libdetect_export.so.0"])
        self.assertFalse([name for name in contents if "include" in name or name.endswith(".so")])
        self.assertEqual(self.needs("libdetect0"),
                         {"libc6", "libgcc-s1", "libstdc++6", "libtbb12", "libprotobuf32", "libonnx1", "libmd0"})

    def test_the_development_files(self):
        contents = self.contents("libdetect-dev")
        for end in ("/include/detect/detector.h", "/include/detect/detect.h", "/include/detect/opencv.h",
                    "/cmake/detect/detectConfig.cmake", "/pkgconfig/detect.pc", "/libdetect.so",
                    "/libdetect_export.so", "/samples/hello.cpp"):
            self.assertEqual(len([name for name in contents if name.endswith(end)]), 1, end)
        version = self.field("libdetect0", "Version")
        self.assertEqual(self.field("libdetect-dev", "Depends"), f"libdetect0 (= {version})")

    def test_the_tools(self):
        contents = self.contents("detect-tools")
        self.assertIn("/usr/bin/detect", contents)
        self.assertIn("/usr/share/detect/circuit_board.safetensors", contents)
        self.assertFalse([name for name in contents if "/include/" in name or (".so" in name and "/lib/detect/" not in name)])
        needs = self.needs("detect-tools")
        self.assertLessEqual({"libc6", "libtbb12", "libonnx1", "libmd0"}, needs)
        self.assertTrue([name for name in needs if name.startswith("libopencv-imgproc")])
        self.assertFalse([name for name in needs if name.endswith("-dev")])

    def test_each_has_its_papers(self):
        for package in PACKAGES:
            with self.subTest(package):
                folder = f"/usr/share/doc/{package}"
                self.assertLessEqual({f"{folder}/copyright", f"{folder}/changelog.gz", f"{folder}/THIRD_PARTY_NOTICES.md"},
                                     self.contents(package))
                root = self.root / "papers" / package
                root.mkdir(parents=True)
                run("dpkg-deb", "-x", self.files[package][0], root)
                copyright = (root / folder[1:] / "copyright").read_text()
                self.assertIn("License: Apache-2.0", copyright)
                self.assertIn("used for\n research", copyright)
                changelog = gzip.decompress((root / folder[1:] / "changelog.gz").read_bytes()).decode()
                self.assertTrue(changelog.startswith(f"detect ({self.field(package, 'Version')}) "), changelog[:60])
                self.assertEqual(re.search(r"(?m)^ -- (.*?)  ", changelog)[1], self.field(package, "Maintainer"))

    def test_binaries_are_hardened(self):
        count = 0
        for package in PACKAGES:
            root = self.root / "hardened" / package
            root.mkdir(parents=True)
            run("dpkg-deb", "-x", self.files[package][0], root)
            for file in support.elf_files(root):
                with self.subTest(file.name):
                    count += 1
                    self.assertEqual(support.weaknesses(file, "$ORIGIN", [ARGUMENTS.source, ARGUMENTS.build]), [])
        self.assertEqual(count, 4)  # the command, its module for videos, two libraries

    def test_they_are_the_same_when_packed_again(self):
        """Also later: every time stamp is the release's."""
        again = self.root / "again"
        run("cpack", "--config", ARGUMENTS.build / "CPackConfig.cmake", "-B", again, cwd=ARGUMENTS.build)
        for package in PACKAGES:
            name = self.files[package][0].name
            self.assertEqual((again / name).read_bytes(), self.files[package][0].read_bytes(), name)

    def test_what_it_is_made_of(self):
        for package in PACKAGES:
            root = self.root / "made of" / package
            root.mkdir(parents=True)
            run("dpkg-deb", "-x", self.files[package][0], root)
            document = json.loads((root / f"usr/share/doc/{package}/detect.spdx.json").read_text())
            named = {name for entry in document["packages"] for name in entry.get("comment", "").split(", ")}
            for file in support.elf_files(root):
                needed = {name for name in support.dynamic_section(file, "NEEDED") if not name.startswith("libdetect")}
                self.assertLessEqual(needed, named, file.name)

    def test_lintian_finds_nothing(self):
        if not shutil.which("lintian"):
            self.skipTest("lintian is not there: install lintian")
        found = subprocess.run(["lintian", "--allow-root", "--no-cfg", "--fail-on", "none",
                                *[str(self.files[package][0]) for package in PACKAGES]], capture_output=True, text=True)
        self.assertEqual(found.stderr, "")
        self.assertEqual(found.stdout, "", "an override in packaging/debian needs a reason beside it")

    def test_every_override_has_a_reason(self):
        for file in (ARGUMENTS.source / "packaging/debian").glob("*.lintian-overrides"):
            lines = [line for line in file.read_text().splitlines() if line]
            for before, line in zip(["", *lines], lines):
                with self.subTest(f"{file.name}: {line}"):
                    self.assertTrue(line.startswith("#") or before.startswith("#"))

    def test_apt_would_install_them(self):
        if not shutil.which("apt-get"):
            self.skipTest("apt-get is not there")
        plan = run("apt-get", "install", "--simulate", "--no-install-recommends",
                   *[self.files[package][0] for package in PACKAGES]).stdout
        for package in PACKAGES:
            self.assertRegex(plan, rf"(?m)^Inst {re.escape(package)} ")

    def test_unpacked_they_run(self):
        root = self.root / "unpacked"
        for package in PACKAGES:
            run("dpkg-deb", "-x", self.files[package][0], root)
        board = ARGUMENTS.source / "samples/board.png"
        result = run(root / "usr/bin/detect", "run", board, "--score", "0.5", "-o", "drawn.png", cwd=self.root)
        self.assertIn(str(root / "usr/share/detect"), result.stderr)


if __name__ == "__main__":
    support.main()
