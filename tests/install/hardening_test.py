#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is built and what is shipped is hardened, knows no path of this machine, and says what it is made of."""

import json
import re
import shutil
import tempfile
import unittest
from pathlib import Path

import support
from support import run

ARGUMENTS = support.parse_arguments()


class WhatIsShipped(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = Path(cls.folder.name)
        run(ARGUMENTS.cmake, "--install", ARGUMENTS.build, "--prefix", cls.root, "--strip")
        cls.built = [ARGUMENTS.build / "bin/detect", ARGUMENTS.build / "bin/detect_video.so",
                     *(path for path in (ARGUMENTS.build / "packaging").glob("libdetect*.so.*") if not path.is_symlink())]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def sbom(self):
        return json.loads(next(self.root.glob("share/doc/**/detect.spdx.json")).read_text())

    def test_everything_is_hardened(self):
        shipped = support.elf_files(self.root)
        self.assertEqual((len(shipped), len(self.built)), (4, 4))
        for file in [*shipped, *self.built]:
            with self.subTest(str(file)):
                self.assertEqual(support.weaknesses(file, "$ORIGIN", [ARGUMENTS.source, ARGUMENTS.build]), [])

    def test_the_test_finds_what_is_missing(self):
        source = self.root / "weak.c"
        source.write_text('#include <stdio.h>\n#include <stdlib.h>\nconst char* path = "/some/where";\n'
                          'int main(void) { char text[9]; snprintf(text, 9, "%s", path); return system(text); }\n')
        run("gcc", "-no-pie", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-fcf-protection=none", "-Wl,-z,execstack", "-Wl,-z,norelro", "-Wl,-z,lazy", "-Wl,-rpath,:::",
            source, "-o", self.root / "weak")
        found = support.weaknesses(self.root / "weak", "$ORIGIN", ["/some/where"])
        (self.root / "weak").unlink()
        for part in ("position independent", "BIND_NOW", "RELRO", "executable stack", "looks for libraries in :::",
                     "stack protector", "FORTIFY: calls snprintf", "endbr64", "calls system", "holds the path /some/where"):
            self.assertTrue([line for line in found if part in line], (part, found))

    def test_the_command_finds_its_model_where_it_was_built(self):
        link = ARGUMENTS.build / "share/detect/circuit_board.safetensors"
        self.assertEqual(link.resolve(), (ARGUMENTS.source / "samples/model/circuit_board.safetensors").resolve())
        installed = list(self.root.glob("share/detect/circuit_board.safetensors"))
        self.assertEqual([path.is_symlink() for path in installed], [False])

    def test_a_library_is_never_taken_from_the_current_folder(self):
        """An empty entry in a RUNPATH is the folder that a program is started in."""
        trap = self.root / "trap"
        trap.mkdir()
        (trap / "libtbb.so.12").write_text("not a library")
        result = run(ARGUMENTS.build / "bin/detect", "--version", cwd=trap)
        self.assertRegex(result.stdout, r"^detect \d")
        script = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
        for library in ("libdetect.so.0", "libdetect_export.so.0"):
            run("/usr/bin/python3", "-c", script, ARGUMENTS.build / "packaging" / library, cwd=trap)

    @unittest.skipUnless(shutil.which("dpkg-query"), "dpkg-query is not there: the list is made on Debian")
    def test_what_it_is_made_of(self):
        document = self.sbom()
        # SPDX 2.3, chapters 6 to 8 and 11: what must be there, and in which form.
        self.assertEqual((document["spdxVersion"], document["dataLicense"], document["SPDXID"]),
                         ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"))
        self.assertRegex(document["creationInfo"]["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertRegex(document["creationInfo"]["creators"][0], r"^(Tool|Organization|Person): ")
        self.assertRegex(document["documentNamespace"], r"^[a-z]+:[^#\s]+$")
        ids = [entry["SPDXID"] for entry in document["packages"]]
        self.assertEqual(len(ids), len(set(ids)))
        licences = {"Apache-2.0", "BSD-3-Clause", "MIT", "MPL-2.0", "IJG", "Zlib", "Libpng", "libtiff", "LGPL-2.1-or-later",
                    "GPL-3.0-or-later WITH GCC-exception-3.1", "Unicode-DFS-2016", "FTL OR GPL-2.0-or-later", "HPND-sell-variant", "MIT-Modern-Variant",
                    "NOASSERTION"}
        for entry in document["packages"]:
            self.assertRegex(entry["SPDXID"], r"^SPDXRef-[A-Za-z0-9.-]+$")
            self.assertLessEqual({"name", "downloadLocation"}, entry.keys())
            self.assertIs(entry["filesAnalyzed"], False)
            for kind in ("licenseConcluded", "licenseDeclared"):
                self.assertLessEqual(set(entry[kind].split(" AND ")), licences)
            for reference in entry.get("externalRefs", []):
                self.assertRegex(reference["referenceLocator"], r"^pkg:deb/debian/[a-z0-9.+-]+@[^:+ ]+\?arch=\w+$")
        for relation in document["relationships"]:
            self.assertIn(relation["spdxElementId"], [*ids, "SPDXRef-DOCUMENT"])
            self.assertIn(relation["relatedSpdxElement"], ids)
            self.assertIn(relation["relationshipType"], ("DESCRIBES", "CONTAINS", "DYNAMIC_LINK", "STATIC_LINK"))
        self.assertEqual({relation["relatedSpdxElement"] for relation in document["relationships"]}, set(ids))

    @unittest.skipUnless(shutil.which("dpkg-query"), "dpkg-query is not there: the list is made on Debian")
    def test_every_library_is_named_with_its_version(self):
        document = self.sbom()
        packages = {name: entry for entry in document["packages"] for name in entry.get("comment", "").split(", ")}
        for file in support.elf_files(self.root):
            for library in support.dynamic_section(file, "NEEDED"):
                if library.startswith("libdetect"):
                    continue
                entry = packages[library]
                version = run("dpkg-query", "-W", "-f", "${Version}", entry["name"]).stdout
                self.assertEqual(entry["versionInfo"], version)
        # The notices and the list agree: each package that the notices name is in the list.
        notices = (ARGUMENTS.source / "THIRD_PARTY_NOTICES.md").read_text()
        named = {entry["name"] for entry in document["packages"]}
        rows = re.findall(r"(?m)^\| [^|]+ \| ([^|]+) \|", notices)[1:]
        for row in rows:
            for package in re.findall(r"lib[a-z0-9.+-]+|nlohmann-json3-dev", row):
                self.assertIn(package, named)


if __name__ == "__main__":
    support.main()
