# SPDX-License-Identifier: Apache-2.0
"""Arrays, checkpoints and models that break a rule of their format, one each: (name, bytes)."""

import json
import struct
import zlib

import onnx_model as om


# NumPy ------------------------------------------------------------------------------------------------------------------------

def npy(shape="(2, 3)", descr="'<f4'", order="False", data=bytes(24), version=1, header=None, length=None):
    text = (header or f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}").encode() + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", len(text) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + size + text + data


def npys():
    yield "empty", b""
    yield "magic_only", b"\x93NUMPY"
    yield "no_npy", b"PK\3\4" + bytes(40)
    yield "version_0", npy(version=0)
    yield "version_9", npy(version=9)
    yield "header_longer_than_the_file", npy(length=60000)
    yield "header_of_4_gigabytes", npy(version=2, length=0xFFFFFFFF)
    yield "header_no_dictionary", npy(header="print('code')")
    yield "header_that_calls", npy(header="{'descr': __import__('os').system('id'), 'fortran_order': False, 'shape': (1,), }")
    yield "header_without_shape", npy(header="{'descr': '<f4', 'fortran_order': False, }")
    yield "header_with_more", npy(header="{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'more': 1, }")
    yield "header_with_shape_twice", npy(header="{'shape': (6,), 'shape': (6,), 'descr': '<f4', 'fortran_order': False, }")
    yield "header_without_end", npy(header="{'descr': '<f4', 'fortran_order': False, 'shape': (6,")
    yield "objects", npy(descr="'|O'")
    yield "records", npy(descr="[('x', '<f4')]")
    yield "big_endian", npy(descr="'>f4'")
    yield "text_elements", npy(descr="'<U6'")
    yield "type_unknown", npy(descr="'<f3'")
    yield "order_unknown", npy(order="Maybe")
    yield "size_negative", npy(shape="(-2, 3)")
    yield "size_beyond_63_bits", npy(shape="(9223372036854775808,)")
    yield "sizes_overflow", npy(shape="(4294967296, 4294967296)")
    yield "nine_dimensions", npy(shape="(1,) * 9")
    yield "nine_sizes", npy(shape="(1, 1, 1, 1, 1, 1, 1, 1, 1)")
    yield "an_element_short", npy(data=bytes(20))
    yield "an_element_long", npy(data=bytes(28))
    yield "fortran_zero_and_sizes_that_overflow", npy("(0, 4611686018427387904, 4611686018427387904)", order="True", data=b"")


# PyTorch ----------------------------------------------------------------------------------------------------------------------

def number(value):
    return b"J" + struct.pack("<i", value)


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def tuple_of(*items):
    return b"(" + b"".join(items) + b"t"


def storage(key="0", count=6, kind="FloatStorage"):
    return tuple_of(text("storage"), name("torch", kind), text(key), text("cpu"), number(count)) + b"Q"


def tensor(sizes=(2, 3), strides=(3, 1), offset=0, function="_rebuild_tensor_v2", data=None):
    made = tuple_of(storage() if data is None else data, number(offset), tuple_of(*map(number, sizes)), tuple_of(*map(number, strides)),
                    b"\x89", b"N")
    return name("torch._utils", function) + made + b"R"


def pickled(*items, end=b".", start=b"\x80\2"):
    """A dictionary of keys and values that are opcodes already."""
    return start + b"}(" + b"".join(items) + b"u" + end


WEIGHT = text("weight")


def archive(entries, change=lambda central: central, count=None, comment=b"", shift=0):
    """A ZIP archive of stored entries: {name: bytes}. `change` sees each entry's record in the directory."""
    body, directory = b"", b""
    for key, data in entries.items():
        sizes = struct.pack("<III", zlib.crc32(data), len(data), len(data))
        fixed = struct.pack("<HHHHH", 20, 0, 0, 0, 0)
        record = b"PK\1\2" + struct.pack("<H", 20) + fixed + sizes + struct.pack("<HHHHHII", len(key), 0, 0, 0, 0, 0, len(body)) + key.encode()
        directory += change(record)
        body += b"PK\3\4" + fixed + sizes + struct.pack("<HH", len(key), 0) + key.encode() + data
    end = struct.pack("<HHHHIIH", 0, 0, *[len(entries) if count is None else count] * 2, len(directory), len(body) + shift, len(comment))
    return body + directory + b"PK\5\6" + end + comment


