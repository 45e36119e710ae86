# SPDX-License-Identifier: Apache-2.0
"""The 8-bit file of the trained checkpoint: detect and ONNX Runtime on it, beside detect on the single-precision one."""

from contextlib import ExitStack

from agreement import find_difference
from cases import CASES, Failure, run
from engines import ORT_OURS, OURS
from measure import ratio, summarise, take_turns
from session import Session, SessionFailed

CASE = next(case for case in CASES if case.name == "800x1066")
SINGLE_PRECISION = "detect, single precision"
CALIBRATION_PICTURES = 60
# Engines round in different places, and a byte that comes out one step off moves what follows a little: only what is
# sure is compared, and more loosely.
SURE_SCORE = 0.6
SCORE_TOLERANCE = 0.1
SMALLEST_IOU = 0.8


def int8_export(files):
    """What `detect export --precision int8` makes of the checkpoint; made anew when the program changes."""

    def export(path):
        picture = files.pictures(CASE)[0][0]
        options = ["--precision", "int8", "--calibrate", files.shared / "deeppcb/images", "--calibration-images", CALIBRATION_PICTURES]
        run([files.detect, "export", "--weights", files.trained, "--image", picture, "-o", path, *options])

    return files.make(files.versioned("int8.onnx"), export)


def find_int8_difference(ours, theirs):
    return find_difference(ours, theirs, score=SURE_SCORE, score_tolerance=SCORE_TOLERANCE, smallest_iou=SMALLEST_IOU)


def measure_int8(engines, threads, runs, say):
    """Turn by turn, as everything else is measured; None, with a word why, if it cannot be."""
    say(f"{CASE.name}, int8, batch 1, {threads} threads")
    try:
        model = int8_export(engines.files)
        with ExitStack() as stack:
            return _measure(engines, stack, model, threads, runs, say)
    except (Failure, SessionFailed) as error:
        say(f"  int8 is left out: {error}")
        return None


def _measure(engines, stack, model, threads, runs, say):
    result = {"case": CASE.name, "threads": threads, "runs": runs, "megabytes": model.stat().st_size / 1e6, "differences": {}}
    sessions = {}
    for name, engine, file in ((OURS, OURS, model), (SINGLE_PRECISION, OURS, engines.files.our_export(CASE)), (ORT_OURS, ORT_OURS, model)):
        if name in engines.missing:
            continue
        command, environment = engines.command_for(engine, file, CASE, 1, threads)
        sessions[name] = stack.enter_context(Session(command, environment))
        sessions[name].receive()
        for _ in range(2):
            sessions[name].ask("run")
    ours = sessions[OURS].ask("detections")["images"]
    result["detections"] = [len(picture) for picture in ours]
    for name in [name for name in sessions if name != OURS]:
        difference = find_int8_difference(ours, sessions[name].ask("detections")["images"])
        if difference:
            say(f"  {name}: {difference}")
            result["differences"][name] = difference
            if name != SINGLE_PRECISION:  # another model: it is timed all the same
                del sessions[name]
    times = take_turns({name: (session, "run") for name, session in sessions.items()}, runs)
    result["engines"] = {name: {**summarise(times[name], 1), "peak_mb": session.ask("memory")["peak_mb"]} for name, session in sessions.items()}
    result["ratios"] = {name: ratio(times[name], times[OURS]) for name in times if name != OURS}
    return result
