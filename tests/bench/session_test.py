# SPDX-License-Identifier: Apache-2.0
"""detect_session finds what `detect run` finds: session_test.py BENCH_FOLDER DETECT DETECT_SESSION PICTURE

Exit code 77 (skipped) without PIL.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

bench, detect, program, picture = sys.argv[1:5]
sys.path.insert(0, bench)

try:
    from PIL import Image
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from agreement import compared, find_difference
from session import Session, SessionFailed, cold_start


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


def detections(model):
    done = subprocess.run([detect, "run", picture, "--model", model, "--score", "0", "--no-draw", "--json", "-"], capture_output=True, text=True)
    check(done.returncode == 0, done.stderr)
    found = json.loads(done.stdout)["images"][0]["detections"]
    return [{"label": d["label_id"], "score": d["score"], "box": d["box"]} for d in found]


with tempfile.TemporaryDirectory() as folder:
    model, raw = Path(folder) / "model.onnx", Path(folder) / "two.rgb"
    done = subprocess.run([detect, "export", "--image", picture, "--min-size", "640", "--max-size", "640", "-o", model], capture_output=True, text=True)
    check(done.returncode == 0, done.stderr)
    image = Image.open(picture).convert("RGB")
    raw.write_bytes(image.tobytes() * 2)
    command = [program, model, 2, raw, 2, image.height, image.width]

    with Session(command) as session:
        check(session.receive()["load_ms"] > 0, "load_ms")
        check(session.ask("run")["ms"] > 0, "ms")
        check(session.ask("memory")["peak_mb"] > 70, "peak_mb: the weights alone are 78 MB")
        found = session.ask("detections")["images"]
    expected = detections(model)
    check(compared([expected]) > 0, "something is found")
    check(find_difference([expected, expected], found) is None, find_difference([expected, expected], found))

    start = cold_start(command)
    check(start["ms"] > 0 and start["peak_mb"] > 70, "cold start")

    try:
        with Session([program, model, 2, raw, 3, image.height, image.width]) as session:
            session.receive()
        sys.exit("failed: pixels of the wrong length were taken")
    except SessionFailed as error:
        check("wrong length" in str(error), str(error))

with Session([program, "--matmul", 256, 2]) as session:
    session.receive()
    check(session.ask("run")["ms"] > 0, "matrix product")
print("passed")
