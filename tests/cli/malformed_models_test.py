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
import onnx_model as om

DETECT = os.environ["DETECT_COMMAND"]
SANITIZED = os.environ.get("DETECT_SANITIZED") == "1"
SECONDS = 1.0
LOOP_SECONDS = 20.0
RESIDENT = 256 << 20
ADDRESS_SPACE = 2 << 30

def zeros_npy(count):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({count},), }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(4 * count)


def with_output(nodes, initializers=(), element_type=om.FLOAT, output="y"):
    """A model whose inputs are as many floats x and z."""
    return om.model(nodes, [om.value("x", om.FLOAT, ["n"]), om.value("z", om.FLOAT, ["n"])], [om.value(output, element_type)],
                    initializers)


def zeros(shape_name, output):
    return om.node("ConstantOfShape", [shape_name], [output])


def huge_results():
    """Models of some hundred bytes whose constants want gigabytes, or more than there is."""
    for name, sizes in {"4_gigabytes": [1 << 30], "3_gigabytes": [3 << 28], "exabytes": [1 << 60], "overflow": [1 << 40, 1 << 40],
                        "many_axes": [1000] * 8}.items():
        yield f"constant_of_shape_{name}", with_output([zeros("s", "y")], [om.int64s("s", sizes)])
        yield f"expand_{name}", with_output([om.node("Expand", ["one", "s"], ["y"])], [om.floats("one", [1.0]), om.int64s("s", sizes)])
        yield f"tile_{name}", with_output([om.node("Tile", ["one", "s"], ["y"])],
                                          [om.floats("one", [1.0], [1] * len(sizes)), om.int64s("s", sizes)])
    for name, last in {"3_gigabytes": 3 << 27, "exabytes": 1 << 60}.items():
        yield f"range_{name}", with_output([om.node("Range", ["a", "b", "c"], ["y"])],
                                           [om.int64s("a", [0], []), om.int64s("b", [last], []), om.int64s("c", [1], [])], om.INT64)
        yield f"pad_{name}", with_output([om.node("Pad", ["one", "p"], ["y"])], [om.floats("one", [1.0]), om.int64s("p", [0, 2 * last])])
        yield f"one_hot_{name}", with_output([om.node("OneHot", ["i", "d", "v"], ["y"])],
                                             [om.int64s("i", [0]), om.int64s("d", [2 * last]), om.floats("v", [0.0, 1.0])])
    yield "resize", with_output([om.node("Resize", ["m", "", "k"], ["y"])],
                                [om.floats("m", [1.0], [1, 1, 1, 1]), om.floats("k", [1, 1, 3e4, 3e4])])
    yield "resize_far", with_output([om.node("Resize", ["m", "", "k"], ["y"])],
                                    [om.floats("m", [1.0], [1, 1, 1, 1]), om.floats("k", [1, 1, 3e30, 3e30])])
    row, column = om.int64s("r", [1, 30000]), om.int64s("c", [30000, 1])
    yield "product", with_output([zeros("c", "a"), zeros("r", "b"), om.node("MatMul", ["a", "b"], ["y"])], [row, column])
    yield "sum", with_output([zeros("c", "a"), zeros("r", "b"), om.node("Add", ["a", "b"], ["y"])], [row, column])
    yield "einsum", with_output([zeros("s", "a"), om.node("Einsum", ["a", "a"], ["y"], equation="i,j->ij")], [om.int64s("s", [30000])])
    yield "concat_doubling", with_output(
        [zeros("s", "v0")] + [om.node("Concat", [f"v{i}", f"v{i}"], [f"v{i + 1}"], axis=0) for i in range(40)],
        [om.int64s("s", [1 << 20])], output="v40")
    yield "a_hundred_alike", with_output(
        [zeros("s", f"v{i}") for i in range(100)] + [om.node("Sum", [f"v{i}" for i in range(100)], ["y"])],
        [om.int64s("s", [15 << 18])])
    # As much again and again, each read by the next.
    yield "a_chain_of_15_megabytes", with_output(
        [zeros("s", "v0")] + [om.node("Add", [f"v{i}", f"v{i}"], [f"v{i + 1}"]) for i in range(300)]
        + [om.node("Concat", [f"v{i}" for i in range(301)], ["y"], axis=0)], [om.int64s("s", [15 << 18])])