def checkpoint(pickle, storages=None, **more):
    data = {"0": bytes(24)} if storages is None else storages
    return archive({"m/data.pkl": pickle} | {f"m/data/{key}": content for key, content in data.items()}, **more)


def pickles():
    """What may be wrong with a pickle, whichever file it is in."""
    good = tensor()
    yield "code_os_system", pickled(WEIGHT, name("os", "system") + tuple_of(text("id")) + b"R")
    yield "code_builtins_eval", pickled(WEIGHT, name("builtins", "eval") + tuple_of(text("1")) + b"R")
    yield "code_by_dots", pickled(WEIGHT, text("torch") + text("serialization.os.system") + b"\x93" + tuple_of(text("id")) + b"R")
    yield "code_by_build_of_a_class", pickled(WEIGHT, name("torch", "Tensor") + b"}b")
    yield "call_of_a_number", pickled(WEIGHT, number(1) + b")R")
    yield "call_of_what_a_call_gave", pickled(WEIGHT, name("a", "b") + b")R" + b")R")
    yield "no_stop", pickled(WEIGHT, good, end=b"")
    yield "opcode_unknown", pickled(WEIGHT, b"\xff")
    yield "protocol_6", pickled(WEIGHT, good, start=b"\x80\6")
    yield "extension_registry", pickled(WEIGHT, b"\x82\1")
    yield "memo_never_stored", pickled(WEIGHT, b"h\5")
    yield "mark_missing", b"\x80\2t."
    yield "stack_empty", b"\x80\2."
    yield "key_without_value", pickled(WEIGHT)
    yield "items_into_a_number", b"\x80\2K\1K\2K\3s."
    yield "text_longer_than_the_file", b"\x80\2X\xff\xff\xff\x7f."
    yield "name_of_2000_letters", pickled(WEIGHT, name("m" * 2000, "n"))
    yield "line_without_end", b"\x80\2cmodule"
    yield "number_no_number", b"\x80\2Ixyz\n."
    twice = name("collections", "OrderedDict") + b"q\1" + b"0" + b"]q\2(" + (b"K\1K\2\x86" + b"2" * 3000) + b"Ne0"
    yield "dictionaries_of_one_list", b"\x80\2" + twice + b"h\2\x85q\3" + b"0" + b"h\1h\3R0" * 3000 + b"}."
    yield "root_is_a_list", b"\x80\2]."
    yield "no_tensors", pickled(WEIGHT, number(1))
    yield "a_tensor_alone", b"\x80\2" + good + b"."
    yield "an_object", b"\x80\2" + name("detectron", "Model") + b")R."
    yield "an_optimizer", pickled(text("state"), b"}", text("param_groups"), b"]")
    yield "sizes_negative", pickled(WEIGHT, tensor(sizes=(-2, 3)))
    yield "strides_negative", pickled(WEIGHT, tensor(strides=(-3, 1)))
    yield "strides_too_few", pickled(WEIGHT, tensor(strides=(1,)))
    yield "strides_of_0_unfold", pickled(WEIGHT, tensor(sizes=(1 << 30, 8), strides=(0, 0)))
    yield "offset_negative", pickled(WEIGHT, tensor(offset=-1))
    yield "outside_its_storage", pickled(WEIGHT, tensor(offset=1))
    yield "nine_dimensions", pickled(WEIGHT, tensor(sizes=(1,) * 9, strides=(1,) * 9))
    yield "sizes_of_text", pickled(WEIGHT, name("torch._utils", "_rebuild_tensor_v2")
                                   + tuple_of(storage(), number(0), tuple_of(text("2")), tuple_of(number(1)), b"\x89", b"N") + b"R")
    yield "too_few_arguments", pickled(WEIGHT, name("torch._utils", "_rebuild_tensor_v2") + tuple_of(storage()) + b"R")
    yield "storage_is_a_number", pickled(WEIGHT, tensor(data=number(0)))
    yield "storage_missing", pickled(WEIGHT, tensor(data=storage("7")))
    yield "storage_type_unknown", pickled(WEIGHT, tensor(data=storage(kind="QuaternionStorage")))
    yield "storage_complex", pickled(WEIGHT, tensor(data=storage(kind="ComplexFloatStorage")))
    yield "storage_count_negative", pickled(WEIGHT, tensor(data=storage(count=-6)))
    yield "storage_too_short", pickled(WEIGHT, tensor(data=storage(count=7)))
    yield "quantised", pickled(WEIGHT, tensor(function="_rebuild_qtensor"))


