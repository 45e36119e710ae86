#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cmake --install, then everything a user does with it: compile, link, run, move it elsewhere."""

import json
import re
import shutil
import tempfile
import unittest
from pathlib import Path

import support
from support import run

ARGUMENTS = support.parse_arguments()
SAMPLES = ARGUMENTS.source / "samples"
BOARD = SAMPLES / "board.png"
STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")


def lines_of(text):
    """Lines of `name score x1 y1 x2 y2` as (name, numbers)."""
    return [(line.split()[0], [float(word) for word in line.split()[1:]]) for line in text.splitlines()]


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = Path(cls.folder.name)
        first = cls.root / "first"
        run(ARGUMENTS.cmake, "--install", ARGUMENTS.build, "--prefix", first)
        # Moved after it was installed: nothing may know where it lay.
        cls.prefix = cls.root / "moved" / "here"
        cls.prefix.parent.mkdir()
        first.rename(cls.prefix)
        cls.lib = next(cls.prefix.glob("**/libdetect.so.0")).parent
        cls.include = cls.prefix / "include"
        cls.detect = cls.prefix / "bin" / "detect"
        cls.model = cls.root / "model.onnx"
        cls.build = cls.build_samples()
        cls.exported = run(cls.build / "export_and_run", cls.prefix / "share/detect/circuit_board.safetensors", BOARD,
                           cls.model)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def build_samples(cls):
        sources = cls.root / "samples"
        shutil.copytree(SAMPLES / "programs", sources)
        build = cls.root / "build"
        run(ARGUMENTS.cmake, "-S", sources, "-B", build, f"-DCMAKE_PREFIX_PATH={cls.prefix}",
            "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror", "-DCMAKE_C_FLAGS=-Wall -Wextra -Wpedantic -Werror",
            "-DCMAKE_BUILD_TYPE=Debug")
        run(ARGUMENTS.cmake, "--build", build)
        return build

    def pkg_config(self, *words):
        found = run("pkg-config", *words,
                    environment={"PKG_CONFIG_PATH": str(self.lib / "pkgconfig")}).stdout.split()
        # OpenCV's folder is a system's one, whose warnings are its own.
        return [re.sub(r"^-I(/usr/include/opencv4)$", r"-isystem\1", word) for word in found]

    def board_as_ppm(self):
        try:
            from PIL import Image
        except ImportError:
            self.skipTest("PIL is not there: install python3-pil")
        ppm = self.root / "board.ppm"
        Image.open(BOARD).convert("RGB").save(ppm)
        return ppm

    def expected(self):
        text = run(self.detect, "run", BOARD, "--model", self.model, "--score", "0", "--json", "-", "-o", self.root / "drawn.png").stdout
        return [(d["label"], [d["score"], *d["box"]]) for d in json.loads(text)["images"][0]["detections"]]

    def assert_same(self, output):
        expected = self.expected()
        self.assertGreater(len(expected), 5)
        found = lines_of(output)
        self.assertEqual([name for name, _ in found], [name for name, _ in expected])
        for (_, numbers), (_, wanted) in zip(found, expected):
            self.assertAlmostEqual(numbers[0], wanted[0], delta=0.00051)
            for number, corner in zip(numbers[1:], wanted[1:]):
                self.assertAlmostEqual(number, corner, delta=0.051)

    # What is there.

    def test_headers_compile_alone(self):
        headers = sorted(path.relative_to(self.include) for path in self.include.glob("detect/*.h"))
        names = {path.name for path in headers}
        self.assertLessEqual({"detector.h", "image.h", "error.h", "detect.h", "export.h", "opencv.h", "tiling.h"}, names)
        for header in headers:
            source = self.root / "alone.cpp"
            source.write_text(f"#include <{header}>\n#include <{header}>\nint main() {{}}\n")
            run("g++", "-std=c++20", *STRICT, "-Wconversion", "-fsyntax-only", f"-I{self.include}",
                "-isystem/usr/include/opencv4", source)
            if header.name != "opencv.h":
                self.assertNotIn("opencv", run("g++", "-std=c++20", "-M", f"-I{self.include}", source).stdout)

    def test_the_c_header_is_c99(self):
        source = self.root / "alone.c"
        source.write_text("#include <detect/detect.h>\nint main(void) { return 0; }\n")
        run("gcc", "-std=c99", "-pedantic-errors", *STRICT, "-fsyntax-only", f"-I{self.include}", source)

    def test_only_the_interface_is_exported(self):
        symbols = support.exported_symbols(self.lib / "libdetect.so.0")
        header = (self.include / "detect/detect.h").read_text()
        declared = set(re.findall(r"DETECT_API [^;(]*?(detect_\w+)\(", header))
        self.assertGreater(len(declared), 15)
        self.assertEqual({name for name in symbols if not name.startswith("detect::")}, declared)
        allowed = re.compile(r"detect::(Detector::\w+(\[abi:cxx11\])?\(|to_string\(detect::ErrorCode\)$)")
        self.assertEqual([name for name in symbols if name.startswith("detect::") and not allowed.match(name)], [])
        self.assertTrue(any(name.startswith("detect::Detector::run(") for name in symbols))

    def test_it_cannot_print_or_end_the_program(self):
        talks = re.compile(r"(_?exit|quick_exit|abort|__assert_fail|puts|putchar|perror|(__)?v?f?printf(_chk)?|fwrite|fputs|fputc|"
                           r"stdout|stderr|std::(cout|cerr|clog|terminate)\b.*)(@|$)")
        for name in ("libdetect.so.0", "libdetect_export.so.0"):
            undefined = run("nm", "-D", "-C", "--undefined-only", self.lib / name).stdout
            used = re.findall(r"(?m)^ +[Uw] (.*)$", undefined)
            self.assertTrue(any(symbol.startswith("pthread_") or symbol.startswith("malloc") or "operator new" in symbol for symbol in used))
            self.assertEqual([symbol for symbol in used if talks.match(symbol)], [], name)

    def test_the_exporter_exports_two_functions(self):
        symbols = support.exported_symbols(self.lib / "libdetect_export.so.0")
        self.assertEqual({name.split("(")[0] for name in symbols},
                         {"detect::export_checkpoint", "detect::load_checkpoint"})
        undefined = run("nm", "-D", "-C", "--undefined-only", self.lib / "libdetect_export.so.0").stdout
        used = {name for name in re.findall(r"U (detect::[^(]*)", undefined)}
        self.assertEqual(used, {"detect::Detector::load"})

    def test_libraries_are_versioned_and_need_little(self):
        library = self.lib / "libdetect.so.0"
        self.assertEqual(support.dynamic_section(library, "SONAME"), ["libdetect.so.0"])
        self.assertEqual((self.lib / "libdetect.so").resolve(), library.resolve())
        self.assertRegex(library.resolve().name, r"^libdetect\.so\.0\.\d+\.\d+$")
        needed = support.dynamic_section(library, "NEEDED")
        allowed = re.compile(r"(libonnx_proto|libprotobuf|libtbb|libstdc\+\+|libm|libgcc_s|libc|ld-linux-x86-64)\.so")
        self.assertEqual([name for name in needed if not allowed.match(name)], [])
        exporter = support.dynamic_section(self.lib / "libdetect_export.so.0", "NEEDED")
        self.assertIn("libdetect.so.0", exporter)
        self.assertFalse([name for name in exporter if "opencv" in name])

    def test_it_may_be_unloaded_while_its_threads_are_alive(self):
        script = self.root / "unload.py"
        script.write_text(
            "import ctypes, sys, time\n"
            "library = ctypes.CDLL(sys.argv[1])\n"
            "detector = ctypes.c_void_p()\n"
            "library.detect_create(ctypes.byref(detector))\n"
            "assert library.detect_load_file(detector, sys.argv[2].encode(), None) == 0\n"
            "assert library.detect_warm_up(detector, 200, 200, 1) == 0\n"
            "ctypes.CDLL(None).dlclose(ctypes.c_void_p(library._handle))\n"
            "time.sleep(0.2)\n"
            "print('libtbb' in open('/proc/self/maps').read())\n")
        loaded = run("/usr/bin/python3", "-B", script, self.lib / "libdetect.so.0", self.model)
        self.assertEqual(loaded.stdout, "True\n")

    def test_the_training_script_comes_along(self):
        script = next(self.prefix.glob("**/samples/train/train.py"))
        self.assertEqual({path.name for path in script.parent.iterdir()},
                         {"train.py", "coco_crops.py", "average_precision.py", "README.md"})

    # What users build with it.

    def test_hello(self):
        self.assert_same(run(self.build / "hello", self.model, BOARD).stdout)
        missing = run(self.build / "hello", self.model, self.root / "missing.png", expected=1)
        self.assertIn("cv::Mat is empty", missing.stderr)

    def test_c_program(self):
        ppm = self.board_as_ppm()
        self.assert_same(run(self.build / "c_program", self.model, ppm).stdout)
        self.assertIn("missing.onnx", run(self.build / "c_program", "missing.onnx", ppm, expected=1).stderr)

    def test_python_through_ctypes(self):
        ppm = self.board_as_ppm()
        program = self.root / "samples/ctypes_program.py"
        library = {"LIBDETECT": str(self.lib / "libdetect.so.0")}
        self.assert_same(run("/usr/bin/python3", "-B", program, self.model, ppm, environment=library).stdout)
        failed = run("/usr/bin/python3", "-B", program, "missing.onnx", ppm, environment=library, expected=1)
        self.assertIn("missing.onnx", failed.stderr)

    def tiled(self):
        """What the command finds in tiles: each line of (label, numbers)."""
        text = run(self.detect, "run", BOARD, "--model", self.model, "--score", "0", "--tile", 320, "--json", "-", "--no-draw").stdout
        found = [(d["label"], [d["score"], *d["box"]]) for d in json.loads(text)["images"][0]["detections"]]
        self.assertGreater(len(found), 5)
        self.assertNotEqual(found, self.expected())
        return found

    def test_tiles_in_cpp(self):
        source = self.root / "tiles.cpp"
        source.write_text(
            "#include <detect/opencv.h>\n#include <opencv2/imgcodecs.hpp>\n#include <cstdio>\n"
            "int main(int, char** words) {\n"
            "    detect::DetectorOptions options;\n"
            "    options.tiling = detect::TilingOptions{.tile = 320};\n"
            "    const auto detector = detect::Detector::load(words[1], options);\n"
            "    if (!detector) return 1;\n"
            "    const auto found = detect::run(*detector, cv::imread(words[2]));\n"
            "    if (!found) return 1;\n"
            "    for (const auto& d : found->detections)\n"
            "        std::printf(\"%s %.6f %.6f\\n\", detector->label_name(d.label).c_str(), d.score, d.box.x1);\n"
            "}\n")
        run("g++", "-std=c++20", *STRICT, source, *self.pkg_config("--cflags", "--libs", "detect", "opencv4"), "-o", self.root / "tiles")
        lines = lines_of(run(self.root / "tiles", self.model, BOARD, environment={"LD_LIBRARY_PATH": str(self.lib)}).stdout)
        wanted = self.tiled()
        self.assertEqual([name for name, _ in lines], [name for name, _ in wanted])
        for (_, (score, x1)), (_, numbers) in zip(lines, wanted):
            self.assertAlmostEqual(score, numbers[0], delta=1e-5)
            self.assertAlmostEqual(x1, numbers[1], delta=1e-3)

    def test_tiles_in_c(self):
        script = ("import sys; sys.path.insert(0, sys.argv[1])\n"
                  "import ctypes_program\n"
                  "for name, score, box in ctypes_program.Detector(sys.argv[2], tile=320).run(*ctypes_program.read_ppm(sys.argv[3])):\n"
                  "    print(name, score, *box)\n")
        output = run("/usr/bin/python3", "-B", "-c", script, self.root / "samples", self.model, self.board_as_ppm(),
                     environment={"LIBDETECT": str(self.lib / "libdetect.so.0")}).stdout
        lines, wanted = lines_of(output), self.tiled()
        self.assertEqual([name for name, _ in lines], [name for name, _ in wanted])
        for (_, numbers), (_, expected) in zip(lines, wanted):
            for number, value in zip(numbers, expected):
                self.assertAlmostEqual(number, value, delta=1e-3)

    def test_camera_loop_over_a_folder_of_frames(self):
        frames = self.root / "frames"
        frames.mkdir()
        for number in range(6):
            shutil.copy(BOARD, frames / f"{number:03}.png")
        lines = run(self.build / "camera_loop", self.model, frames).stdout.splitlines()
        self.assertEqual(len(lines), 7)
        objects = {re.search(r": (\d+) objects", line)[1] for line in lines[:6]}
        self.assertEqual(objects, {str(len(self.expected()))})
        summary = re.fullmatch(r"6 frames: p50 ([\d.]+) ms, p95 ([\d.]+) ms, p99 ([\d.]+) ms", lines[6])
        self.assertTrue(summary, lines[6])
        self.assertLessEqual(float(summary[1]), float(summary[3]))
        self.assertEqual(len(run(self.build / "camera_loop", self.model, frames, 2).stdout.splitlines()), 3)
        self.assertIn("no frames", run(self.build / "camera_loop", self.model, self.prefix / "bin", expected=1).stderr)

    def test_camera_loop_until_the_camera_is_unplugged(self):
        camera = {"LD_PRELOAD": str(ARGUMENTS.build / "tests/support/libvirtual_camera.so")}
        lines = run(self.build / "camera_loop", self.model, 62, 3, environment=camera).stdout.splitlines()
        self.assertEqual(len(lines), 4)
        lines = run(self.build / "camera_loop", self.model, 62,
                    environment={**camera, "VIRTUAL_CAMERA_PICTURES": "30"}).stdout.splitlines()
        # Frames that come while it is busy are left out.
        self.assertTrue(1 < len(lines) <= 30, lines)
        self.assertRegex(lines[-1], rf"^{len(lines) - 1} frames: p50 ")

    def test_folder_worker(self):
        folder = self.root / "night"
        folder.mkdir()
        for name in ("a.png", "b.png", "c.png"):
            shutil.copy(BOARD, folder / name)
        rows = run(self.build / "folder_worker", self.model, folder).stdout.splitlines()
        strong = [d for d in self.expected() if d[1][0] >= 0.3]
        self.assertGreater(len(strong), 0)
        self.assertEqual(rows[0], "file,label,score,x1,y1,x2,y2")
        for name in ("a.png", "b.png", "c.png"):
            self.assertEqual([row.split(",")[1] for row in rows if name in row], [label for label, _ in strong])
        (folder / "broken.png").write_bytes(b"not a picture")
        failed = run(self.build / "folder_worker", self.model, folder, expected=5)
        self.assertEqual(sorted(failed.stdout.splitlines()), sorted(rows))
        self.assertIn("broken.png", failed.stderr)

    def test_export_and_run(self):
        self.assertRegex(self.exported.stdout, r"^\d+ objects; .*model\.onnx holds \d+")
        self.assertTrue(self.model.with_suffix(".report.json").is_file())

    def test_pkg_config(self):
        programs = self.root / "samples"
        run("gcc", "-std=c99", "-pedantic-errors", *STRICT, programs / "c_program.c",
            *self.pkg_config("--cflags", "--libs", "detect"), "-o", self.root / "by_pkg_config")
        found = run(self.root / "by_pkg_config", self.model, self.board_as_ppm(),
                    environment={"LD_LIBRARY_PATH": str(self.lib)}).stdout
        self.assert_same(found)
        run("g++", "-std=c++20", *STRICT, programs / "export_and_run.cpp",
            *self.pkg_config("--cflags", "--libs", "detect-export", "opencv4"), "-o", self.root / "exporter")
        self.assertRegex(run("pkg-config", "--modversion", "detect",
                             environment={"PKG_CONFIG_PATH": str(self.lib / "pkgconfig")}).stdout, r"^\d+\.\d+\.\d+$")

    def test_a_project_of_c_alone(self):
        project = self.root / "c_alone"
        project.mkdir()
        shutil.copy(SAMPLES / "programs/c_program.c", project)
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(c_alone LANGUAGES C)\n"
            "find_package(detect CONFIG REQUIRED)\nadd_executable(c_program c_program.c)\n"
            "target_link_libraries(c_program detect::detect)\n")
        run(ARGUMENTS.cmake, "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run(ARGUMENTS.cmake, "--build", project / "build")

    def test_another_version_is_not_found(self):
        project = self.root / "newer"
        project.mkdir()
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(newer LANGUAGES CXX)\n"
            "find_package(detect 7.3 CONFIG REQUIRED)\n")
        refused = run(ARGUMENTS.cmake, "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}",
                      expected=1)
        self.assertIn("7.3", refused.stderr)

    # The command.

    def test_the_command_finds_its_model_beside_it(self):
        empty = self.root / "empty"
        empty.mkdir()
        result = run(self.detect, "run", BOARD, "--score", "0.5", "-o", "drawn.png", cwd=empty)
        self.assertIn(str(self.prefix / "share/detect/circuit_board.safetensors"), result.stderr)
        self.assertTrue((empty / "drawn.png").is_file())


if __name__ == "__main__":
    support.main()
