#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pages_test.py SOURCE_FOLDER DETECT: what the pages say is there.

Links and the anchors they name, paths in backticks, flags and verbs of the command, the packages that the scripts install,
and the README's length.
"""

import re
import subprocess
import sys
import unittest
from pathlib import Path

ROOT, DETECT = Path(sys.argv[1]).resolve(), sys.argv[2]
LONGEST_README = 130
IGNORED = {"build", "node_modules"}
# Blocks of these two are compiled and run by CMakeLists.txt, of the third by csharp_test.py; the others are no programs.
PROGRAMS, OTHER_LANGUAGES = {"cpp", "c", "csharp"}, {"sh", ""}

FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
CALL = re.compile(r"(?<![\w/.-])detect ([a-z]+)([^|&;#\n]*)")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def pages():
    """Every page of the tree."""
    return [file for file in sorted(ROOT.rglob("*.md"))
            if not any(part in IGNORED or part.startswith(".") for part in file.relative_to(ROOT).parts)]


def user_pages():
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def text_of(page):
    return page.read_text(encoding="utf-8")


def prose_of(page):
    return FENCE.sub("\n", text_of(page))


def inline_code(page):
    return [found[1].replace("\\|", "|") for found in INLINE.finditer(prose_of(page))]


def blocks(page):
    return FENCE.findall(text_of(page))


def anchors(page):
    """The names that a page's headings have as targets of links."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = 1
        unique = name
        while unique in found:
            unique = f"{name}-{number}"
            number += 1
        found.add(unique)
    return found


def options_of_verbs():
    """By verb of the command: the flags that its help declares."""
    def help_of(*verb):
        return subprocess.run([DETECT, *verb, "--help"], check=True, capture_output=True, text=True).stdout
    verbs = re.findall(r"^  ([a-z]+)  ", help_of().split("Subcommands:")[1], re.MULTILINE)
    return {verb: set(re.findall(r"^  (?:-\w,)?(--[a-z-]+)", help_of(verb), re.MULTILINE)) for verb in verbs}


class Pages(unittest.TestCase):
    def each(self, found, page):
        return self.subTest(f"{page.relative_to(ROOT)}: {found}")

    def test_links_lead_somewhere(self):
        seen = 0
        for page in pages():
            for link in LINK.findall(INLINE.sub("", prose_of(page))):
                if re.match(r"[a-z]+:", link):
                    continue
                seen += 1
                path, _, anchor = link.partition("#")
                target = page.parent / path if path else page
                with self.each(link, page):
                    self.assertTrue(target.exists(), "there is no such file")
                    if anchor:
                        self.assertIn(anchor, anchors(target))
        self.assertGreater(seen, 60)

    def test_paths_exist(self):
        folders = {folder.name for folder in ROOT.iterdir() if folder.is_dir() and folder.name not in IGNORED}
        seen = 0
        for page in pages():
            for code in inline_code(page):
                for word in code.split():
                    path = word.rstrip(".,;:")
                    if "/" not in path or path.split("/")[0] not in folders:
                        continue
                    seen += 1
                    # <name>: what the reader fills in. The folder is to exist all the same.
                    path = path.split("<")[0].rpartition("/")[0] if "<" in path else path
                    with self.each(word, page):
                        self.assertTrue(list(ROOT.glob(path)), "there is no such file")
        self.assertGreater(seen, 60)

    def test_verbs_and_flags_exist(self):
        options = options_of_verbs()
        known = set.union(*options.values())
        seen = 0
        for page in pages():
            shell = [body for language, body in blocks(page) if language in OTHER_LANGUAGES]
            for verb, rest in CALL.findall("\n".join(shell + inline_code(page))):
                with self.each(f"detect {verb}{rest}", page):
                    self.assertIn(verb, list(options), "no such verb")
                    self.assertEqual(set(FLAG.findall(rest)) - options[verb] - {"--help"}, set(), "no such flag")
                seen += 1
        for page in user_pages():
            for code in inline_code(page):
                if code.startswith("--"):
                    with self.each(code, page):
                        self.assertEqual(set(FLAG.findall(code)) - known, set(), "no verb has such a flag")
                    seen += 1
        self.assertGreater(seen, 100)

    def test_no_program_is_left_out(self):
        for page in user_pages():
            fences = re.findall(r"^\s*```", text_of(page), re.MULTILINE)
            with self.each("blocks of code", page):
                self.assertEqual(len(fences), 2 * len(blocks(page)), "blocks begin in the first column, and end")
            for language, _ in blocks(page):
                with self.each(language, page):
                    self.assertIn(language, PROGRAMS | OTHER_LANGUAGES)
                    self.assertTrue(language != "csharp" or page.name == "library.md", "csharp_test.py reads library.md")
        self.assertEqual([language for language, _ in blocks(ROOT / "docs/library.md")].count("csharp"), 1)

    def test_the_readme_is_short(self):
        self.assertLessEqual(text_of(ROOT / "README.md").count("\n"), LONGEST_README)

    def test_every_package_has_a_reason(self):
        lists = re.findall(r"^\w+_packages=\(\n(.*?)^\)", text_of(ROOT / "scripts/packages"), re.MULTILINE | re.DOTALL)
        installed = {word for names in lists for word in re.sub(r"#.*", "", names).split()}
        self.assertGreater(len(installed), 30)
        page = text_of(ROOT / "docs/dependencies.md")
        listed = {name for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE) for name in INLINE.findall(row)}
        # Installed by scripts/test unless there are others.
        self.assertEqual(installed | {"nodejs", "npm"}, listed)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
