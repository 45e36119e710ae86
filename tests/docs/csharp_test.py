# SPDX-License-Identifier: Apache-2.0
"""csharp_test.py PAGE.md detect.h LIBRARY_FOLDER: the C# on the page declares what the C header declares. Where mcs and
mono are installed it is compiled and run, in a folder with model.onnx."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

# What a C type may be in C#.
TYPES = {
    "size_t": {"UIntPtr"}, "int32_t": {"int"}, "uint32_t": {"uint"}, "uint64_t": {"ulong"}, "float": {"float"},
    "detect_status": {"int"}, "const char *": {"IntPtr", "string"}, "const void *": {"IntPtr"},
    "const detect_image *": {"Image[]"}, "const detect_options *": {"IntPtr"}, "detect_detector *": {"IntPtr"},
    "detect_result *": {"IntPtr"}, "const detect_result *": {"IntPtr"}, "detect_detector **": {"out IntPtr"},
    "detect_result **": {"out IntPtr"}, "const detect_detection **": {"out IntPtr"}, "size_t *": {"out UIntPtr"},
}


def fail(message):
    sys.exit(f"{sys.argv[1]}, C#: {message}")


def spelled(kind):
    """A type in one spelling, wherever its stars stand: `const void *`."""
    return re.sub(r"\s*(\*+)\s*", r" \1", kind.strip())


def c_type(parameter):
    """`const detect_image *images` without the name."""
    return re.sub(r"\s*\w+$", "", parameter.strip()) if "*" not in parameter else \
        spelled(re.match(r"(.*\*+)\s*\w*$", parameter.strip())[1])


def c_functions(header):
    found = {}
    for returned, name, parameters in re.findall(r"DETECT_API ([^;(]*?)(detect_\w+)\(([^)]*)\);", header):
        found[name] = [spelled(returned)] + [c_type(p) for p in parameters.split(",") if p.strip() != "void"]
    return found


def c_fields(header, struct):
    body = re.sub(r"/\*.*?\*/", "", re.search(rf"typedef struct {struct} {{(.*?)}} {struct};", header, re.DOTALL)[1],
                  flags=re.DOTALL)
    fields = []
    for kind, names in re.findall(r"([\w ]+\*?)\s*((?:\b\w+\b(?:, )?)+);", body):
        fields += [(spelled(kind), name) for name in names.split(", ")]
    return fields


def check_functions(code, functions):
    declared = re.findall(r"static extern (\w+) (detect_\w+)\((.*?)\);", code)
    if len(declared) < 6:
        fail("declares hardly any function")
    for returned, name, parameters in declared:
        types = [returned] + [" ".join(p.split()[:-1]) for p in parameters.split(",")]
        wanted = functions.get(name) or fail(f"{name} is not in detect.h")
        if len(types) != len(wanted) or any(a not in TYPES[b] for a, b in zip(types, wanted)):
            fail(f"{name} is ({', '.join(types)}), but ({', '.join(wanted)}) in detect.h")


def check_struct(code, name, fields):
    body = re.search(rf"struct {name} {{(.*?)}}", code)[1]
    declared = []
    for kind, names in re.findall(r"public (\w+) ([\w, ]+);", body):
        declared += [(kind, field) for field in names.split(", ")]
    if [field for _, field in declared] != [field for _, field in fields] or \
            any(a not in TYPES[b] for (a, _), (b, _) in zip(declared, fields)):
        fail(f"struct {name} is {declared}, but {fields} in detect.h")


def compile_and_run(code, library):
    if not shutil.which("mcs") or not shutil.which("mono"):
        print("mcs and mono are not installed: compared with the header only")
        return
    Path("docs_example.cs").write_text(code)
    subprocess.run(["mcs", "-out:docs_csharp.exe", "docs_example.cs"], check=True)
    subprocess.run(["mono", "docs_csharp.exe"], check=True, env={**os.environ, "LD_LIBRARY_PATH": library})


def main():
    page, header, library = sys.argv[1:]
    code = re.search(r"```csharp\n(.*?)```", Path(page).read_text(), re.DOTALL)
    if not code:
        sys.exit(f"{page} has no example in C#")
    header = Path(header).read_text()
    check_functions(code[1], c_functions(header))
    check_struct(code[1], "Image", c_fields(header, "detect_image"))
    check_struct(code[1], "Detection", c_fields(header, "detect_detection"))
    compile_and_run(code[1], library)


main()
