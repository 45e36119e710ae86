# SPDX-License-Identifier: Apache-2.0
"""What was aimed at, beside what was reached. Ratios are the peer's time over ours; higher is faster than the peer."""

from engines import ORT_OURS, ORT_TORCHVISION, OURS, TORCHVISION
from int8 import SINGLE_PRECISION

RANDOM = "800x1066-1000-proposals"
# By engine and threads (None: any): at 800×1066, at 320×320, nowhere below.
RATIO_TARGETS = (
    (ORT_OURS, 2, 1.7, 2.0, 1.3),
    (ORT_OURS, 1, 1.6, 1.8, 1.3),
    (ORT_TORCHVISION, None, 2.3, 2.6, 1.7),
    (TORCHVISION, None, 4.0, 4.0, 3.0),
)
# With so few proposals the dense part, where there is most to win, is nearly all of the work.
FEW_PROPOSALS = 150
FEW_PROPOSALS_TARGET = {2: 2.0, 1: 1.8}
COLD_START_TARGET = 0.5
MEMORY_TARGET = 0.6
DENSE_TARGET = 0.65
INT8_TARGETS = {SINGLE_PRECISION: 1.8, ORT_OURS: 2.5}


def ratio_target(engine, threads, case, proposals):
    """The ratio aimed at with a batch of 1, or None."""
    for name, with_threads, at_800, at_320, anywhere in RATIO_TARGETS:
        if name != engine or with_threads not in (None, threads):
            continue
        if case == RANDOM:
            return 5.0 if engine == ORT_TORCHVISION else anywhere
        if case == "320x320":
            return at_320
        if case == "800x1066":
            few = engine == ORT_OURS and proposals is not None and proposals <= FEW_PROPOSALS
            return FEW_PROPOSALS_TARGET.get(threads, at_800) if few else at_800
        return anywhere
    return None


def file_target(case):
    """Of torchvision's file over ours, both in ONNX Runtime."""
    return {RANDOM: 3.0, "800x1066": 1.4, "320x320": 1.35}.get(case, 1.25)


def at_least(reached, wanted):
    return {"reached": reached, "target": wanted, "met": reached >= wanted, "sense": "≥"}


def at_most(reached, wanted):
    return {"reached": reached, "target": wanted, "met": reached <= wanted, "sense": "≤"}


def judge(report):
    """[{"what", "case", "threads", "reached", "target", "met", "sense"}], as far as it was measured."""
    rows = []
    proposals = {(p["case"], p["threads"]): p["proposals"] for p in report["profiles"]}
    node = {(s["case"], s["threads"]): s["engines"]["Node"]["peak_mb"] for s in report["cold_starts"] if "Node" in s["engines"]}

    def add(what, result, verdict):
        rows.append({"what": what, "case": result["case"], "threads": result["threads"], **verdict})

    for result in report["results"]:
        case, threads, batch = result["case"], result["threads"], result["batch"]
        if batch > 1:
            add(f"batch {batch} over the same pictures one by one", result, at_most(result["over_one_by_one"], 1.0))
            continue
        for engine, reached in result["ratios"].items():
            wanted = ratio_target(engine, threads, case, proposals.get((case, threads)))
            if wanted is not None:
                add(f"{engine}: time over ours", result, at_least(reached, wanted))
        if "file_ratio" in result:
            add("torchvision's file over ours, both in ONNX Runtime", result, at_least(result["file_ratio"], file_target(case)))
        if ORT_OURS in result["engines"] and (case, threads) in node:
            theirs = result["engines"][ORT_OURS]["peak_mb"] - node[case, threads]
            add("peak memory over ONNX Runtime's", result, at_most(result["engines"][OURS]["peak_mb"] / theirs, MEMORY_TARGET))
    for start in report["cold_starts"]:
        ours, peer = start["engines"][OURS], start["engines"].get(ORT_OURS)
        if peer:
            add("cold start over ONNX Runtime's", start, at_most(ours["ms"] / peer["ms"], COLD_START_TARGET))
            add("peak memory over ONNX Runtime's, first run", start, at_most(ours["peak_mb"] / peer["peak_mb"], MEMORY_TARGET))
    for profile in report["profiles"]:
        share = dense_share(report, profile)
        if share is not None:
            add("dense part: share of the machine's rate", profile, at_least(share, DENSE_TARGET))
    for result in report.get("int8", []):
        for engine, reached in result["ratios"].items():
            add(f"8 bits: time of {engine} over ours", result, at_least(reached, INT8_TARGETS[engine]))
    return rows


def dense_gflops(report, profile):
    """The rate of backbone, FPN and RPN head, in FLOPs of direct convolution; None without torchvision to count them."""
    dense = next((r["dense"] for r in report["results"] if r["case"] == profile["case"] and "dense" in r), None)
    return 2e-6 * dense["macs"] / profile["dense_ms"] if dense and profile["dense_ms"] else None


def dense_share(report, profile):
    rates = report["matrix_gflops"].get(profile["threads"])
    reached = dense_gflops(report, profile)
    return reached / max(rates.values()) if reached and rates else None
