# SPDX-License-Identifier: Apache-2.0
"""The figures as a page of tables."""

from engines import OURS, ORT_OURS, ORT_TORCHVISION, PEERS
from targets import dense_gflops, dense_share, judge

ENGINES = (OURS, *PEERS)


def table(headings, rows):
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def decimals(value, places=1):
    return f"{value:.{places}f}" if value is not None else "–"


def resized(name):
    """ "800×1066, 1000 proposals" of "800x1066-1000-proposals"."""
    return name.replace("x", "×").replace("-", ", ", 1).replace("-", " ")


def cell(result, engine, with_ratio=True):
    """ "103.1 (1.72×)", or why there is no figure."""
    if engine in result["engines"]:
        text = decimals(result["engines"][engine]["p50"])
        return text + (f" ({result['ratios'][engine]:.2f}×)" if with_ratio and engine in result["ratios"] else "")
    if engine in result["differences"]:
        return "other detections"
    return "not installed" if result["left_out"].get(engine) == "not installed" else "–"


def detections(result):
    return ", ".join(map(str, result["detections"]))


def latency_table(report, threads, batch):
    proposals = {p["case"]: p["proposals"] for p in report["profiles"] if p["threads"] == threads}
    results = [r for r in report["results"] if r["threads"] == threads and r["batch"] == batch]
    if batch > 1:
        headings = ["input", "detections", *ENGINES]
        return table(headings, [[resized(r["case"]), detections(r), *(cell(r, name) for name in ENGINES)] for r in results])
    headings = ["input", "proposals", "detections", *ENGINES]
    return table(headings, [[resized(r["case"]), proposals.get(r["case"], "–"), detections(r), *(cell(r, name) for name in ENGINES)] for r in results])


def spread_table(report):
    rows = []
    for r in report["results"]:
        for name in ENGINES:
            if name in r["engines"]:
                e = r["engines"][name]
                figures = [decimals(e["p50"]), decimals(e["p99"]), decimals(e["images_per_second"], 2), decimals(e["peak_mb"], 0)]
                rows.append([resized(r["case"]), r["batch"], r["threads"], name, *figures])
    return table(["input", "batch", "threads", "engine", "p50 ms", "p99 ms", "images/s", "peak MB"], rows)


def cold_table(report):
    headings = ["input", "threads"]
    names = (OURS, ORT_OURS, ORT_TORCHVISION)
    headings += [f"{name}: {what}" for what in ("ms", "MB") for name in names] + ["Node itself: ms, MB"]
    rows = []
    for start in report["cold_starts"]:
        engines = start["engines"]
        row = [resized(start["case"]), start["threads"]]
        for key in ("ms", "peak_mb"):
            row += [decimals(engines[name][key], 0) if name in engines else "–" for name in names]
        node = engines.get("Node")
        rows.append([*row, f"{node['ms']:.0f}, {node['peak_mb']:.0f}" if node else "–"])
    return table(headings, rows)


def dense_table(report):
    rows = []
    for profile in report["profiles"]:
        share = dense_share(report, profile)
        rate = dense_gflops(report, profile)
        percent = f"{100 * share:.0f} %" if share is not None else "–"
        rows.append([resized(profile["case"]), profile["threads"], decimals(profile["dense_ms"]), decimals(rate, 0), percent])
    return table(["input", "threads", "ms", "GFLOP/s", "share"], rows)


def steps_table(report, count=12):
    """The longest steps of the first profile."""
    profile = report["profiles"][0]
    rows = [[row["part"], row["step"], row["count"], decimals(row["ms"], 2), f"{100 * row['share']:.1f} %"] for row in profile["profile"][:count]]
    title = f"Longest steps at {resized(profile['case'])}, {profile['threads']} threads (`detect bench --profile`):\n\n"
    return title + table(["part", "step", "count", "ms", "share"], rows)


def int8_table(report):
    rows = []
    for r in report["int8"]:
        for name, e in r["engines"].items():
            times = f"{r['ratios'][name]:.2f}×" if name in r["ratios"] else "–"
            rows.append([resized(r["case"]), r["threads"], name, decimals(e["p50"]), decimals(e["p99"]), times, decimals(e["peak_mb"], 0)])
    words = "".join(f"- **{name}, threads: {r['threads']}: {why}**\n" for r in report["int8"] for name, why in r["differences"].items())
    return table(["input", "threads", "engine", "p50 ms", "p99 ms", "over detect", "peak MB"], rows) + ("\n" + words if words else "")


