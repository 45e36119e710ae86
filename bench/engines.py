# SPDX-License-Identifier: Apache-2.0
"""The programs that are compared, and what keeps one of them out."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass

from cases import BENCH, PROJECT

OURS = "detect"
ORT_OURS = "ONNX Runtime, our file"
ORT_TORCHVISION = "ONNX Runtime, torchvision's file"
TORCHVISION = "torchvision eager"
OPENVINO = "OpenVINO, our file"
PEERS = (ORT_OURS, ORT_TORCHVISION, TORCHVISION, OPENVINO)

SESSIONS = BENCH / "sessions"


@dataclass
class Engines:
    files: object
    session: object  # the program detect_session
    python: str
    # Peers that are not here, and why.
    missing: dict

    def command(self, engine, case, batch, threads):
        """How to start an engine on a case, and its environment. Makes the files it needs."""
        return self.command_for(engine, None, case, batch, threads)

    def command_for(self, engine, model, case, batch, threads):
        """The same for a file of ours other than the case's own, if there is one."""
        raw = self.files.pictures(case)[1] if batch > 1 else self.files.first_picture(case)
        rest = [threads, raw, batch, case.height, case.width]
        environment = {"OMP_NUM_THREADS": str(threads)}
        if engine == OURS:
            return [self.session, model or self.files.our_export(case), *rest], environment
        if engine == ORT_OURS:
            return [*self.node(), model or self.files.our_export(case), *rest], self.node_environment()
        if engine == ORT_TORCHVISION:
            return [*self.node(), self.files.torchvision_export(case), *rest], self.node_environment()
        if engine == TORCHVISION:
            script = SESSIONS / "torchvision_session.py"
            return [self.python, "-B", script, self.files.checkpoint(case), *rest, json.dumps(case.settings)], environment
        return [self.python, "-B", SESSIONS / "openvino_session.py", self.files.our_export(case), *rest], environment

    def matrix_products(self, size, threads):
        """The same for a product of two matrices, by the engines that can be asked for one."""
        commands = {OURS: ([self.session, "--matmul", size, threads], {})}
        if TORCHVISION not in self.missing:
            script = SESSIONS / "torchvision_session.py"
            commands["torch (OpenBLAS)"] = ([self.python, "-B", script, "--matmul", size, threads], {"OMP_NUM_THREADS": str(threads)})
        if ORT_TORCHVISION not in self.missing:
            model = self.files.matrix_product()
            commands["ONNX Runtime"] = ([*self.node(), "--matmul", model, size, threads], self.node_environment())
        return commands

    @staticmethod
    def node():
        return ["node", SESSIONS / "onnx_runtime_session.js"]

    @staticmethod
    def node_environment():
        return {"NODE_PATH": str(node_modules())}


def node_modules():
    return os.environ.get("DETECT_NODE_MODULES", PROJECT / "build/parity/node_modules")


def find_missing(python):
    """Peers that cannot be measured here, and why."""
    missing = {}
    torch = python_lacks(python, "torchvision")
    if torch:
        missing[TORCHVISION] = missing[ORT_TORCHVISION] = f"{torch}: apt-get install python3-torchvision"
    package = f"{node_modules()}/onnxruntime-node/package.json"
    if not shutil.which("node") or not os.path.exists(package):
        missing[ORT_OURS] = missing[ORT_TORCHVISION] = f"no node, or no {package}: scripts/test installs it"
    openvino = python_lacks(python, "openvino")
    if openvino:
        missing[OPENVINO] = "not installed"
    return missing


def python_lacks(python, module):
    done = subprocess.run([python, "-c", f"import {module}"], capture_output=True, text=True)
    return (done.stderr.strip() or "failed").splitlines()[-1] if done.returncode else None