def torch_zips():
    for label, pickle in pickles():
        yield label, checkpoint(pickle)
    good = pickled(WEIGHT, tensor())
    entries = {"m/data.pkl": good, "m/data/0": bytes(24)}
    at = lambda offset, value: lambda record: record[:offset] + value + record[offset + len(value):]
    yield "zip_without_directory", checkpoint(good)[:-22]
    yield "zip_directory_of_65535_entries", archive(entries, count=65535)
    yield "zip_directory_behind_the_end", archive(entries, shift=1 << 20)
    yield "zip_entry_no_record", archive(entries, change=at(0, b"XX"))
    yield "zip_entry_encrypted", archive(entries, change=at(8, b"\1"))
    yield "zip_entry_compressed", archive(entries, change=at(10, b"\x08"))
    yield "zip_entry_of_two_sizes", archive(entries, change=at(20, b"\1\0\0\0"))
    yield "zip_entry_behind_the_end", archive(entries, change=at(42, b"\xff\xff\xff\x7f"))
    yield "zip_entry_over_the_end", archive(entries, change=at(20, b"\0\0\1\0\0\0\1\0"))
    yield "zip_entry_zip64_cut_off", archive(entries, change=at(20, b"\xff" * 8))
    yield "zip_entry_named_otherwise", archive(entries, change=lambda record: record[:46] + record[46:].replace(b"m/", b"n/"))
    names = {"m/data.pkl": good, "m/data/0": bytes(24), "m/data/1": bytes(24)}
    yield "zip_entries_of_one_name", archive(names, change=lambda record: record.replace(b"data/1", b"data/0")).replace(b"data/1", b"data/0")
    inner = archive({"m/data/1": bytes(24)})[:62]
    yield "zip_entries_overlap", overlapping(good, inner)
    yield "zip_no_data_pkl", archive({"m/data/0": bytes(24)})
    yield "zip_torchscript", archive(entries | {"m/constants.pkl": good})
    yield "zip_big_endian", archive(entries | {"m/byteorder": b"big"})
    yield "zip_slip_name", archive({"../../m/data.pkl": good})


def overlapping(good, inner):
    """An entry whose bytes hold the header and bytes of another one."""
    whole = archive({"m/data.pkl": good, "m/data/0": inner, "m/data/1": bytes(24)})
    outer = whole.index(inner)
    last = whole.rindex(b"PK\1\2")
    return whole[:last + 42] + struct.pack("<I", outer) + whole[last + 46:]


def legacy(pickle, keys=("0",), magic=b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", protocol=1001, info=b"}", data=None):
    listed = b"\x80\2](" + b"".join(map(text, keys)) + b"e."
    body = b"".join(struct.pack("<q", 6) + bytes(24) for _ in keys) if data is None else data
    return b"\x80\2" + magic + b"." + b"\x80\2M" + struct.pack("<H", protocol) + b"." + b"\x80\2" + info + b"." + pickle + listed + body


