# SPDX-License-Identifier: Apache-2.0
"""detect tensor: any ONNX file on NumPy arrays; the arrays are NumPy's own."""

import io
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.environ["DETECT_TEST_SUPPORT"])
import onnx_model as om

try:
    import numpy
except ImportError as error:
    print(f"skipped: {error} (apt-get install python3-numpy)")
    sys.exit(77)

DETECT = os.environ["DETECT_COMMAND"]
TYPES = {
    "float32": om.FLOAT, "float64": om.DOUBLE, "float16": om.FLOAT16, "bool": om.BOOL,
    "int8": om.INT8, "int16": om.INT16, "int32": om.INT32, "int64": om.INT64,
    "uint8": om.UINT8, "uint16": om.UINT16, "uint32": om.UINT32, "uint64": om.UINT64,
}


class TensorCase(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def path(self, name):
        return self.folder / name

    def save(self, name, array, **options):
        with open(self.path(name), "wb") as file:
            numpy.lib.format.write_array(file, array, **options)

    def identity(self, element_type, shape=None):
        self.path("identity.onnx").write_bytes(om.model(
            [om.node("Identity", ["x"], ["y"])], [om.value("x", element_type, shape)], [om.value("y", element_type)]))

    def two_inputs(self):
        """sum = a + b, difference = a - b"""
        self.path("two.onnx").write_bytes(om.model(
            [om.node("Add", ["a", "b"], ["sum"]), om.node("Sub", ["a", "b"], ["difference"])],
            [om.value("a", om.FLOAT, ["n", 3]), om.value("b", om.FLOAT, ["n", 3])],
            [om.value("sum", om.FLOAT, ["n", 3]), om.value("difference", om.FLOAT, ["n", 3])]))

    def run_detect(self, *arguments, exit_code=0):
        result = subprocess.run([DETECT, "tensor", *map(str, arguments)], cwd=self.folder, capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, exit_code, result.stdout + result.stderr)
        return result

    def refusal(self, *arguments, exit_code):
        """One line on standard error, nothing else, and no file."""
        before = sorted(self.folder.iterdir())
        result = self.run_detect(*arguments, exit_code=exit_code)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\Adetect: [^\n]+\n\Z")
        self.assertEqual(sorted(self.folder.iterdir()), before)
        return result.stderr

    def file_refusal(self, content):
        """Of x.npy with this content, in a model that takes floats."""
        self.identity(om.FLOAT)
        self.path("x.npy").write_bytes(content)
        message = self.refusal("identity.onnx", "--input", "x.npy", "--output", "y.npy", exit_code=3)
        self.assertIn("x.npy: ", message)
        return message


class Arrays(TensorCase):
    def test_every_type_order_rank_and_version_comes_back_as_it_was(self):
        random = numpy.random.default_rng(1)
        for name, element_type in TYPES.items():
            self.identity(element_type)
            for shape in [(), (5,), (2, 3), (3, 1, 4), (2, 0, 3), (2, 1, 3, 1, 2, 1, 1, 2)]:
                array = (random.standard_normal(shape) * 100).astype(name)
                for order, version in [("C", (1, 0)), ("F", (2, 0)), ("F", (3, 0))]:
                    with self.subTest(type=name, shape=shape, order=order, version=version):
                        self.save("x.npy", numpy.asarray(array, order=order), version=version)
                        self.run_detect("identity.onnx", "--input", "x.npy", "--output", "y.npy")
                        result = numpy.load(self.path("y.npy"))
                        self.assertEqual(result.dtype, array.dtype)
                        self.assertEqual(result.shape, array.shape)
                        self.assertTrue(result.flags.c_contiguous)
                        numpy.testing.assert_array_equal(result, array)

    def test_elements_begin_on_a_boundary_and_the_file_is_what_numpy_writes(self):
        self.identity(om.FLOAT)
        array = numpy.arange(6, dtype="float32").reshape(2, 3)
        self.save("x.npy", array)
        self.run_detect("identity.onnx", "--input", "x.npy", "--output", "y.npy")
        written = self.path("y.npy").read_bytes()
        self.assertEqual((len(written) - array.nbytes) % 64, 0)
        self.assertEqual(written, self.path("x.npy").read_bytes())

    def test_files_that_are_no_array_are_refused(self):
        good = io.BytesIO()
        numpy.save(good, numpy.zeros((2, 3), dtype="float32"))
        good = good.getvalue()
        self.assertIn("not a .npy file", self.file_refusal(b""))
        self.assertIn("not a .npy file", self.file_refusal(b"PK\x03\x04 an archive"))
        self.assertIn("version 9", self.file_refusal(good[:6] + b"\x09" + good[7:]))
        for end in (7, 9, 20, 127):
            self.file_refusal(good[:end])
        self.assertIn("holds 23 bytes of elements, [2, 3] of float32 ask for 24", self.file_refusal(good[:-1]))
        self.assertIn("holds 25 bytes", self.file_refusal(good + b"\0"))

    def test_headers_that_lie_are_refused_before_memory_is_asked_for(self):
        def with_header(text):
            text = text.encode()
            return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(24)

        entry = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
        self.identity(om.FLOAT)
        self.path("x.npy").write_bytes(with_header(entry))
        self.run_detect("identity.onnx", "--input", "x.npy")
        for shape in ["(99999999999999999999,)", "(4294967296, 4294967296)", "(1099511627776,)", "(-2, 3)", "(2, 3", "(2.0,)", "None"]:
            with self.subTest(shape=shape):
                self.file_refusal(with_header(entry.replace("(2, 3)", shape)))
        for text in ["", "{", "{}", "[]", entry + "x", entry.replace("'descr'", "'shape'"), entry.replace("'<f4'", "<f4"),
                     entry.replace("False", "0"), entry.replace("'fortran_order': False, ", "")]:
            with self.subTest(header=text):
                self.assertIn("header is damaged", self.file_refusal(with_header(text)))

    def test_what_else_numpy_can_store_is_named(self):
        for array, what in [(numpy.zeros(3, dtype=">f4"), "big-endian"), (numpy.zeros(3, dtype="complex64"), "'<c8'"),
                            (numpy.array(["text"]), "'<U4'"), (numpy.zeros(3, dtype=[("a", "<f4"), ("b", "<i4")]), "several fields")]:
            with self.subTest(dtype=array.dtype):
                self.identity(om.FLOAT)
                self.save("x.npy", array)
                self.assertIn(what, self.refusal("identity.onnx", "--input", "x.npy", exit_code=3))
        self.identity(om.FLOAT)
        self.save("x.npy", numpy.zeros((1,) * 9, dtype="float32"))
        self.assertIn("more than 8 dimensions", self.refusal("identity.onnx", "--input", "x.npy", exit_code=3))


class Names(TensorCase):
    def setUp(self):
        super().setUp()
        self.two_inputs()
        self.a = numpy.array([[1, 2, 3], [4, 5, 6]], dtype="float32")
        self.b = numpy.array([[10, 20, 30], [40, 50, 60]], dtype="float32")
        self.save("a.npy", self.a)
        self.save("b.npy", self.b)

    def test_inputs_and_outputs_go_by_name(self):
        result = self.run_detect("two.onnx", "--input", "b=b.npy", "--input", "a=a.npy", "--output", "difference=d.npy",
                                 "--threads", 1)
        numpy.testing.assert_array_equal(numpy.load(self.path("d.npy")), self.a - self.b)
        self.assertRegex(result.stdout, r"\Asum +float32 +\[2, 3\]\ndifference +float32 +\[2, 3\]\n\Z")
        self.assertEqual(result.stderr, "")
        self.run_detect("two.onnx", "--input", "a=a.npy", "--input", "b=b.npy", "--output", "difference=d.npy", "--output",
                        "sum=s.npy")
        numpy.testing.assert_array_equal(numpy.load(self.path("s.npy")), self.a + self.b)

    def test_a_wrong_name_lists_the_names(self):
        both = ("--input", "a=a.npy", "--input", "b=b.npy")
        message = self.refusal("two.onnx", "--input", "c=a.npy", exit_code=2)
        self.assertIn("'c'", message)
        self.assertIn("'a' float32 [n, 3], 'b' float32 [n, 3]", message)
        self.assertIn("needs a name", self.refusal("two.onnx", "--input", "a.npy", exit_code=2))
        self.assertIn("'b' is missing", self.refusal("two.onnx", "--input", "a=a.npy", exit_code=2))
        self.assertIn("'a' is given twice", self.refusal("two.onnx", *both, "--input", "a=b.npy", exit_code=2))
        message = self.refusal("two.onnx", *both, "--output", "product=y.npy", exit_code=2)
        self.assertIn("'sum' float32 [n, 3], 'difference' float32 [n, 3]", message)
        self.assertIn("y.npy: is given for two", self.refusal("two.onnx", *both, "--output", "sum=y.npy", "--output",
                                                             "difference=y.npy", exit_code=2))

    def test_a_wrong_type_or_shape_says_both(self):
        def refusal(array):
            self.save("b.npy", array)
            return self.refusal("two.onnx", "--input", "a=a.npy", "--input", "b=b.npy", exit_code=2)

        self.assertIn("b.npy: is float64 [2, 3], input 'b' takes float32 [n, 3]", refusal(self.b.astype("float64")))
        self.assertIn("b.npy: is float32 [2, 4], input 'b' takes float32 [n, 3]", refusal(numpy.zeros((2, 4), "float32")))
        self.assertIn("b.npy: is float32 [3], input 'b' takes float32 [n, 3]", refusal(numpy.zeros(3, "float32")))
        # Sizes of one name must be equal.
        self.assertIn("input 'b' takes [n, 3], got [5, 3]", refusal(numpy.zeros((5, 3), "float32")))

    def test_files_that_cannot_be_read_or_written(self):
        both = ("--input", "a=a.npy", "--input", "b=b.npy")
        self.assertIn("absent.npy: does not exist", self.refusal("two.onnx", "--input", "a=absent.npy", exit_code=3))
        self.assertIn("absent.onnx: does not exist", self.refusal("absent.onnx", *both, exit_code=3))
        self.assertIn("no/y.npy", self.refusal("two.onnx", *both, "--output", "sum=no/y.npy", exit_code=1))
        self.assertIn("would be overwritten", self.refusal("two.onnx", *both, "--output", "sum=./a.npy", exit_code=2))
        self.assertIn("would be overwritten", self.refusal("two.onnx", *both, "--output", "sum=two.onnx", exit_code=2))

    def test_inputs_count_against_the_limit_of_memory(self):
        self.save("b.npy", numpy.zeros((300000, 3), "float32"))
        both = ("--input", "a=a.npy", "--input", "b=b.npy", "--memory-limit", 3)
        message = self.refusal("two.onnx", *both, exit_code=1)
        self.assertIn("b.npy: takes 3600000 bytes of memory, and 2999976 are left of the limit", message)
        # In Fortran's order there are two copies for a while. A file with holes promises as much as it likes.
        self.save("b.npy", numpy.asfortranarray(numpy.zeros((200000, 3), "float32")))
        self.assertIn("b.npy: takes 4800000 bytes", self.refusal("two.onnx", *both, exit_code=1))

    def test_an_empty_array_may_have_any_other_sizes(self):
        header = b"{'descr': '<f4', 'fortran_order': True, 'shape': (0, 4611686018427387904, 4611686018427387904), }\n"
        self.path("a.npy").write_bytes(b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header)
        message = self.refusal("two.onnx", "--input", "a=a.npy", "--input", "b=b.npy", exit_code=2)
        self.assertIn("a.npy: is float32 [0, 4611686018427387904, 4611686018427387904]", message)

    def test_profile_shows_where_the_time_goes(self):
        result = self.run_detect("two.onnx", "--input", "a=a.npy", "--input", "b=b.npy", "--profile", 3)
        self.assertRegex(result.stdout, r"3 runs: min [0-9.]+ ")
        self.assertRegex(result.stdout, r"(?m)^ +[0-9.]+ +[0-9.]+% +1  ")


class Operators(TensorCase):
    def test_an_unsupported_one_is_named_with_its_node_and_the_opset(self):
        self.path("odd.onnx").write_bytes(om.model(
            [om.node("Relu", ["x"], ["r"]), om.node("Frobnicate", ["r"], ["y"], name="block/7")],
            [om.value("x", om.FLOAT, [3])], [om.value("y", om.FLOAT, [3])], opset=13))
        self.save("x.npy", numpy.zeros(3, "float32"))
        message = self.refusal("odd.onnx", "--input", "x.npy", exit_code=4)
        self.assertIn("at opset 13: Frobnicate (node 'block/7')", message)


if __name__ == "__main__":
    unittest.main()
