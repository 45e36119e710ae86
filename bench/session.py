# SPDX-License-Identifier: Apache-2.0
"""A program under measurement, kept alive and asked for one thing at a time (see README.md in this folder)."""

import json
import os
import subprocess
import tempfile
import time


class SessionFailed(Exception):
    """Why a program could not be started or gave up."""


class Session:
    def __init__(self, command, environment=None):
        self._errors = tempfile.TemporaryFile("w+")
        self.started = time.perf_counter()
        try:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                env={**os.environ, **(environment or {})},
            )
        except OSError as error:
            raise SessionFailed(str(error)) from error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def send(self, request):
        try:
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # receive() says why

    def receive(self):
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            words = self._errors.read().strip().splitlines()
            raise SessionFailed(words[-1] if words else f"ended with code {self._process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise SessionFailed(answer["error"])
        return answer

    def ask(self, request):
        self.send(request)
        return self.receive()


def cold_start(command, environment=None):
    """Milliseconds from the start of the process to the end of its first run, and the memory it took, in MB."""
    with Session(command, environment) as session:
        session.send("run")
        session.receive()  # ready
        session.receive()  # the first run
        milliseconds = (time.perf_counter() - session.started) * 1e3
        return {"ms": milliseconds, "peak_mb": session.ask("memory")["peak_mb"]}