def legacy_pickles():
    good = pickled(WEIGHT, tensor())
    yield "magic_only", b"\x80\2"
    yield "magic_wrong", legacy(good, magic=number(5))
    yield "protocol_1002", legacy(good, protocol=1002)
    yield "big_endian_machine", legacy(good, info=b"}" + text("little_endian") + b"\x89s")
    yield "header_of_2000_values", legacy(good, info=b"(" + b"K\1" * 2000 + b"t")
    yield "storage_listed_twice_cut_off", legacy(good, keys=("0", "0"), data=struct.pack("<q", 6) + bytes(24))
    yield "storage_unknown", legacy(good, keys=("7",))
    yield "storage_cut_off", legacy(good, data=struct.pack("<q", 6) + bytes(20))
    yield "storage_of_negative_size", legacy(good, data=struct.pack("<q", -6) + bytes(24))
    yield "storage_of_2_to_62", legacy(good, data=struct.pack("<q", 1 << 62) + bytes(24))
    yield "code_in_the_header", legacy(good, info=name("os", "system") + tuple_of(text("id")) + b"R")
    for label, pickle in list(pickles())[:6]:
        yield label, legacy(pickle)


# safetensors ------------------------------------------------------------------------------------------------------------------

def safetensors(header, data=bytes(24), length=None):
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(encoded) if length is None else length) + encoded + data


def safetensor_files():
    entry = lambda dtype="F32", shape=(2, 3), offsets=(0, 24): {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}
    yield "header_longer_than_the_file", safetensors({"a": entry()}, length=1 << 20)
    yield "header_longer_than_100_megabytes", safetensors({"a": entry()}, length=1 << 40)
    yield "header_cut_off", safetensors({"a": entry()}, length=20)
    yield "header_no_json", safetensors(b"{'a': 1}")
    yield "header_is_a_list", safetensors(b"{\"a\": []}")
    yield "header_nested_deep", safetensors(b"{\"a\":" + b"[" * 5000 + b"]" * 5000 + b"}")
    yield "tensor_twice", safetensors(b"{\"a\":" + json.dumps(entry()).encode() + b",\"a\":" + json.dumps(entry()).encode() + b"}")
    yield "field_twice", safetensors(b'{"a":{"dtype":"F32","dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}')
    yield "dtype_missing", safetensors({"a": {"shape": [2, 3], "data_offsets": [0, 24]}})
    yield "dtype_unknown", safetensors({"a": entry("F3")})
    yield "dtype_is_a_number", safetensors({"a": {"dtype": 1, "shape": [2, 3], "data_offsets": [0, 24]}})
    yield "shape_missing", safetensors({"a": {"dtype": "F32", "data_offsets": [0, 24]}})
    yield "shape_negative", safetensors({"a": entry(shape=(-2, 3))})
    yield "shape_fraction", safetensors({"a": entry(shape=(2.5, 3))})
    yield "shape_of_nine", safetensors({"a": entry(shape=[1] * 9)})
    yield "shape_overflows", safetensors({"a": entry(shape=(1 << 40, 1 << 40))})
    yield "shape_too_large_for_its_bytes", safetensors({"a": entry(shape=(3, 3))})
    yield "offsets_backwards", safetensors({"a": entry(offsets=(24, 0))})
    yield "offsets_behind_the_end", safetensors({"a": entry(offsets=(0, 48), shape=(4, 3))})
    yield "offsets_of_three", safetensors({"a": entry(offsets=(0, 24, 24))})
    yield "tensors_overlap", safetensors({"a": entry(), "b": entry(shape=(1, 3), offsets=(12, 24))})
    yield "hole_between_tensors", safetensors({"a": entry(shape=(1,), offsets=(0, 4)), "b": entry(shape=(4,), offsets=(8, 24))})
    yield "bytes_behind_the_last", safetensors({"a": entry()}, data=bytes(30))
    yield "metadata_not_text", safetensors({"__metadata__": {"a": 1}, "a": entry()})
    yield "metadata_twice", safetensors(b'{"__metadata__":{},"__metadata__":{},"a":' + json.dumps(entry()).encode() + b"}")
    yield "an_index_of_shards", json.dumps({"metadata": {}, "weight_map": {"a": "model-00001-of-00002.safetensors"}}).encode()


