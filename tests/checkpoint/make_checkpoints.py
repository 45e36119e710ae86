# SPDX-License-Identifier: Apache-2.0
"""Writes the checkpoints that checkpoint_test reads, with what PyTorch itself finds in them, into the given folder.

NAME.pth / NAME.safetensors   a checkpoint
NAME.expected                 one line per tensor: key, type, rank, sizes, number of values
NAME.values                   the values of those tensors as float32, one tensor after the other
Exit code 77: PyTorch or torchvision is not installed.
"""

import argparse
import collections
import io
import json
import os
import pathlib
import pickle
import struct
import sys
import zipfile

try:
    import numpy
    import torch
    import torch.nn.utils.parametrizations
    import torch.nn.utils.prune
    import torchvision
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(77)

FOLDER = pathlib.Path(sys.argv[1])
FOLDER.mkdir(parents=True, exist_ok=True)
torch.manual_seed(20)
LEGACY = {"_use_new_zipfile_serialization": False}


def expect(name, state):
    with open(FOLDER / f"{name}.expected", "w") as lines, open(FOLDER / f"{name}.values", "wb") as values:
        for key, tensor in state.items():
            sizes = " ".join(str(size) for size in tensor.shape)
            kind = str(tensor.dtype).removeprefix("torch.")
            lines.write(f"{key} {kind} {tensor.dim()} {sizes} {tensor.numel()}\n")
            if tensor.dtype.is_floating_point:
                values.write(tensor.detach().to(torch.float32).contiguous().numpy().tobytes())


def save(name, saved, state, **options):
    torch.save(saved, FOLDER / f"{name}.pth", **options)
    expect(name, state)


def all_kinds():
    """Every way in which a tensor can lie in its storage."""
    base = torch.randn(6, 8)
    images = torch.randn(2, 3, 4, 5)
    halves = torch.tensor([0.0, -0.0, 1.0, 6.1e-5, 5.9e-8, -3e-6, 65504.0, 0.333, float("inf"), float("-inf")])
    weight = torch.nn.Parameter(torch.randn(3, 4))
    annotated = torch.nn.Parameter(torch.randn(2, 2))
    annotated.origin = "fine-tuned"  # a tensor with attributes is pickled in another way
    return collections.OrderedDict(
        plain=torch.randn(2, 3),
        transposed=base.t(),
        column=base[:, 3],
        every_second=base[1::2, ::3],
        tail=base[4:],
        shared_whole=base,
        permuted=images.permute(2, 0, 3, 1),
        channels_last=images.to(memory_format=torch.channels_last),
        expanded=torch.randn(1, 4).expand(5, 4),
        one_sized=torch.randn(1, 7, 1)[:, ::2],
        scalar=torch.tensor(2.5),
        no_rows=torch.zeros(0, 3),
        empty_vector=torch.tensor([]),
        half=halves.half(),
        half_strided=torch.randn(4, 6).half().t(),
        bfloat=torch.randn(5, 3).bfloat16(),
        double=torch.randn(3, 3, dtype=torch.float64) * 1e3,
        double_strided=torch.randn(3, 5, dtype=torch.float64)[:, 1:4],
        parameter=weight,
        annotated=annotated,
        frozen=torch.nn.Parameter(torch.randn(3), requires_grad=False),
        eight_dimensions=torch.randn(1, 2, 1, 2, 1, 2, 1, 2),
        counter=torch.tensor(17),
        flags=torch.tensor([True, False]),
    )


def small_state():
    return collections.OrderedDict([("conv.weight", torch.randn(2, 1, 3, 3)), ("conv.bias", torch.randn(2).half())])


def training_run():
    """What torchvision's reference scripts keep beside the weights, and what others do."""
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.randn(1, 1, 8, 8)).sum().backward()
    optimizer.step()
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[16, 22])
    args = argparse.Namespace(
        data_path="/data/coco", lr=0.02, lr_steps=[16, 22], device=torch.device("cuda", 0), amp=True,
        output_dir=pathlib.PurePosixPath("runs/1"), best=numpy.float64(0.25), seen={1, 2}, phases=frozenset([3]),
        history=numpy.arange(4), size=torch.Size([3, 4]), dtype=torch.float32, number=3 + 1j, raw=b"\x00\x01",
        big=2**70, negative=-(2**40), tiny=-5, text="räksmörgås", nothing=None,
        counts=collections.Counter("aab"), grouped=collections.defaultdict(list, a=[1]))
    args.self = args  # a circle
    return model.state_dict(), {
        "model": model.state_dict(), "optimizer": optimizer.state_dict(), "lr_scheduler": scheduler.state_dict(),
        "args": args, "epoch": 25}


