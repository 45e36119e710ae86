#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: make_seeds.py : writes the seeds of the fuzz targets, a folder per target in fuzz/seeds/.

They lie in the tree; run this after a change here. Needs NumPy, Pillow and PyTorch (Debian's python3-numpy, python3-pil,
python3-torch).
"""

import io
import json
import pickle
import struct
import sys
from collections import OrderedDict
from pathlib import Path

import numpy
import torch
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/support"))
import onnx_model as onnx  # noqa: E402


def write(target, name, content):
    folder = HERE / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def picture(mode, size=(13, 9)):
    """A small picture with edges and ramps."""
    width, height = size
    x, y = numpy.meshgrid(numpy.arange(width), numpy.arange(height))
    ramp = ((x * 19 + y * 31) % 256).astype(numpy.uint8)
    if mode == "I;16":
        return Image.fromarray((ramp.astype(numpy.uint16) * 257))
    if mode == "F":
        return Image.fromarray(ramp.astype(numpy.float32) / 255)
    return Image.merge("RGB", [Image.fromarray(plane) for plane in (ramp, ramp[::-1].copy(), 255 - ramp)]).convert(mode)


def encoded(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def exif(orientation, big_endian=False):
    order = ">" if big_endian else "<"
    return (b"MM\0*" if big_endian else b"II*\0") + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def run_length_bitmap():
    """4 x 3 pixels of 8 bits, run-length encoded."""
    pixels = bytes([4, 1, 0, 0, 0, 4, 1, 2, 1, 2, 0, 0, 2, 0, 2, 1, 0, 1])
    palette = b"".join(struct.pack("BBBB", i, 255 - i, i, 0) for i in range(4))
    offset = 54 + len(palette)
    header = struct.pack("<2sIHHI", b"BM", offset + len(pixels), 0, 0, offset)
    return header + struct.pack("<IiiHHIIiiII", 40, 4, 3, 1, 8, 1, len(pixels), 2835, 2835, 4, 0) + palette + pixels


def pictures():
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        write("png", f"{mode}.png", encoded(picture(mode), "PNG"))
    write("png", "16_bits.png", encoded(picture("I;16"), "PNG"))
    write("png", "grey_alpha.png", encoded(picture("LA"), "PNG"))
    write("png", "turned.png", encoded(picture("L"), "PNG", exif=b"Exif\0\0" + exif(6)))
    for mode in ("1", "L", "P", "RGB"):
        write("bmp", f"{mode}.bmp", encoded(picture(mode), "BMP"))
    write("bmp", "32_bits.bmp", encoded(picture("RGBA"), "BMP"))
    write("bmp", "run_length.bmp", run_length_bitmap())
    for mode in ("L", "RGB", "CMYK"):
        write("jpeg", f"{mode}.jpg", encoded(picture(mode), "JPEG", quality=80))
    write("jpeg", "progressive.jpg", encoded(picture("RGB", (17, 18)), "JPEG", progressive=True, subsampling=2))
    write("jpeg", "turned.jpg", encoded(picture("L"), "JPEG", exif=b"Exif\0\0" + exif(8, big_endian=True)))
    for name, options in {"lossy": {"quality": 50}, "lossless": {"lossless": True}}.items():
        write("webp", f"{name}.webp", encoded(picture("RGB"), "WEBP", **options))
    write("webp", "alpha.webp", encoded(picture("RGBA"), "WEBP", exif=exif(3)))
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        write("tiff", f"{compression}.tif", encoded(picture("RGB"), "TIFF", compression=compression))
    for mode in ("1", "L", "P", "I;16", "F", "CMYK"):
        write("tiff", f"{mode.replace(';', '')}.tif", encoded(picture(mode), "TIFF"))
    write("tiff", "strips.tif", encoded(picture("L", (9, 40)), "TIFF", tiffinfo={278: 5}))
    pages = [picture("L"), picture("RGB", (5, 4)), picture("L", (3, 3))]
    write("tiff", "pages.tif", encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    write("orientation", "little.exif", exif(6))
    write("orientation", "big.exif", b"Exif\0\0" + exif(3, big_endian=True))
    write("orientation", "attribute.xmp", '<rdf:Description tiff:Orientation="6"/>')
    write("orientation", "element.xmp", "<tiff:Orientation> 8 </tiff:Orientation>")
    for name, first in {"jpeg": b"\xFF\xD8\xFF\xE0", "heic": b"\0\0\0\x18ftypheic", "dicom": bytes(128) + b"DICM"}.items():
        write("orientation", f"{name}.kind", first)


def arrays():
    array = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
    for name, values in {
        "float32": array, "fortran": numpy.asfortranarray(array), "int64": array.astype(numpy.int64),
        "bool": array > 2, "float16": array.astype(numpy.float16), "scalar": numpy.float64(3), "empty": numpy.zeros((0, 4)),
    }.items():
        stream = io.BytesIO()
        numpy.save(stream, values)
        write("npy", f"{name}.npy", stream.getvalue())


def checkpoints():
    weights = OrderedDict([("layer.weight", torch.arange(6.0).reshape(2, 3)), ("layer.bias", torch.tensor([1, 2])),
                           ("half", torch.ones(2, dtype=torch.float16)), ("turned", torch.arange(6.0).reshape(2, 3).t())])
    wrapped = {"model": weights, "epoch": 3, "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]}}
    for name, content in {"plain": weights, "wrapped": wrapped}.items():
        for target, modern in {"torch_zip": True, "torch_stream": False}.items():
            stream = io.BytesIO()
            torch.save(content, stream, _use_new_zipfile_serialization=modern)
            write(target, f"{name}.pth", stream.getvalue())
    values = {"a": [1, -2, 2**70, 1.5, None, True], "b": ("x", b"y", {1, 2}), "c": {"d": OrderedDict(e=1)}}
    for protocol in range(1, 6):
        write("pickle", f"protocol_{protocol}.pkl", pickle.dumps(values, protocol))
    header = {"__metadata__": {"min_size": "800"}, "w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
              "b": {"dtype": "F16", "shape": [3], "data_offsets": [16, 22]}, "e": {"dtype": "I64", "shape": [0], "data_offsets": [22, 22]}}
    text = json.dumps(header).encode()
    write("safetensors", "small.safetensors", struct.pack("<Q", len(text)) + text + bytes(range(22)))


def small_models():
    """Name and bytes of one model per kind of thing that a reader meets."""
    FLOAT, INT64, BOOL = onnx.FLOAT, onnx.INT64, onnx.BOOL
    value, node, model, graph = onnx.value, onnx.node, onnx.model, onnx.graph
    x, y = value("x", FLOAT, ["n", 3]), value("y", FLOAT, None)
    picture_in = value("x", FLOAT, [1, 2, 5, 5])
    yield "relu", model([node("Relu", ["x"], ["y"])], [x], [y])
    yield "chain", model([node("Add", ["x", "w"], ["a"]), node("Sigmoid", ["a"], ["b"]), node("Mul", ["a", "b"], ["y"])],
                         [x], [y], [onnx.floats("w", [1, 2, 3])])
    yield "conv", model([node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])], [picture_in], [y],
                        [onnx.floats("w", [0.1] * 36, [2, 2, 3, 3])])
    yield "pool", model([node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2])], [picture_in], [y])
    yield "gemm", model([node("Gemm", ["x", "w"], ["y"], transB=1)], [value("x", FLOAT, [2, 3])], [y],
                        [onnx.floats("w", range(6), [2, 3])])
    yield "reshape", model([node("Reshape", ["x", "s"], ["y"])], [value("x", FLOAT, [2, 3])], [y], [onnx.int64s("s", [-1, 2])])
    yield "resize", model([node("Resize", ["x", "", "s"], ["y"], mode="linear")], [picture_in], [y],
                          [onnx.floats("s", [1, 1, 2, 2])])
    yield "roi_align", model([node("RoiAlign", ["x", "r", "i"], ["y"], output_height=2, output_width=2)], [picture_in], [y],
                             [onnx.floats("r", [0, 0, 4, 4], [1, 4]), onnx.int64s("i", [0])])
    yield "nms", model([node("NonMaxSuppression", ["b", "s", "m"], ["y"])],
                       [value("b", FLOAT, [1, 3, 4]), value("s", FLOAT, [1, 1, 3])], [value("y", INT64, None)], [onnx.int64s("m", [5])])
    yield "topk", model([node("TopK", ["x", "k"], ["y", "i"])], [value("x", FLOAT, [2, 3])], [y, value("i", INT64, None)],
                        [onnx.int64s("k", [2])])
    yield "gather", model([node("Gather", ["x", "i"], ["y"], axis=1)], [value("x", FLOAT, [2, 3])], [y], [onnx.int64s("i", [2, 0])])
    yield "softmax", model([node("Softmax", ["x"], ["y"], axis=-1)], [value("x", FLOAT, [2, 3])], [y])
    yield "einsum", model([node("Einsum", ["x", "x"], ["y"], equation="ij,kj->ik")], [value("x", FLOAT, [2, 3])], [y])
    then = graph([node("Neg", ["x"], ["t"])], [], [value("t")], name="then")
    other = graph([node("Identity", ["x"], ["e"])], [], [value("e")], name="else")
    yield "if", model([node("If", ["c"], ["y"], then_branch=("graph", then), else_branch=("graph", other))],
                      [value("c", BOOL, []), value("x", FLOAT, [2])], [y])
    body = graph([node("Identity", ["k"], ["k2"]), node("Add", ["v", "v"], ["v2"])],
                 [value("i", INT64, []), value("k", BOOL, []), value("v", FLOAT, [2])], [value("k2"), value("v2")], name="body")
    yield "loop", model([node("Loop", ["m", "", "x"], ["y"], body=("graph", body))], [value("x", FLOAT, [2])], [y],
                        [onnx.int64s("m", [3], [])])
    yield "quantised", model([node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["y"])],
                             [x], [y], [onnx.floats("s", [0.1], []), onnx.tensor("z", [], onnx.UINT8, bytes([128]))])


def models():
    for name, content in small_models():
        for target in ("onnx_read", "onnx_run"):
            write(target, f"{name}.onnx", content)
    x, y = onnx.value("x", onnx.FLOAT, [4]), onnx.value("y", onnx.FLOAT, [4])
    for name, place in {
        "beside": {"location": "weights.bin", "offset": 16, "length": 16}, "below": {"location": "sub/more.bin", "length": 16},
        "above": {"location": "../secret.bin", "length": 16}, "link": {"location": "link.bin", "length": 16},
        "folder": {"location": "up/secret.bin", "length": 16}, "beyond": {"location": "weights.bin", "offset": 250, "length": 16},
    }.items():
        weights = onnx.tensor("w", [4], onnx.FLOAT, external=place)
        write("onnx_external_data", f"{name}.onnx", onnx.model([onnx.node("Add", ["x", "w"], ["y"])], [x], [y], [weights]))


def texts():
    truth = {"images": [{"id": 1, "file_name": "a.png", "width": 8, "height": 8}, {"id": 2, "file_name": "b.png"}],
             "categories": [{"id": 1, "name": "short"}, {"id": 3, "name": "open"}],
             "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3.5, 4], "area": 14, "iscrowd": 0},
                             {"id": 2, "image_id": 2, "category_id": 3, "bbox": [0, 0, 1, 1], "segmentation": [[0, 0, 1, 1]]}]}
    write("coco_truth", "small.json", json.dumps(truth))
    found = [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5, "file_name": "a.png"},
             {"image_id": 7, "category_id": 3, "bbox": [0, 0, 1, 1], "score": 1}]
    for target in ("coco_detections", "coco_results"):
        write(target, "small.json", json.dumps(found))
    write("labels", "names.txt", "short\nopen\n短路\n\n")
    write("labels", "windows.txt", "\ufeffshort\r\nopen\r\n")
    write("settings", "metadata", 'min_size=800\nmax_size=1333\nanchor_sizes=32,64\nscore_threshold=0.05\nlabels=["a","b"]\n')
    write("settings", "scores", "0.5,short=0.72,a\\,b=0.9")
    record = {"schema_version": 2, "file": "a.png", "width": 8, "height": 8, "model": {"name": "m", "sha256": "00"}, "min_score": 0.5,
              "detections": [{"label": "short", "label_id": 1, "score": 0.9, "box": [1, 2, 3, 4]}]}
    failed = {"schema_version": 2, "file": "b.png", "page": 2, "width": 0, "height": 0, "min_score": 0.5, "detections": [],
              "error": {"code": "unreadable_input", "message": "cut off"}}
    rows = ("csv_version,file,page,frame,width,height,label,label_id,score,x1,y1,x2,y2,error,warnings,drawn,time,sha256,min_score,model,"
            'model_sha256\n2,"a,b.png",,,8,8,short,1,0.9,1,2,3,4,,,,,,0.5,m,00\n2,b.png,2,,8,8,,,,,,,,,,,,,0.5,m,00\n')
    write("results", "rows.csv", b"\x00" + rows.encode())
    write("results", "lines.jsonl", b"\x01" + "".join(json.dumps(line) + "\n" for line in (record, failed)).encode())
    write("results", "whole.json", b"\x02" + json.dumps({"schema_version": 2, "images": [record, failed]}).encode())
    write("text", "path", "C:\\data\\./é/../短路\x1b[31m\x9b.png")
    write("text", "broken", b"a\xc3b\xf0\x9f\x98\xed\xa0\x80\xff")


def main():
    for part in (pictures, arrays, checkpoints, models, texts):
        part()


if __name__ == "__main__":
    main()