# ONNX -------------------------------------------------------------------------------------------------------------------------

def onnxes():
    x, y = om.value("x", om.FLOAT, [2]), om.value("y", om.FLOAT, [2])
    relu = om.node("Relu", ["x"], ["y"])
    add = lambda initializer: om.model([om.node("Add", ["x", "w"], ["y"])], [x], [y], [initializer])
    outside = lambda **external: add(om.tensor("w", [2], external=external))
    yield "empty", b""
    yield "noise", bytes(range(255, 0, -1))
    yield "length_beyond_the_end", om.field(1, 8) + b"\x3a\xff\xff\x7f"
    yield "number_of_11_bytes", b"\x08" + b"\xff" * 11
    yield "no_graph", om.field(1, 8) + om.field(8, om.field(1, "") + om.field(2, 17))
    yield "no_opset", om.field(1, 8) + om.field(7, om.graph([relu], [x], [y]))
    yield "opset_999", om.model([relu], [x], [y], opset=999)
    yield "opset_1", om.model([relu], [x], [y], opset=1)
    yield "operator_unknown", om.model([om.node("Reluu", ["x"], ["y"])], [x], [y])
    yield "domain_unknown", om.model([om.node("Relu", ["x"], ["y"], domain="com.example")], [x], [y])
    yield "input_of_nothing", om.model([om.node("Relu", ["z"], ["y"])], [x], [y])
    yield "output_of_nothing", om.model([relu], [x], [om.value("z", om.FLOAT, [2])])
    yield "value_made_twice", om.model([relu, relu], [x], [y])
    yield "nodes_in_a_circle", om.model([om.node("Relu", ["b"], ["a"]), om.node("Relu", ["a"], ["b"])], [x], [om.value("b", om.FLOAT, [2])])
    yield "too_few_inputs", om.model([om.node("Add", ["x"], ["y"])], [x], [y])
    yield "attribute_of_another_type", om.model([om.node("Softmax", ["x"], ["y"], axis="1")], [x], [y])
    yield "type_of_input_unknown", om.model([relu], [om.value("x", 77, [2])], [y])
    yield "tensor_size_negative", add(om.tensor("w", [-2], raw=bytes(8)))
    yield "tensor_too_short", add(om.tensor("w", [2], raw=bytes(7)))
    yield "tensor_sizes_overflow", add(om.tensor("w", [1 << 40, 1 << 40], raw=bytes(8)))
    yield "tensor_of_nine_dimensions", add(om.tensor("w", [1] * 9, raw=bytes(4)))
    yield "tensor_type_unknown", add(om.tensor("w", [2], 77, raw=bytes(8)))
    yield "external_missing", outside(location="missing.bin")
    yield "external_above_its_folder", outside(location="../secret.bin")
    yield "external_absolute", outside(location="/etc/passwd")
    yield "external_without_location", outside(offset="0")
    yield "external_offset_negative", outside(location="missing.bin", offset="-8")


ALL = {"npy": npys, "torch_zip": torch_zips, "legacy_pickle": legacy_pickles, "safetensors": safetensor_files, "onnx": onnxes}


def sound():
    yield "array.npy", npy()
    yield "fortran.npy", npy(order="True")
    yield "zip.pth", checkpoint(pickled(WEIGHT, tensor()))
    yield "legacy.pth", legacy(pickled(WEIGHT, tensor()))
    yield "two.safetensors", safetensors({"__metadata__": {"k": "v"}, "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                                          "b": {"dtype": "F16", "shape": [8], "data_offsets": [8, 24]}})
    yield "add.onnx", om.model([om.node("Add", ["x", "w"], ["y"])], [om.value("x", om.FLOAT, ["n", 2])], [om.value("y", om.FLOAT, ["n", 2])],
                               [om.floats("w", [1.0, 2.0])])
