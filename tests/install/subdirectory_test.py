#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A project that takes this one in by add_subdirectory() gets the libraries under rules of its own, and nothing else."""

import tempfile
import unittest
from pathlib import Path

import support
from support import run

ARGUMENTS = support.parse_arguments()


class Subdirectory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = Path(cls.folder.name)
        cls.build = cls.root / "build"
        (cls.root / "program.cpp").write_text(
            "#include <detect/detector.h>\nint main(int, char** words) { return detect::Detector::load(words[1]) ? 0 : 1; }\n")
        (cls.root / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(station LANGUAGES C CXX)\nenable_testing()\n"
            f"add_subdirectory({ARGUMENTS.source} detect)\n"
            "add_executable(program program.cpp)\ntarget_link_libraries(program detect::detect)\n"
            "install(TARGETS program)\n")
        run(ARGUMENTS.cmake, "-S", cls.root, "-B", cls.build, "-G", "Ninja")
        cls.plan = run("ninja", "-C", cls.build, "-n", "-v").stdout

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_the_library_is_built(self):
        self.assertIn("libdetect.so", self.plan)
        self.assertIn("program.cpp", self.plan)

    def test_nothing_else_is(self):
        for folder in ("tests", "bench", "cli", "samples", "evaluation", "check"):
            self.assertNotIn(f"{ARGUMENTS.source}/{folder}/", self.plan)
        self.assertNotIn("bin/detect", self.plan)

    def test_there_are_no_tests(self):
        self.assertIn("Total Tests: 0", run("ctest", "--test-dir", self.build, "--show-only").stdout)

    def test_warnings_are_not_errors(self):
        self.assertIn("-Wall", self.plan)
        self.assertNotIn("-Werror", self.plan)

    def test_the_build_type_stays_the_projects_own(self):
        cache = (self.build / "CMakeCache.txt").read_text()
        self.assertIn("CMAKE_BUILD_TYPE:STRING=\n", cache)

    def test_it_installs_and_packs_nothing(self):
        scripts = "".join(path.read_text() for path in self.build.glob("detect/**/cmake_install.cmake"))
        self.assertNotIn("file(INSTALL", scripts)
        self.assertFalse((self.build / "CPackConfig.cmake").exists())

    def test_programs_find_the_headers(self):
        run("ninja", "-C", self.build, "CMakeFiles/program.dir/program.cpp.o")


if __name__ == "__main__":
    support.main()
