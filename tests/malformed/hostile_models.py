#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hostile_models.py FOLDER: writes models that ask for too much, go on for ever, or are broken, as GROUP/NAME.onnx.

Some hundred bytes each, but for those that are about counts. Needs tests/support on the path of modules.
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.dont_write_bytecode = True
import onnx_model as om


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


def growing():
    """Files that grow when they are parsed."""
    sound = om.model([om.node("Relu", ["x"], ["y"])], [om.value("x", om.FLOAT, ["n"]), om.value("z", om.FLOAT, ["n"])],
                     [om.value("y", om.FLOAT)])
    count = 10_000_000
    for name, filling in {"initializers": b"\x2a\x00", "nodes": b"\x0a\x00"}.items():
        yield name, sound + b"\x3a" + om.varint(2 * count) + filling * count
    yield "metadata", sound + b"\x72\x00" * count


def many_names():
    """Whose time may not be the square of the count. `captures` has a third input, go."""
    count = 100_000
    names = [f"v{i}" for i in range(count)]
    branch = lambda inputs, output: ("graph", om.graph([om.node("Concat", inputs, [output], axis=0)], [], [om.value(output)]))
    yield "captures", om.model([om.node("If", ["go"], ["y"], then_branch=branch(names, "o"), else_branch=branch(names[:1], "p"))],
                               [om.value("x", om.FLOAT, ["n"]), om.value("z", om.FLOAT, ["n"]), om.value("go", om.BOOL, [])],
                               [om.value("y", om.FLOAT, ["m"])], [om.floats(name, [1.0]) for name in names])
    yield "outputs", om.model([om.node("Relu", ["x"], [name]) for name in names],
                              [om.value("x", om.FLOAT, [1]), om.value("z", om.FLOAT, [1])],
                              [om.value(name, om.FLOAT, [1]) for name in names])


def many_nodes():
    count = 20000
    x, y = [om.value("x", om.FLOAT, [1])], [om.value(f"v{count}", om.FLOAT, [1])]
    for op in ("Identity", "Relu"):
        yield op, om.model([om.node(op, [f"v{i}" if i else "x"], [f"v{i + 1}"]) for i in range(count)], x, y)


def external_files(folder):
    """What lies in and around the folder of a model with external data."""
    (folder.parent / "outside.bin").write_bytes(bytes(64))
    (folder / "link.bin").symlink_to(folder.parent / "outside.bin")
    os.mkfifo(folder / "pipe.bin")
    (folder / "short.bin").write_bytes(bytes(3))
    (folder / "weights.bin").write_bytes(bytes(8))


def external(folder):
    """Models of that folder, and the command's exit codes: all but one are refused."""
    def model(entries):
        return om.model([om.node("Add", ["x", "w"], ["y"])], [om.value("x", om.FLOAT, [1])], [om.value("y", om.FLOAT, [1])],
                        [om.tensor("w", [1], om.FLOAT, external=entries)])

    places = {"../outside.bin": {4}, str(folder.parent / "outside.bin"): {4}, "link.bin": {4}, "/etc/passwd": {4}, "/dev/zero": {4},
              "pipe.bin": {3}, ".": {3}, "absent.bin": {3}, "short.bin": {3}, "weights.bin": {0}}
    for number, (location, exit_codes) in enumerate(places.items()):
        yield "inside" if exit_codes == {0} else f"place_{number}", model({"location": location}), exit_codes
    for number, entries in enumerate(({"offset": "8"}, {"offset": "-4"}, {"offset": "99999999999999999999"}, {"length": "5"},
                                      {"offset": str((1 << 64) - 4)})):
        yield f"range_{number}", model({"location": "weights.bin", **entries}), {3, 4}


def write(folder):
    """How many models."""
    external_folder = folder / "external"
    external_folder.mkdir(parents=True)
    external_files(external_folder)
    groups = {"huge_results": huge_results(), "long_work": long_work(), "endless_loops": endless_loops(),
              "endless_work": [("pool", large_pool(20_000))], "growing": growing(), "many_names": many_names(),
              "broken": broken_graphs(), "many_nodes": many_nodes(),
              "external": [(name, content) for name, content, _ in external(external_folder)]}
    count = 0
    for group, models in groups.items():
        (folder / group).mkdir(exist_ok=True)
        for name, content in models:
            (folder / group / f"{name}.onnx").write_bytes(content)
            count += 1
    return count


if __name__ == "__main__":
    print(write(pathlib.Path(sys.argv[1])), "hostile models")