def write_safetensors(name, state, metadata=None, pad=0):
    types = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64",
             torch.int64: "I64", torch.bool: "BOOL"}
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for key, tensor in state.items():
        flat = tensor.detach().contiguous().flatten()
        raw = flat.view(torch.int16).numpy().tobytes() if tensor.dtype == torch.bfloat16 else flat.numpy().tobytes()
        header[key] = {"dtype": types[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode() + b" " * pad
    (FOLDER / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    expect(name, state)


class Call:
    """Pickles as a call of `function`: what an attacker writes."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


class Stored:
    """Stands for a storage; pickled as the reference that torch makes of one."""

    def __init__(self, *reference):
        self.reference = reference


class StoragePickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.reference if isinstance(value, Stored) else None


def save_by_hand(name, value, storages, expected):
    """A file of a version of PyTorch that is not at hand."""
    stream = io.BytesIO()
    StoragePickler(stream, protocol=2).dump(value)
    with zipfile.ZipFile(FOLDER / f"{name}.pth", "w") as archive:
        archive.writestr("archive/data.pkl", stream.getvalue())
        archive.writestr("archive/byteorder", "little")
        for key, tensor in storages.items():
            archive.writestr(f"archive/data/{key}", tensor.numpy().tobytes())
    expect(name, expected)


def torch_function(name):
    """A function of another PyTorch, which pickle insists on finding by its name."""
    module, _, short = name.rpartition(".")

    def function():
        raise AssertionError("only its name is wanted")

    function.__module__, function.__qualname__ = module, short
    setattr(sys.modules[module], short, function)
    return function


def other_versions():
    values = torch.randn(12)
    by_type = torch_function("torch._utils._rebuild_tensor_v3")
    with_state = torch_function("torch._utils._rebuild_parameter_with_state")
    plain = torch._utils._rebuild_tensor_v2
    hooks = collections.OrderedDict()
    # PyTorch 2: a storage without type, and the element type beside the shape.
    untyped = Stored("storage", torch.UntypedStorage, "0", "cpu", 48)
    typed = Stored("storage", torch.FloatStorage, "0", "cuda:0", 12)
    modern = {
        "a": Call(by_type, untyped, 2, (2, 3), (1, 3), False, hooks, torch.float32, {}),
        "b": Call(with_state, Call(plain, typed, 0, (3,), (1,), True, hooks), True, hooks, {"note": 1}),
        "c": Call(torch._utils._rebuild_tensor, typed, 1, torch.Size([2]), (1,)),
        # The stride of a dimension of size 1 may be anything.
        "d": Call(plain, typed, 0, (3, 1, 2), (1, 2**63 - 1, 6), False, hooks),
    }
    save_by_hand("modern", modern, {"0": values},
                 {"a": values[2:11].reshape(3, 3).t()[:2], "b": values[:3], "c": values[1:3],
                  "d": values.reshape(2, 6)[:, :3].t().reshape(3, 1, 2)})
    # PyTorch 0.x under Python 2: views of storages, and OrderedDict made from a list of pairs.
    view = Stored("storage", torch.FloatStorage, "0", "cpu", 12, ("1", 5, 4))
    old = Call(collections.OrderedDict, [["v", Call(plain, view, 1, (3,), (1,), False, hooks)]])
    save_by_hand("python2", old, {"0": values}, {"v": values[6:9]})
    beyond = {"v": Call(plain, view, 2, (3,), (1,), False, hooks)}
    save_by_hand("beyond_view", beyond, {"0": values}, {})
    short = {"v": Call(plain, typed, 0, (3,), (1,), False, hooks)}
    save_by_hand("short_storage", short, {"0": values[:11]}, {})
    save_by_hand("missing_storage", short, {"7": values}, {})
    save_by_hand("negative_stride", {"v": Call(plain, typed, 5, (3,), (-1,), False, hooks)}, {"0": values}, {})
    save_by_hand("negative_offset", {"v": Call(plain, typed, -1, (3,), (1,), False, hooks)}, {"0": values}, {})
    save_by_hand("far_offset", {"v": Call(plain, typed, -(2**40), (3,), (1,), False, hooks)}, {"0": values}, {})
    save_by_hand("overflowing", {"v": Call(plain, typed, 0, (3, 3), (2**62, 2**62), False, hooks)}, {"0": values}, {})
    with zipfile.ZipFile(FOLDER / "big_endian.pth", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        archive.writestr("archive/byteorder", "big")


class Wrapped(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)


def save_plain(name, saved, **options):
    torch.save(saved, FOLDER / f"{name}.pth", **options)


def repack(name, source, compression):
    """The same archive written by another ZIP program."""
    with zipfile.ZipFile(FOLDER / source) as old, zipfile.ZipFile(FOLDER / name, "w", compression) as new:
        for entry in old.namelist():
            new.writestr(entry, old.read(entry))


def readable():
    kinds = all_kinds()
    for protocol in (1, 2, 3, 4, 5):
        save(f"zip_protocol{protocol}", kinds, kinds, pickle_protocol=protocol)
    for protocol in (2, 3, 4, 5):
        save(f"stream_protocol{protocol}", kinds, kinds, pickle_protocol=protocol, **LEGACY)
    plain = dict(kinds)
    write_safetensors("safetensors", plain, {"framework": "pt", "note": 'quotes " and ümlauts'})
    write_safetensors("safetensors_unaligned", plain, pad=3)

    state = small_state()
    for wrapper in ("model", "model_state_dict", "state_dict", "net", "weights_of_the_detector"):
        save(f"wrapped_{wrapper}", {"epoch": 3, "best_ap": 0.5, wrapper: state}, state)
    save("wrapped_with_average", {"model": state, "model_ema": small_state()}, state)
    save("wrapped_with_metric", {"best_ap": torch.tensor(0.5), "model": state}, state)
    save("plain_dict", dict(state), state)
    save("no_weights_beside", {**state, "version": 3, "names": ["a"], "extra": None}, state)
    save("prefix_module", {"module." + key: value for key, value in state.items()}, state)
    save("prefix_nested", {"model": {"_orig_mod.module." + key: value for key, value in state.items()}}, state)
    averaged = {"module.module." + key: value for key, value in state.items()}
    save("prefix_average", {"model_ema": {"n_averaged": torch.tensor(3), **averaged}}, state)
    partly = {"module.a": torch.ones(1), "b": torch.ones(2)}
    save("prefix_of_some", partly, partly)

    for name, options in (("zip", {}), ("zip4", {"pickle_protocol": 4}), ("stream", LEGACY)):
        weights, run = training_run()
        save(f"training_run_{name}", run, weights, **options)

    buffer = io.BytesIO()
    torch.save(state, buffer)
    (FOLDER / "inner.bin").write_bytes(buffer.getvalue())
    repack("repacked.pth", "inner.bin", zipfile.ZIP_STORED)
    expect("repacked", state)
    # As if every size and offset needed 64 bits.
    zipfile.ZIP64_LIMIT, limit = -1, zipfile.ZIP64_LIMIT
    repack("zip64.pth", "inner.bin", zipfile.ZIP_STORED)
    zipfile.ZIP64_LIMIT = limit
    expect("zip64", state)

    # Small files of each format, which the test cuts and flips byte by byte.
    tiny = collections.OrderedDict(w=torch.randn(2, 3), b=torch.randn(3).half())
    tiny["t"] = tiny["w"].t()
    save("tiny_zip", tiny, tiny)
    save("tiny_stream", {"model": tiny}, tiny, **LEGACY)
    write_safetensors("tiny", dict(tiny), {"k": "v"})


def refused():
    state = small_state()
    for name, options in (("zip", {}), ("stream", LEGACY)):
        save_plain(f"module_{name}", Wrapped(), **options)
        save_plain(f"module_wrapped_{name}", {"model": Wrapped(), "epoch": 1}, **options)
        save_plain(f"attack_{name}", Call(os.system, "touch /tmp/detect_was_here"), **options)
        save_plain(f"attack_beside_{name}", {"model": state, "args": [{"x": Call(eval, "1+1")}]}, **options)
    save_plain("attack_getattr", {"model": state, "x": Call(getattr, "text", "upper")})
    for protocol in (2, 4):
        raw = pickle.dumps({"model": 1, "x": Call(os.system, "true")}, protocol=protocol)
        with zipfile.ZipFile(FOLDER / f"attack_protocol{protocol}.pth", "w") as archive:
            archive.writestr("archive/data.pkl", raw)
    handmade = {
        # GLOBAL operator-free chain: the class that is called is itself the result of a call.
        "attack_computed": b"\x80\x02cfunctools\npartial\ncos\nsystem\n\x85RX\x04\x00\x00\x00true\x85R.",
        # A dotted name that walks from a harmless module to a harmful one.
        "attack_dotted": b"\x80\x04\x8c\x05torch\x8c\x17serialization.os.system\x93\x8c\x04true\x85R.",
        # BUILD on a class instead of an object.
        "attack_build": b"\x80\x02ctorch\nTensor\n}X\x0c\x00\x00\x00__setstate__cposix\nsystem\nsb.",
        # INST and OBJ: the two oldest ways to call.
        "attack_inst": b"\x80\x02(X\x04\x00\x00\x00trueios\nsystem\n.",
        "attack_obj": b"\x80\x02(cos\nsystem\nX\x04\x00\x00\x00trueo.",
        "extension": b"\x80\x02\x82\x01)R.",
        "stack_underflow": b"\x80\x02R.",
        "mark_underflow": b"\x80\x02t.",
        "unknown_memo": b"\x80\x02h\x07.",
        "no_stop": b"\x80\x02}",
        "empty_dict": b"\x80\x02}.",
        "deep": b"\x80\x02" + b"]" * 200000 + b"a" * 199999 + b".",
        "marks": b"\x80\x02" + b"(" * 200000 + b".",
        "cycle": b"\x80\x02}q\x00X\x05\x00\x00\x00modelh\x00s.",
        "many_values": b"\x80\x02" + b"K\x01" * 2200000 + b".",
        # One long list of pairs, copied into a new dictionary again and again by a few bytes each.
        "memo_bomb": b"\x80\x02))\x86q\x01]q\x00(" + b"h\x01" * 20000 + b"e0ccollections\nOrderedDict\nq\x020"
                     + b"h\x02h\x00\x85R0" * 50000 + b"N.",
    }
    for name, raw in handmade.items():
        with zipfile.ZipFile(FOLDER / f"{name}.pth", "w") as archive:
            archive.writestr("archive/data.pkl", raw)

    model = torch.nn.Linear(2, 2)
    save_plain("optimizer_only", {"optimizer": torch.optim.Adam(model.parameters()).state_dict(), "epoch": 3})
    save_plain("optimizer_itself", torch.optim.Adam(model.parameters()).state_dict())
    save_plain("single_tensor", torch.ones(3))
    save_plain("list", [torch.ones(3)])
    save_plain("numbers", {"a": 1, "b": 2.5})
    save_plain("two_networks", {"generator": state, "discriminator": small_state()})
    save_plain("quantised", {"w": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)})
    save_plain("sparse", {"w": torch.eye(3).to_sparse()})
    save_plain("complex", {"w": torch.ones(2, dtype=torch.complex64)})
    save_plain("nine_dimensions", {"w": torch.ones(1, 1, 1, 1, 1, 1, 1, 1, 1)})
    save_plain("unfolding", {"w": torch.ones(1).expand(1 << 20, 1 << 20)})
    save_plain("unfolding_often", {f"w{i}": torch.ones(1).expand(1 << 18) for i in range(20)})
    torch.jit.save(torch.jit.script(model), str(FOLDER / "script.pth"))
    (FOLDER / "pickled.pth").write_bytes(pickle.dumps({"w": [1.0, 2.0]}, protocol=2))
    numpy.savez(FOLDER / "numpy.npz", w=numpy.ones(3))
    numpy.save(FOLDER / "numpy.npy", numpy.ones(3))
    repack("compressed.pth", "inner.bin", zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(FOLDER / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}, protocol=2))
        archive.writestr("archive/data/0", b"\x00" * (100 << 20))


def networks():
    """State dicts of torchvision's networks, every tensor shrunk to size 1: names are all that counts."""
    torch.nn.Module.apply = lambda self, function: self  # no time for random numbers
    for initialise in ("kaiming_uniform_", "kaiming_normal_", "normal_", "trunc_normal_", "xavier_uniform_", "uniform_"):
        setattr(torch.nn.init, initialise, lambda tensor, *arguments, **options: tensor)
    detection = torchvision.models.detection
    build = {
        "mask_rcnn": detection.maskrcnn_resnet50_fpn,
        "keypoint_rcnn": detection.keypointrcnn_resnet50_fpn,
        "resnet50": detection.fasterrcnn_resnet50_fpn,
        "resnet50_v2": detection.fasterrcnn_resnet50_fpn_v2,
        "retinanet": detection.retinanet_resnet50_fpn,
        "fcos": detection.fcos_resnet50_fpn,
        "ssd": detection.ssd300_vgg16,
        "ssdlite": detection.ssdlite320_mobilenet_v3_large,
        "mobilenet_v3": torchvision.models.mobilenet_v3_large,
        "resnet18": torchvision.models.resnet18,
        "vit": torchvision.models.vit_b_16,
    }
    for name, make in build.items():
        options = {"weights": None}
        if "detection" in make.__module__:
            options["weights_backbone"] = None
        state = make(**options).state_dict()
        save_plain(f"network_{name}", {key: torch.zeros(1) for key in state})

    state = detection.fasterrcnn_mobilenet_v3_large_fpn(weights=None, weights_backbone=None, num_classes=5).state_dict()
    rows = {"cls_score": 5, "bbox_pred": 20}
    small = {}
    for i, key in enumerate(state):
        if key.endswith("num_batches_tracked"):
            small[key] = torch.tensor(0)
        elif "box_predictor" in key:
            rows_here = rows[key.split(".")[2]]
            small[key] = torch.full((rows_here, 1) if key.endswith("weight") else (rows_here,), float(i))
        else:
            small[key] = torch.full((1,), float(i))
    save("target", small, small)
    old = {old_name(key): value for key, value in small.items() if not key.endswith("num_batches_tracked")}
    save("target_old", old, old)
    save_plain("target_both_names", {**old, "rpn.head.conv.0.0.weight": torch.zeros(1)})
    save_plain("target_nan", {**small, "rpn.head.conv.0.0.bias": torch.tensor([1.0, float("nan")])})
    save_plain("target_infinite", {**small, "rpn.head.conv.0.0.bias": torch.tensor([1e300], dtype=torch.float64)})
    save_plain("target_integers", {**small, "rpn.head.conv.0.0.bias": torch.tensor([1])})
    save_plain("target_disagreeing", {**small, "roi_heads.box_predictor.bbox_pred.weight": torch.zeros(24, 1)})
    save_plain("target_one_class", {**small, "roi_heads.box_predictor.cls_score.weight": torch.zeros(1, 1)})
    save_plain("target_without_scores", {key: value for key, value in small.items() if "cls_score" not in key})
    save_plain("target_with_more", {**small, "rpn.extra.weight": torch.zeros(1)})
    for name, module in computed_weights().items():
        rest = {key: value for key, value in small.items() if key != "rpn.head.conv.0.0.weight"}
        save_plain(name, {**rest, **{f"rpn.head.conv.0.0.{key}": value for key, value in module.state_dict().items()}})
    save_plain("network_yolo", {f"model.{i}.conv.weight": torch.zeros(1) for i in range(3)})
    save_plain("network_strange", {"encoder.a": torch.zeros(1), "decoder.b": torch.zeros(1)})


def computed_weights():
    """Layers whose weight torch computes from other tensors."""
    utils = torch.nn.utils
    layers = {f"target_{name}": torch.nn.Conv2d(2, 2, 1) for name in ("pruned", "spectral", "weight_norm", "parametrised")}
    utils.prune.l1_unstructured(layers["target_pruned"], "weight", 1)
    utils.spectral_norm(layers["target_spectral"])
    utils.weight_norm(layers["target_weight_norm"])
    utils.parametrizations.spectral_norm(layers["target_parametrised"])
    return layers


def old_name(key):
    """Key names as torchvision wrote them before version 0.13."""
    for block in ("inner_blocks", "layer_blocks"):
        for i in range(2):
            key = key.replace(f"{block}.{i}.0.", f"{block}.{i}.")
    return key.replace("rpn.head.conv.0.0.", "rpn.head.conv.")


readable()
other_versions()
refused()
networks()
