# SPDX-License-Identifier: Apache-2.0
"""ONNX models, written byte by byte: what tests need of the format, without a package for it.

    model([node("Relu", ["x"], ["y"])], inputs=[value("x", FLOAT, ["n", 3])], outputs=[value("y", FLOAT, ["n", 3])])

Message and field numbers are those of onnx.proto.
"""

import struct

FLOAT, UINT8, INT8, UINT16, INT16, INT32, INT64, STRING, BOOL, FLOAT16, DOUBLE, UINT32, UINT64 = range(1, 14)


def varint(number):
    number &= (1 << 64) - 1
    encoded = bytearray()
    while True:
        encoded.append(number & 0x7F | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(encoded)


def field(number, content):
    """A field of a message: an integer, text, or the bytes of a string or message."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    if isinstance(content, str):
        content = content.encode()
    return varint(number << 3 | 2) + varint(len(content)) + content


def fields(number, contents):
    return b"".join(field(number, content) for content in contents)


def tensor(name, dims, element_type=FLOAT, raw=None, external=None):
    """`raw`: the elements' bytes; `external`: {"location": ..., "offset": ...} in place of them."""
    message = fields(1, dims) + field(2, element_type) + field(8, name)
    if external is not None:
        entries = [field(1, key) + field(2, str(text)) for key, text in external.items()]
        return message + fields(13, entries) + field(14, 1)
    return message + field(9, raw)


def int64s(name, numbers, dims=None):
    return tensor(name, [len(numbers)] if dims is None else dims, INT64, struct.pack(f"<{len(numbers)}q", *numbers))


def floats(name, numbers, dims=None):
    return tensor(name, [len(numbers)] if dims is None else dims, FLOAT, struct.pack(f"<{len(numbers)}f", *numbers))


def attribute(name, content):
    """An attribute: int, float, str, a list of ints, or ("tensor", bytes) or ("graph", bytes)."""
    message = field(1, name)
    if isinstance(content, tuple):
        kind, encoded = content
        return message + (field(5, encoded) + field(20, 4) if kind == "tensor" else field(6, encoded) + field(20, 5))
    if isinstance(content, float):
        return message + varint(2 << 3 | 5) + struct.pack("<f", content) + field(20, 1)
    if isinstance(content, int):
        return message + field(3, content) + field(20, 2)
    if isinstance(content, str):
        return message + field(4, content) + field(20, 3)
    return message + fields(8, content) + field(20, 7)


def node(op, inputs, outputs, name="", domain="", **attributes):
    encoded = [attribute(key, content) for key, content in attributes.items()]
    return (fields(1, inputs) + fields(2, outputs) + field(3, name or f"{op}_of_{outputs[0]}") + field(4, op)
            + fields(5, encoded) + field(7, domain))


def value(name, element_type=None, shape=None):
    """A typed value; sizes are numbers or names. Without a type just a name, as bodies have it."""
    if element_type is None:
        return field(1, name)
    message = field(1, element_type)
    if shape is not None:
        message += field(2, fields(1, [field(1 if isinstance(size, int) else 2, size) for size in shape]))
    return field(1, name) + field(2, field(1, message))


def graph(nodes, inputs=(), outputs=(), initializers=(), name="test"):
    return (fields(1, nodes) + field(2, name) + fields(5, initializers) + fields(11, inputs) + fields(12, outputs))


def model(nodes, inputs=(), outputs=(), initializers=(), opset=17):
    return (field(1, 8) + field(7, graph(nodes, inputs, outputs, initializers)) + field(8, field(1, "") + field(2, opset)))