def long_work():
    """Small results that take forever to compute from constants."""
    thousand = om.int64s("s", [1000])
    yield "einsum_of_many_indices", with_output([zeros("s", "a"), om.node("Einsum", ["a"] * 6, ["r"], equation="i,j,k,l,m,n->"),
                                                 om.node("Add", ["r", "x"], ["y"])], [thousand])
    body = om.graph([om.node("Identity", ["go"], ["again"]), om.node("Identity", ["state"], ["next"])],
                    [om.value("i", om.INT64, []), om.value("go", om.BOOL, []), om.value("state", om.FLOAT, [1])],
                    [om.value("again", om.BOOL, []), om.value("next", om.FLOAT, [1])])
    yield "endless_loop", with_output([om.node("Loop", ["", "go", "one"], ["r"], body=("graph", body)), om.node("Add", ["r", "x"], ["y"])],
                                      [om.tensor("go", [], om.BOOL, b"\1"), om.floats("one", [1.0])])
    yield "large_window", with_output(
        [zeros("s", "a"), om.node("AveragePool", ["a"], ["r"], kernel_shape=[1500, 1500], pads=[1400] * 4),
         om.node("ReduceSum", ["r"], ["t"], keepdims=0), om.node("Add", ["t", "x"], ["y"])], [om.int64s("s", [1, 1, 1800, 1800])])
    boxes = om.int64s("b", [1, 200000, 4])
    yield "many_boxes", with_output(
        [zeros("b", "boxes"), zeros("c", "scores"), om.node("NonMaxSuppression", ["boxes", "scores", "n"], ["r"]),
         om.node("Cast", ["r"], ["f"], to=om.FLOAT), om.node("ReduceSum", ["f"], ["t"], keepdims=0), om.node("Add", ["t", "x"], ["y"])],
        [boxes, om.int64s("c", [1, 1, 200000]), om.int64s("n", [200000])])


def loop(step, *rows, state=(1,), trips=""):
    """A Loop whose condition always holds: `step` makes `next` of `state`, beside rows."""
    body = om.graph([om.node("Identity", ["go"], ["again"]), *step],
                    [om.value("i", om.INT64, []), om.value("go", om.BOOL, []), om.value("state", om.FLOAT, state)],
                    [om.value("again", om.BOOL, []), om.value("next", om.FLOAT, state), *rows])
    return om.node("Loop", [trips, "yes", "x"], ["y"] + ["rows"] * len(rows), body=("graph", body))


def endless_loops():
    """Whose work or memory ends at run time only."""
    yes, many = om.tensor("yes", [], om.BOOL, b"\1"), om.int64s("many", [1 << 18])
    double = om.node("Add", ["state", "state"], ["next"])
    yield "work", with_output([loop([double])], [yes])
    inner = om.graph([om.node("Identity", ["go2"], ["again2"]), om.node("Neg", ["state2"], ["next2"])],
                     [om.value("i2", om.INT64, []), om.value("go2", om.BOOL, []), om.value("state2", om.FLOAT, [1])],
                     [om.value("again2", om.BOOL, []), om.value("next2", om.FLOAT, [1])])
    yield "work_of_a_loop_in_a_loop", with_output(
        [loop([om.node("Loop", ["thousand", "yes", "state"], ["next"], body=("graph", inner))])], [yes, om.int64s("thousand", [1000], [])])
    yield "memory_of_rows", with_output(
        [loop([double, om.node("Expand", ["state", "many"], ["row"])], om.value("row", om.FLOAT, [1 << 18]))], [yes, many])
    yield "memory_of_a_value_that_grows", with_output(
        [loop([om.node("Concat", ["state", "state"], ["next"], axis=0)], state=("k",))], [yes])


