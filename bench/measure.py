# SPDX-License-Identifier: Apache-2.0
"""Measures one case: first that all engines find the same, then turn by turn, then their cold start."""

import json
import statistics
import time
from contextlib import ExitStack

from agreement import compared, find_difference
from cases import Failure, run
from engines import OURS, ORT_OURS, ORT_TORCHVISION, PEERS, TORCHVISION
from session import Session, SessionFailed, cold_start

# Worker threads of the engine that ran last spin for up to 0.1 s before they sleep.
SETTLE_SECONDS = 0.12
MATRIX_SIZE = 2048
ONE_BY_ONE = "detect, one by one"


def is_dense(row):
    """Backbone, FPN and RPN head; not the selection of proposals."""
    return row["part"] in ("backbone", "fpn") or (row["part"] == "rpn" and row["step"].startswith("Conv"))


def percentile(values, quantile):
    """Interpolated between neighbours, as numpy.percentile does."""
    ordered = sorted(values)
    position = quantile * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def summarise(milliseconds, batch):
    return {
        "ms": milliseconds,
        "p50": percentile(milliseconds, 0.5),
        "p99": percentile(milliseconds, 0.99),
        "images_per_second": 1e3 * batch / statistics.mean(milliseconds),
    }


def ratio(theirs, ours):
    """Of turns next to each other, so that what slows the machine for a while slows both."""
    return statistics.median(t / o for t, o in zip(theirs, ours))


def take_turns(turns, runs):
    """A B A B …: each turn is one run that is not timed, after the others' threads have gone to sleep, and one that is.
    `turns`: a session and what to ask it for, by name."""
    times = {name: [] for name in turns}
    for _ in range(runs):
        for name, (session, request) in turns.items():
            time.sleep(SETTLE_SECONDS)
            session.ask(request)
            times[name].append(session.ask(request)["ms"])
    return times


class Measurement:
    def __init__(self, engines, detect, say):
        self.engines, self.detect, self.say = engines, detect, say

    def case(self, case, batch, threads, runs):
        result = {
            "case": case.name,
            "height": case.height,
            "width": case.width,
            "batch": batch,
            "threads": threads,
            "runs": runs,
            "left_out": dict(self.engines.missing),
            "differences": {},
        }
        with ExitStack() as stack:
            sessions = self._start(stack, case, batch, threads, result)
            self._check(sessions, result)
            if TORCHVISION in sessions:
                result["dense"] = sessions[TORCHVISION].ask("dense")
            turns = {name: (session, "run") for name, session in sessions.items()}
            if batch > 1:
                turns[ONE_BY_ONE] = (sessions[OURS], "run one by one")
            times = take_turns(turns, runs)
            result["engines"] = {
                name: {**summarise(times[name], batch), "peak_mb": session.ask("memory")["peak_mb"], "version": session.version}
                for name, session in sessions.items()
            }
        if batch > 1:
            result["over_one_by_one"] = ratio(times[OURS], times.pop(ONE_BY_ONE))
        result["ratios"] = {name: ratio(times[name], times[OURS]) for name in times if name != OURS}
        if ORT_OURS in times and ORT_TORCHVISION in times:
            result["file_ratio"] = ratio(times[ORT_TORCHVISION], times[ORT_OURS])
        return result

    def _start(self, stack, case, batch, threads, result):
        """Every engine that is here, loaded and run twice."""
        sessions = {}
        for name in (OURS, *PEERS):
            if name == ORT_TORCHVISION and batch > 1:
                result["left_out"].setdefault(name, "takes one picture at a time")
            if name in result["left_out"]:
                continue
            try:
                command, environment = self.engines.command(name, case, batch, threads)
                session = stack.enter_context(Session(command, environment))
                session.version = session.receive().get("version", "")
                for _ in range(2):
                    session.ask("run")
                sessions[name] = session
            except (Failure, SessionFailed) as error:
                if name == OURS:
                    raise
                self.say(f"  {name} is left out: {error}")
                result["left_out"][name] = str(error)
        return sessions

    def _check(self, sessions, result):
        """An engine that finds something else is not timed."""
        ours = sessions[OURS].ask("detections")["images"]
        result["detections"] = [len(picture) for picture in ours]
        result["compared_detections"] = compared(ours)
        for name in [name for name in sessions if name != OURS]:
            difference = find_difference(ours, sessions[name].ask("detections")["images"])
            if difference:
                self.say(f"  {name} is not timed: {difference}")
                result["differences"][name] = difference
                del sessions[name]

    def profile(self, case, threads, runs):
        """What `detect bench` says: the number of proposals, and the time of the parts that do not depend on it."""
        picture = self.engines.files.pictures(case)[0][0]
        model = self.engines.files.our_export(case)
        command = [self.detect, "bench", "--model", model, "--image", picture, "--threads", threads, "--runs", runs, "--profile", "--json", "-"]
        report = json.loads(run(command))
        report["dense_ms"] = sum(row["ms"] for row in report["profile"] if is_dense(row))
        return report

    def cold_starts(self, case, threads, repeats, names):
        """Medians of those engines, with Node's own start and memory taken off what ran in it."""
        commands = {}
        for name in (OURS, ORT_OURS, ORT_TORCHVISION):
            if name in names:
                commands[name] = self.engines.command(name, case, 1, threads)
        if len(commands) > 1:
            commands["Node"] = ([*self.engines.node(), "--nothing"], {})
        taken = {name: [] for name in commands}
        for _ in range(repeats):
            for name, (command, environment) in commands.items():
                taken[name].append(cold_start(command, environment))
        medians = {
            name: {key: statistics.median(one[key] for one in each) for key in ("ms", "peak_mb")} for name, each in taken.items()
        }
        for name in (ORT_OURS, ORT_TORCHVISION):
            if name in medians:
                medians[name] = {key: medians[name][key] - medians["Node"][key] for key in ("ms", "peak_mb")}
        return medians


class MatrixRate:
    """The machine's own single-precision rate: the best that any engine reaches on a square product, all through the run."""

    def __init__(self, stack, engines, threads):
        self._times = {}
        self._sessions = {}
        for name, (command, environment) in engines.matrix_products(MATRIX_SIZE, threads).items():
            try:
                session = stack.enter_context(Session(command, environment))
                session.receive()
                session.ask("run")
                self._sessions[name] = session
            except SessionFailed:
                continue  # one of several witnesses

    def sample(self):
        for name, times in take_turns({name: (session, "run") for name, session in self._sessions.items()}, 3).items():
            self._times.setdefault(name, []).extend(times)

    def gflops(self):
        """Of each engine, by its median."""
        return {name: 2e-6 * MATRIX_SIZE**3 / statistics.median(times) for name, times in self._times.items()}
