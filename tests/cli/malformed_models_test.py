# SPDX-License-Identifier: Apache-2.0
"""Files that are no sound models: an error in one line, within a second and within a limit of memory.

Measured is the real program: processor time, since the machine may be busy with other things, and the most memory it
had resident. Programs get 2 GiB of address space on top, so that memory that is only asked for counts too.
"""

import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.environ["DETECT_TEST_SUPPORT"])
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "malformed"))
import hostile_models
import onnx_model as om

DETECT = os.environ["DETECT_COMMAND"]
SECONDS = 1.0
LOOP_SECONDS = 20.0
RESIDENT = 256 << 20
ADDRESS_SPACE = 2 << 30

def zeros_npy(count):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({count},), }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(4 * count)


class MalformedModels(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name) / "models"
        self.folder.mkdir()
        (self.folder / "x.npy").write_bytes(zeros_npy(1))
        (self.folder / "two.npy").write_bytes(zeros_npy(2))

    def measure(self, *arguments):
        """(exit code, standard error, seconds of processor time, bytes resident at most)"""
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
            resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen([DETECT, *arguments], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=errors,
                                       preexec_fn=limit)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            errors.seek(0)
            return process.returncode, errors.read().decode(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024

    def check(self, content, exit_codes, command):
        (self.folder / "model.onnx").write_bytes(content)
        arguments = ["tensor", "model.onnx", "--memory-limit", "150", "--input", "x=x.npy"]
        arguments = {
            "info": ["info", "model.onnx"],
            "tensor": arguments,
            "tensor of two": [*arguments, "--input", "z=x.npy"],
            # Sizes that do not go together are found after the model was compiled, before it runs.
            "load": [*arguments, "--input", "z=two.npy"],
        }[command]
        code, errors, seconds, resident = self.measure(*arguments)
        self.assertIn(code, exit_codes, errors)
        if code != 0:
            self.assertRegex(errors, r"\Adetect: [^\n]+\n\Z")
        self.assertLess(seconds, SECONDS)
        self.assertLess(resident, RESIDENT)
        return errors

    def test_constants_that_want_gigabytes(self):
        for name, content in hostile_models.huge_results():
            with self.subTest(name):
                self.check(content, {0, 1, 4}, "info")
                # The hundred are the same, and the limit allows one.
                self.check(content, {0} if name == "a_hundred_alike" else {1, 4}, "tensor of two")

    def test_constants_that_take_forever_do_not_hold_up_loading(self):
        for name, content in hostile_models.long_work():
            with self.subTest(name):
                self.check(content, {0}, "info")
                self.check(content, {2}, "load")

    def test_loops_that_never_end_are_stopped(self):
        for name, content in hostile_models.endless_loops():
            with self.subTest(name):
                (self.folder / "model.onnx").write_bytes(content)
                code, errors, seconds, resident = self.measure(
                    "tensor", "model.onnx", "--memory-limit", "150", "--input", "x=x.npy", "--input", "z=x.npy")
                self.assertEqual(code, 1, errors)
                self.assertRegex(errors, r"\Adetect: model.onnx: node '[^\n]*' \([A-Z][^\n]+\n\Z")
                self.assertIn("memory" if name.startswith("memory") else "(Loop): goes on without an end: stopped after ", errors)
                self.assertLess(seconds, LOOP_SECONDS)
                self.assertLess(resident, RESIDENT)

    def test_work_that_would_never_end_is_refused_before_it_begins(self):
        code, errors, seconds, _ = self.run_tensor(hostile_models.large_pool(20_000))
        self.assertEqual(code, 1, errors)
        self.assertRegex(errors, r"\Adetect: model.onnx: node 'MaxPool_of_p' \(MaxPool\): needs [0-9.e+]+ operations, [^\n]+\n\Z")
        self.assertLess(seconds, SECONDS)
        # The limit is the user's: the same on a small scale.
        small = hostile_models.large_pool(64)
        self.assertEqual(self.run_tensor(small)[0], 0)
        self.assertEqual(self.run_tensor(small, "--work-limit", "0.01")[0], 1)

    def run_tensor(self, content, *options):
        (self.folder / "model.onnx").write_bytes(content)
        return self.measure("tensor", "model.onnx", "--memory-limit", "150", "--input", "x=x.npy", "--input", "z=x.npy", *options)

    def test_files_that_grow_when_they_are_parsed(self):
        for name, content in hostile_models.growing():
            with self.subTest(name):
                self.check(content, {1}, "info")
                self.check(content, {1}, "tensor")

    def test_many_names_take_time_in_proportion(self):
        for name, content in hostile_models.many_names():
            with self.subTest(name):
                (self.folder / "model.onnx").write_bytes(content)
                for command in (["info"], ["tensor", "--input", "x=x.npy", "--input", "z=x.npy"]):
                    code, errors, seconds, _ = self.measure(command[0], "model.onnx", *command[1:])
                    # `go` is missing: that is said once the file was read.
                    self.assertEqual(code, 2 if name == "captures" and command[0] == "tensor" else 0, errors)
                    self.assertLess(seconds, LOOP_SECONDS)  # the square of the count took a minute

    def test_the_command_ends_where_memory_is_short(self):
        (self.folder / "model.onnx").write_bytes(hostile_models.large_pool(64))
        for kilobytes in (150_000, 300_000):
            for arguments in (["--version"], ["info", "model.onnx"]):
                limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (kilobytes << 10, kilobytes << 10))
                # A library may not even be loaded; but the program ends.
                subprocess.run([DETECT, *arguments], cwd=self.folder, capture_output=True, timeout=60, preexec_fn=limit, check=False)

    def test_check_of_a_loop_that_never_ends(self):
        sizes = [1, 3, 32, 32]
        content = om.model([hostile_models.loop([om.node("Neg", ["state"], ["next"])], state=sizes)], [om.value("x", om.FLOAT, sizes)],
                           [om.value("y", om.FLOAT)], [om.tensor("yes", [], om.BOOL, b"\1")])
        (self.folder / "model.onnx").write_bytes(content)
        code, errors, seconds, _ = self.measure("check", "model.onnx")
        self.assertEqual(code, 1, errors)
        self.assertRegex(errors, r"\Adetect: model.onnx: node '[^\n]*' \(Loop\): goes on without an end[^\n]+\n\Z")
        self.assertLess(seconds, LOOP_SECONDS)

    def test_broken_graphs(self):
        for name, content in hostile_models.broken_graphs():
            with self.subTest(name):
                self.check(content, {3, 4}, "info")
                self.check(content, {3, 4}, "tensor")

    def test_a_file_of_many_nodes(self):
        for op, content in hostile_models.many_nodes():
            with self.subTest(op):
                self.check(content, {0}, "tensor")

    def test_external_data_stays_in_the_folder(self):
        hostile_models.external_files(self.folder)
        for name, content, exit_codes in hostile_models.external(self.folder):
            with self.subTest(name):
                self.check(content, exit_codes, "tensor")


if __name__ == "__main__":
    unittest.main()
