# SPDX-License-Identifier: Apache-2.0
"""What the tests of the installed kit share: arguments, running programs, listing a library's symbols."""

import argparse
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path


def parse_arguments():
    parser = argparse.ArgumentParser()
    for name in ("build", "source", "cmake"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    return arguments


def run(*words, cwd=None, expected=0, environment=None):
    """Runs a program; its result, once it has ended with the expected code."""
    result = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=600,
                            env={**os.environ, **(environment or {})})
    if result.returncode != expected:
        raise AssertionError(f"{' '.join(map(str, words))}\nended with {result.returncode}, expected {expected}\n"
                             f"{result.stdout}\n{result.stderr}")
    return result


def exported_symbols(library):
    """Names of what a shared library shows, demangled, without symbol versions' own names."""
    lines = run("nm", "-D", "-C", "--defined-only", library).stdout.splitlines()
    matches = [re.fullmatch(r"[0-9a-f]+ (\w) (.*)", line) for line in lines]
    return {re.sub(r"@@.*", "", match[2]) for match in matches if match[1] != "A"}


def dynamic_section(library, field):
    return re.findall(rf"\({field}\).*\[(.*)\]", run("readelf", "-d", library).stdout)


def elf_files(folder):
    """Programs and libraries in a folder, links left out."""
    return sorted(path for path in Path(folder).rglob("*")
                  if path.is_file() and not path.is_symlink() and path.open("rb").read(4) == b"\x7fELF")


def weaknesses(file, runpath, forbidden_paths):
    """What a shipped program or library lacks of what scripts/hardening.cmake gives; empty: nothing."""
    found = []
    content = file.read_bytes()
    elf = {option: run("readelf", "-W", option, file).stdout for option in ("-h", "-d", "-l", "-n", "--dyn-syms")}
    if not re.search(r"Type: +DYN ", elf["-h"]):
        found.append("is not position independent")
    if "INTERP" in elf["-l"] and not re.search(r"\(FLAGS_1\).*\bPIE\b", elf["-d"]):
        found.append("is no position-independent executable")
    if not re.search(r"\(FLAGS(_1)?\).*\b(BIND_)?NOW\b", elf["-d"]):
        found.append("binds symbols late (no BIND_NOW)")
    if "GNU_RELRO" not in elf["-l"]:
        found.append("has no RELRO")
    stack = re.search(r"GNU_STACK .*", elf["-l"])
    if not stack or re.search(r" RWE ", stack[0]):
        found.append("has an executable stack")
    if "TEXTREL" in elf["-d"]:
        found.append("changes its own code (TEXTREL)")
    if re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]", elf["-d"]) not in ([], [runpath]):
        found.append("looks for libraries in " + ", ".join(re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]", elf["-d"])))
    if "__stack_chk_fail" not in elf["--dyn-syms"]:
        found.append("has no stack protector")
    # With FORTIFY, each of these has a form of its own, __snprintf_chk and so on. (std::to_string hands vsnprintf on by its
    # address, so that one stays.)
    unchecked = re.findall(r"UND (sn?printf|f?printf|strcpy|strcat|fgets)(?:@|$)", elf["--dyn-syms"], re.MULTILINE)
    if unchecked:
        found.append("has no FORTIFY: calls " + ", ".join(unchecked))
    if "x86-64" in elf["-h"].lower():
        # Places that may be jumped to; start files of the C library's have three of them. The mark on the whole file is
        # there if that library has it, too (Debian 12's has not).
        if content.count(b"\xf3\x0f\x1e\xfa") < 20:
            found.append("has no control-flow protection (endbr64)")
        start = run("readelf", "-n", run("gcc", "-print-file-name=crti.o").stdout.strip()).stdout
        if "IBT" in start and not re.search(r"IBT.*SHSTK", elf["-n"]):
            found.append("is not marked for control-flow protection (IBT, SHSTK)")
    # Programs of a shell, names that others can guess, functions that cannot know how much room there is.
    for name in ("system", "popen", "execlp", "execvp", "tmpnam", "tempnam", "mktemp", "tmpfile", "gets", "strcpy", "strcat",
                 "sprintf", "vsprintf"):
        if re.search(rf"UND {name}(@|$)", elf["--dyn-syms"], re.MULTILINE):
            found.append(f"calls {name}")
    found += [f"holds the path {path}" for path in forbidden_paths if str(path).encode() in content]
    return found


def main():
    unittest.main(verbosity=2)
