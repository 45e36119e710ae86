#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ctypes_program.py MODEL.onnx PICTURE.ppm: the C interface from another language, with nothing but the standard library.

The library is looked for where the system keeps libraries, or is the file that LIBDETECT names."""

import ctypes
import os
import re
import sys
from ctypes import POINTER, byref, c_char_p, c_double, c_float, c_int32, c_size_t, c_uint32, c_uint64, c_void_p

ABI_VERSION = 3
RGB8 = 2


class Options(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("threads", c_int32), ("min_score", c_float), ("memory_limit", c_uint64),
                ("classes", POINTER(c_char_p)), ("class_count", c_size_t), ("tile", c_int32),
                ("tile_merge", c_int32), ("tile_when", c_int32), ("tile_overlap", c_double),
                ("class_score_names", POINTER(c_char_p)), ("class_scores", POINTER(c_float)),
                ("class_score_count", c_size_t), ("model_scores", c_int32)]


class Image(ctypes.Structure):
    _fields_ = [("pixels", c_void_p), ("width", c_int32), ("height", c_int32), ("stride_bytes", c_size_t),
                ("format", c_int32), ("bits", c_int32)]


class Detection(ctypes.Structure):
    _fields_ = [("x1", c_float), ("y1", c_float), ("x2", c_float), ("y2", c_float), ("label", c_int32),
                ("score", c_float)]


class Detector:
    """A loaded model. Handles are pointers: c_void_p, or 64-bit numbers would be cut to int."""

    def __init__(self, model, min_score=0.0, tile=0):
        self.library = ctypes.CDLL(os.environ.get("LIBDETECT", "libdetect.so.0"))
        self.library.detect_abi_version.restype = c_uint32
        if self.library.detect_abi_version() != ABI_VERSION:
            raise RuntimeError("another libdetect is installed")
        self.library.detect_last_error.restype = c_char_p
        self.library.detect_label_name.restype = c_char_p
        self.handle = c_void_p()
        self.check(self.library.detect_create(byref(self.handle)))
        options = Options()
        self.check(self.library.detect_options_init(byref(options)))
        options.min_score, options.tile = min_score, tile
        self.check(self.library.detect_load_file(self.handle, os.fsencode(model), byref(options)))

    def check(self, status):
        if status != 0:
            raise RuntimeError(self.library.detect_last_error(self.handle).decode())

    def run(self, pixels, width, height):
        """[(class name, score, (x1, y1, x2, y2))] of a picture of RGB bytes, the best first."""
        buffer = ctypes.create_string_buffer(pixels, len(pixels))
        image = Image(ctypes.cast(buffer, c_void_p), width, height, 3 * width, RGB8)
        result, found, count = c_void_p(), POINTER(Detection)(), c_size_t()
        self.check(self.library.detect_run(self.handle, byref(image), c_size_t(1), byref(result)))
        self.check(self.library.detect_result_detections(self.handle, result, c_size_t(0), byref(found), byref(count)))
        detections = []
        for d in found[:count.value]:
            name = self.library.detect_label_name(self.handle, d.label)
            detections.append((name.decode() if name else f"class {d.label}", d.score, (d.x1, d.y1, d.x2, d.y2)))
        self.check(self.library.detect_result_free(self.handle, result))
        return detections

    def close(self):
        self.library.detect_destroy(self.handle)


def read_ppm(path):
    with open(path, "rb") as file:
        data = file.read()
    header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
    if not header:
        raise RuntimeError(f"{path} is no binary PPM")
    return data[header.end():], int(header[1]), int(header[2])


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: ctypes_program.py MODEL.onnx PICTURE.ppm")
    try:
        detector = Detector(sys.argv[1])
        for name, score, box in detector.run(*read_ppm(sys.argv[2])):
            print(name, f"{score:.3f}", *(f"{corner:.1f}" for corner in box))
        detector.close()
    except (RuntimeError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