def targets_table(report):
    rows = [
        [v["what"], resized(v["case"]), v["threads"], decimals(v["reached"], 2), f"{v['sense']} {v['target']:g}", "yes" if v["met"] else "**no**"]
        for v in judge(report)
    ]
    return table(["figure", "input", "threads", "reached", "target", "met"], rows)


def versions(report):
    found = {}
    for result in report["results"]:
        for name, engine in result["engines"].items():
            if name != OURS and engine["version"]:
                found[name] = engine["version"]
    return ", ".join(f"{name}: {version}" for name, version in found.items()) or "none"


def write_report(report, path):
    machine = report["machine"]
    thread_counts = sorted(report["matrix_gflops"], reverse=True)
    parts = [
        "# Results\n",
        f"Made by `{report['command']}` in {report['minutes']} minutes. Every figure of a row was measured in one run, the engines taking\n"
        "turns with equal threads, each warm: a turn is one run that is not timed and one that is. Medians in ms; in brackets, how many\n"
        "times as long as `detect` the peer takes (the median over the turns). Nothing is timed before it has found the same as `detect`:\n"
        "same label, IoU ≥ 0.99, scores within 0.001, for all scores ≥ 0.1. `detect` starts from 8-bit pixels, the peers from float\n"
        "tensors made beforehand.\n",
        f"- machine: {machine['model']} ({' '.join(machine['flags'])})\n- date: {report['date']}\n- commit: {report['commit']}\n- peers: {versions(report)}\n"
        + "".join(f"- left out: {name}: {reason}\n" for name, reason in report["left_out"].items()),
    ]
    differences = [
        f"- **{name}, {resized(r['case'])}, batch {r['batch']}: {why}**\n" for r in report["results"] for name, why in r["differences"].items()
    ]
    if differences:
        parts.append("## Other detections\n\n" + "".join(differences))
    failures = [
        f"- {name}, {resized(r['case'])}, batch {r['batch']}, threads: {r['threads']}: {why}\n"
        for r in report["results"]
        for name, why in r["left_out"].items()
        if name not in report["left_out"] and r["batch"] == 1
    ]
    if failures:
        parts.append("## Failed\n\n" + "".join(failures))
    for threads in thread_counts:
        for batch in sorted({r["batch"] for r in report["results"]}):
            parts.append(f"## Batch {batch}, threads: {threads}\n\n" + latency_table(report, threads, batch))
    if report.get("int8"):
        parts.append(
            f"## 8 bits\n\nThe file of `detect export --precision int8` ({report['int8'][0]['megabytes']:.1f} MB), in detect and in ONNX Runtime, beside the\n"
            "single-precision file in detect. What is sure is compared: same label, IoU ≥ 0.8, scores within 0.1, for all scores ≥ 0.6.\n\n" + int8_table(report)
        )
    parts.append("## Targets\n\n" + targets_table(report))
    parts.append(
        "## Cold start\n\nFrom the start of the process to its first detections, and the most memory it had resident by then, on raw pixels, one\n"
        "picture. Node's own start and memory are measured and taken off ONNX Runtime's.\n\n" + cold_table(report)
    )
    rates = "".join(
        f"- threads: {threads}: " + ", ".join(f"{name} {rate:.0f}" for name, rate in report["matrix_gflops"][threads].items()) + "\n"
        for threads in thread_counts
    )
    parts.append(
        "## The machine's rate and the dense part's share\n\nSingle-precision matrix products (2048³) all through the same run, in GFLOP/s:\n\n" + rates
        + "\nBackbone, FPN and RPN head, counted in FLOPs of direct convolution, against the best of these:\n\n" + dense_table(report) + "\n" + steps_table(report)
    )
    parts.append("## All latencies\n\nMemory here is that of the whole process after all runs, Node and Python included.\n\n" + spread_table(report))
    path.write_text("\n".join(parts))