def large_pool(side):
    """y = x + the largest number of a map that a window slides over, which is as large as the map."""
    return with_output(
        [zeros("s", "m"), om.node("MaxPool", ["m"], ["p"], kernel_shape=[side, side], pads=[side // 2] * 2 + [side // 2 - 1] * 2),
         om.node("ReduceMax", ["p"], ["t"], keepdims=0), om.node("Add", ["t", "x"], ["y"])], [om.int64s("s", [1, 1, side, side])])


def nested_bodies(depth):
    inner = om.graph([om.node("Identity", ["x"], ["r"])], [], [om.value("r", om.FLOAT, [1])])
    for _ in range(depth):
        inner = om.graph([om.node("If", ["go"], ["r"], then_branch=("graph", inner), else_branch=("graph", inner))] if depth <= 8 else
                         [om.node("If", ["go"], ["r"], then_branch=("graph", inner))], [], [om.value("r", om.FLOAT, [1])])
    return inner


def broken_graphs():
    x, y = [om.value("x", om.FLOAT, [1])], [om.value("y", om.FLOAT, [1])]
    go = [om.tensor("go", [], om.BOOL, b"\1")]
    yield "cycle_of_one", om.model([om.node("Relu", ["y"], ["y"])], x, y)
    yield "cycle_of_two", om.model([om.node("Add", ["x", "b"], ["y"]), om.node("Relu", ["y"], ["b"])], x, y)
    yield "missing_input", om.model([om.node("Add", ["x", "nowhere"], ["y"])], x, y)
    yield "missing_output", om.model([om.node("Relu", ["x"], ["z"])], x, y)
    yield "no_output", om.model([om.node("Relu", ["x"], ["y"])], x)
    yield "defined_twice", om.model([om.node("Relu", ["x"], ["y"]), om.node("Neg", ["x"], ["y"])], x, y)
    yield "wrong_type", om.model([om.node("Not", ["x"], ["y"])], x, [om.value("y", om.BOOL, [1])])
    yield "wrong_declared_type", om.model([om.node("Relu", ["x"], ["y"])], x, [om.value("y", om.INT64, [1])])
    yield "wrong_attribute", om.model([om.node("Concat", ["x", "x"], ["y"], axis="0")], x, y)
    yield "wrong_axis", om.model([om.node("Concat", ["x", "x"], ["y"], axis=7)], x, y)
    yield "unknown_type", om.model([om.node("Relu", ["x"], ["y"])], [om.value("x", 99, [1])], y)
    yield "dims_larger_than_data", om.model([om.node("Add", ["x", "w"], ["y"])], x, y, [om.tensor("w", [1 << 40], om.FLOAT, bytes(4))])
    yield "negative_dims", om.model([om.node("Add", ["x", "w"], ["y"])], x, y, [om.tensor("w", [-1], om.FLOAT, bytes(4))])
    yield "bodies_nested_deep", om.model([om.node("If", ["go"], ["y"], then_branch=("graph", nested_bodies(8)),
                                                  else_branch=("graph", nested_bodies(8)))], x, y, go)
    yield "bodies_nested_deeper_than_protobuf_goes", om.model(
        [om.node("If", ["go"], ["y"], then_branch=("graph", nested_bodies(500)))], x, y, go)
    yield "groups_nested_deep", b"\x0b" * 200
    yield "not_a_model", b"detect"
    yield "empty", b""
    yield "an_endless_length", b"\x3a\xff\xff\xff\xff\x07"


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
            if not SANITIZED:  # sanitizers map terabytes
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
        if not SANITIZED:
            self.assertLess(seconds, SECONDS)
            self.assertLess(resident, RESIDENT)
        return errors

    def test_constants_that_want_gigabytes(self):
        for name, content in huge_results():
            with self.subTest(name):
                self.check(content, {0, 1, 4}, "info")
                # The hundred are the same, and the limit allows one.
                self.check(content, {0} if name == "a_hundred_alike" else {1, 4}, "tensor of two")

    def test_constants_that_take_forever_do_not_hold_up_loading(self):
        for name, content in long_work():
            with self.subTest(name):
                self.check(content, {0}, "info")
                self.check(content, {2}, "load")

    def test_loops_that_never_end_are_stopped(self):
        for name, content in endless_loops():
            with self.subTest(name):
                (self.folder / "model.onnx").write_bytes(content)
                code, errors, seconds, resident = self.measure(
                    "tensor", "model.onnx", "--memory-limit", "150", "--input", "x=x.npy", "--input", "z=x.npy")
                self.assertEqual(code, 1, errors)
                self.assertRegex(errors, r"\Adetect: model.onnx: node '[^\n]*' \([A-Z][^\n]+\n\Z")
                self.assertIn("memory" if name.startswith("memory") else "(Loop): goes on without an end: stopped after ", errors)
                if not SANITIZED:
                    self.assertLess(seconds, LOOP_SECONDS)
                    self.assertLess(resident, RESIDENT)

    def test_work_that_would_never_end_is_refused_before_it_begins(self):
        code, errors, seconds, _ = self.run_tensor(large_pool(20_000))
        self.assertEqual(code, 1, errors)
        self.assertRegex(errors, r"\Adetect: model.onnx: node 'MaxPool_of_p' \(MaxPool\): needs [0-9.e+]+ operations, [^\n]+\n\Z")
        if not SANITIZED:
            self.assertLess(seconds, SECONDS)
        # The limit is the user's: the same on a small scale.
        small = large_pool(64)
        self.assertEqual(self.run_tensor(small)[0], 0)
        self.assertEqual(self.run_tensor(small, "--work-limit", "0.01")[0], 1)

    def run_tensor(self, content, *options):
        (self.folder / "model.onnx").write_bytes(content)
        return self.measure("tensor", "model.onnx", "--memory-limit", "150", "--input", "x=x.npy", "--input", "z=x.npy", *options)

    def test_files_that_grow_when_they_are_parsed(self):
        sound = om.model([om.node("Relu", ["x"], ["y"])], [om.value("x", om.FLOAT, ["n"]), om.value("z", om.FLOAT, ["n"])],
                         [om.value("y", om.FLOAT)])
        count = 10_000_000
        graph = lambda filling: sound + b"\x3a" + om.varint(2 * count) + filling * count
        for name, content in {"initializers": graph(b"\x2a\x00"), "nodes": graph(b"\x0a\x00"),
                              "metadata": sound + b"\x72\x00" * count}.items():
            with self.subTest(name):
                self.check(content, {1}, "info")
                self.check(content, {1}, "tensor")

    def test_many_names_take_time_in_proportion(self):
        count = 100_000
        names = [f"v{i}" for i in range(count)]
        branch = lambda inputs, output: ("graph", om.graph([om.node("Concat", inputs, [output], axis=0)], [], [om.value(output)]))
        captures = om.model([om.node("If", ["go"], ["y"], then_branch=branch(names, "o"), else_branch=branch(names[:1], "p"))],
                            [om.value("x", om.FLOAT, ["n"]), om.value("z", om.FLOAT, ["n"]), om.value("go", om.BOOL, [])],
                            [om.value("y", om.FLOAT, ["m"])], [om.floats(name, [1.0]) for name in names])
        outputs = om.model([om.node("Relu", ["x"], [name]) for name in names],
                           [om.value("x", om.FLOAT, [1]), om.value("z", om.FLOAT, [1])], [om.value(name, om.FLOAT, [1]) for name in names])
        for name, content in {"captures": captures, "outputs": outputs}.items():
            with self.subTest(name):
                (self.folder / "model.onnx").write_bytes(content)
                for command in (["info"], ["tensor", "--input", "x=x.npy", "--input", "z=x.npy"]):
                    code, errors, seconds, _ = self.measure(command[0], "model.onnx", *command[1:])
                    # `go` is missing: that is said once the file was read.
                    self.assertEqual(code, 2 if name == "captures" and command[0] == "tensor" else 0, errors)
                    if not SANITIZED:
                        self.assertLess(seconds, LOOP_SECONDS)  # the square of the count took a minute

    @unittest.skipIf(SANITIZED, "sanitizers map terabytes")
    def test_the_command_ends_where_memory_is_short(self):
        (self.folder / "model.onnx").write_bytes(large_pool(64))
        for kilobytes in (150_000, 300_000):
            for arguments in (["--version"], ["info", "model.onnx"]):
                limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (kilobytes << 10, kilobytes << 10))
                # A library may not even be loaded; but the program ends.
                subprocess.run([DETECT, *arguments], cwd=self.folder, capture_output=True, timeout=60, preexec_fn=limit, check=False)

    def test_check_of_a_loop_that_never_ends(self):
        sizes = [1, 3, 32, 32]
        content = om.model([loop([om.node("Neg", ["state"], ["next"])], state=sizes)], [om.value("x", om.FLOAT, sizes)],
                           [om.value("y", om.FLOAT)], [om.tensor("yes", [], om.BOOL, b"\1")])
        (self.folder / "model.onnx").write_bytes(content)
        code, errors, seconds, _ = self.measure("check", "model.onnx")
        self.assertEqual(code, 1, errors)
        self.assertRegex(errors, r"\Adetect: model.onnx: node '[^\n]*' \(Loop\): goes on without an end[^\n]+\n\Z")
        if not SANITIZED:
            self.assertLess(seconds, LOOP_SECONDS)

    def test_broken_graphs(self):
        for name, content in broken_graphs():
            with self.subTest(name):
                self.check(content, {3, 4}, "info")
                self.check(content, {3, 4}, "tensor")

    def test_a_file_of_many_nodes(self):
        count = 20000
        x, y = [om.value("x", om.FLOAT, [1])], [om.value(f"v{count}", om.FLOAT, [1])]
        for op in ("Identity", "Relu"):
            with self.subTest(op):
                nodes = [om.node(op, [f"v{i}" if i else "x"], [f"v{i + 1}"]) for i in range(count)]
                self.check(om.model(nodes, x, y), {0}, "tensor")

    def test_external_data_stays_in_the_folder(self):
        outside = self.folder.parent / "outside.bin"
        outside.write_bytes(bytes(64))
        (self.folder / "link.bin").symlink_to(outside)
        os.mkfifo(self.folder / "pipe.bin")
        (self.folder / "short.bin").write_bytes(bytes(3))
        (self.folder / "weights.bin").write_bytes(bytes(8))
        places = {"../outside.bin": {4}, str(outside): {4}, "link.bin": {4}, "/etc/passwd": {4}, "/dev/zero": {4},
                  "pipe.bin": {3}, ".": {3}, "absent.bin": {3}, "short.bin": {3}, "weights.bin": {0}}
        for location, exit_codes in places.items():
            with self.subTest(location):
                self.check(self.external({"location": location}), exit_codes, "tensor")
        for entries in ({"offset": "8"}, {"offset": "-4"}, {"offset": "99999999999999999999"}, {"length": "5"},
                        {"offset": str((1 << 64) - 4)}):
            with self.subTest(entries):
                self.check(self.external({"location": "weights.bin", **entries}), {3, 4}, "tensor")

    def external(self, entries):
        return om.model([om.node("Add", ["x", "w"], ["y"])], [om.value("x", om.FLOAT, [1])], [om.value("y", om.FLOAT, [1])],
                        [om.tensor("w", [1], om.FLOAT, external=entries)])


if __name__ == "__main__":
    unittest.main()
