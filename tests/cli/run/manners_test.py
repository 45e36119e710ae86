# SPDX-License-Identifier: Apache-2.0
"""detect run: what it says and how it ends."""

import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import time
import unittest

from cli_case import DETECT, PATIENCE, TINY_MODEL, CliCase

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import onnx_model as om


class Manners(CliCase):
    def setUp(self):
        super().setUp()
        for i in range(20):
            self.picture(f"in/{i:02}.png")

    def on_a_terminal(self, arguments, environment=None):
        """What appears on a terminal that standard error goes to, 100 columns wide."""
        terminal, program_side = pty.openpty()
        subprocess.run(["stty", "cols", "100"], stdin=program_side, check=True)
        variables = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"} | (environment or {})
        process = subprocess.Popen(self.arguments(arguments), cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=program_side, env=variables)
        os.close(program_side)
        shown = b""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                data = os.read(terminal, 65536)
            except OSError:  # its other side was closed
                break
            if not data:
                break
            shown += data
        process.stdout.read()
        process.stdout.close()
        os.close(terminal)
        self.assertEqual(process.wait(timeout=PATIENCE), 0, shown)
        return shown.decode()

    def test_a_bar_with_rate_and_remaining_time_on_a_terminal(self):
        shown = self.on_a_terminal(["in", "--no-draw"])
        self.assertRegex(shown, r"\r\[\x1b\[32m#+-*\x1b\[0m\] \d+ of 20 pictures, [0-9.]+/s, \d+:\d\d left\x1b\[K")
        # In the end it is taken away, and the summary is left.
        self.assertRegex(shown, r"\r\x1b\[K20 pictures, 40 detections in \d+:\d\d\r\n")

    def test_the_bar_without_colour(self):
        shown = self.on_a_terminal(["in", "--no-draw"], {"NO_COLOR": "1"})
        self.assertRegex(shown, r"\r\[#+-*\] \d+ of 20 pictures, ")
        self.assertNotIn("\x1b[3", shown)
        self.assertIn("\x1b[32m", self.on_a_terminal(["in", "--no-draw"], {"NO_COLOR": ""}))

    def test_a_terminal_that_cannot_rewrite_lines_and_quiet(self):
        self.assertNotIn("\x1b", self.on_a_terminal(["in", "--no-draw"], {"TERM": "dumb"}))
        self.assertEqual(self.on_a_terminal(["in", "--no-draw", "--quiet"]), "")

    def test_errors_stand_on_lines_of_their_own_beside_the_bar(self):
        (self.folder / "in/05.png").write_bytes(b"broken")
        terminal_output = ""
        try:
            terminal_output = self.on_a_terminal(["in", "--no-draw"])
        except AssertionError as error:
            terminal_output = str(error)  # exit code 5
        self.assertIn("\\r\\x1b[Kdetect: in/05.png: ", terminal_output)

    def test_plain_lines_otherwise(self):
        result = self.run_detect("in", "--no-draw")
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 14, lines)
        for i, line in enumerate(lines[:10]):
            self.assertRegex(line, rf"^{2 * i + 2} of 20 pictures, [0-9.]+/s, \d+:\d\d left$")

    def test_the_summary(self):
        (self.folder / "in/05.png").write_bytes(b"broken")
        result = self.run_detect("in", "--no-draw", exit_code=5)
        self.assertRegex(result.stderr, r"19 pictures, 1 not judged, 38 detections in \d+:\d\d\n"
                                        r"  first: 19\n  second: 19\n"
                                        r"latency p50 [0-9.]+ ms, p95 [0-9.]+ ms, p99 [0-9.]+ ms\n$")
        self.assertEqual(result.stderr.count("detect: in/05.png: "), 1)

    def test_files_given_by_name_get_a_summary_when_asked(self):
        self.assertEqual(self.run_detect("in/00.png", "in/01.png", "--no-draw").stderr, "")
        result = self.run_detect("in/00.png", "in/01.png", "--no-draw", "--verbose")
        self.assertRegex(result.stderr, r"^in/00.png: [0-9.]+ ms\nin/01.png: [0-9.]+ ms\n2 pictures, 4 detections in ")

    def test_names_of_files_do_not_command_the_terminal(self):
        self.picture("odd/red\x1b[31m\nline.png")
        (self.folder / "odd/clear\x1b[2J.avi").write_bytes(b"RIFF\0\0\0\0AVI LIST")
        files = [self.folder / "odd" / name for name in os.listdir(self.folder / "odd")]
        result = self.run_detect(*files, "-o", "drawn", "--verbose", exit_code=5)
        self.assertNotIn("\x1b", result.stdout + result.stderr)
        self.assertIn("wrote drawn/red?[31m?line.png\n", result.stderr)
        self.assertIn("clear [2J.avi: cannot be opened", result.stderr)

    def test_quiet_prints_errors_only(self):
        (self.folder / "in/05.png").write_bytes(b"broken")
        result = self.run_detect("in", "-o", "drawn", "--quiet", exit_code=5)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"^detect: in/05.png: [^\n]*\n$")
        os.symlink(TINY_MODEL, self.folder / "model.onnx")
        for options, said in ([], "detect: note: using model.onnx\n"), (["--quiet"], ""):
            result = subprocess.run([DETECT, "run", "in/00.png", "--no-draw", *options], cwd=self.folder,
                                    capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual((result.returncode, result.stderr), (0, said))
        # What was asked for by name is no chatter.
        self.assertEqual(len(self.run_detect("in/00.png", "--no-draw", "--quiet", "--jsonl", "-").stdout.splitlines()), 1)
        self.run_detect("in", "--quiet", "--verbose", exit_code=2)

    def test_ctrl_c_finishes_what_is_in_hand(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = self.start_detect("-", "-o", "drawn", "--json", "f.json", "--overwrite")
            process.stdin.write("in/00.png\n")
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), "in/00.png\n")
            process.send_signal(number)
            process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, 128 + number)
            self.assertEqual(self.files("drawn"), ["00.png"])
            images = json.loads((self.folder / "f.json").read_text())["images"]
            self.assertEqual([image["file"] for image in images], ["in/00.png"])

    def test_ctrl_c_in_the_middle_of_a_folder(self):
        for i in range(400):
            self.picture(f"in/more{i:03}.png", (400, 300))
        process = self.start_detect("in", "-o", "drawn", "--jsonl", "f.jsonl")
        for _ in range(3):
            process.stdout.readline()
        self.interrupt(process)
        lines = [json.loads(line) for line in (self.folder / "f.jsonl").read_text().splitlines()]
        self.assertGreaterEqual(len(lines), 1)
        self.assertLess(len(lines), 420)
        # All that was drawn is in the file, in order, and nothing is half-written.
        drawn = [os.path.basename(line["file"]) for line in lines]
        self.assertEqual(self.files("drawn"), drawn)
        self.assertEqual(drawn, sorted(os.listdir(self.folder / "in"))[:len(drawn)])

    def test_a_signal_ends_a_model_that_does_not_end(self):
        """Half a million windows of as many numbers: below the limit of work, and minutes of it."""
        side = 500_000
        model = om.model(
            [om.node("ConstantOfShape", ["s"], ["m"]), om.node("AveragePool", ["m"], ["p"], kernel_shape=[side], pads=[side // 2, side // 2 - 1]),
             om.node("ReduceMax", ["p"], ["t"], keepdims=0), om.node("Add", ["sc", "t"], ["scores"]),
             om.node("Identity", ["cb"], ["boxes"]), om.node("Identity", ["cl"], ["labels"])],
            [om.value("input", om.FLOAT, ["batch", 3, "height", "width"])],
            [om.value("boxes", om.FLOAT, [1, 4]), om.value("labels", om.INT64, [1]), om.value("scores", om.FLOAT, [1])],
            [om.int64s("s", [1, 1, side]), om.floats("sc", [0.9]), om.floats("cb", [0.0, 0.0, 1.0, 1.0], [1, 4]), om.int64s("cl", [1])])
        (self.folder / "endless.onnx").write_bytes(model)
        process = subprocess.Popen([DETECT, "run", "in/00.png", "--no-draw", "--json", "f.json", "--model", "endless.onnx"],
                                   cwd=self.folder, stderr=subprocess.PIPE, text=True)
        time.sleep(2)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 143, errors)
        self.assertEqual([name for name in self.files() if "f.json" in name], [], "nothing was judged, and nothing is left behind")

    def test_nohup_is_respected(self):
        process = subprocess.Popen(self.arguments(["-", "--no-draw", "--quiet"]), cwd=self.folder,
                                   stdin=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        process.send_signal(signal.SIGINT)
        process.communicate(b"in/00.png\n", timeout=PATIENCE)
        self.assertEqual(process.returncode, 0)

    def test_a_broken_pipe_is_no_error(self):
        for i in range(2000):
            os.link(self.folder / "in/00.png", self.folder / f"in/more{i:04}.png")
        for arguments in (["--no-draw"], ["--no-draw", "--jsonl", "-"], ["--no-draw", "--csv", "-"]):
            process = self.start_detect("in", *arguments)
            process.stdout.readline()
            process.stdout.close()
            errors = process.stderr.read()
            self.assertEqual(process.wait(timeout=PATIENCE), 0, errors)
            self.assertNotIn("detect: ", errors)
            # Nobody wants the rest.
            self.assertNotRegex(errors, "(?m)^2020 pictures")

    def test_files_are_written_though_nobody_reads_the_table(self):
        process = self.start_detect("in", "--no-draw", "--csv", "f.csv")
        process.stdout.close()
        self.assertIn("20 pictures", process.stderr.read())
        self.assertEqual(process.wait(timeout=PATIENCE), 0)
        self.assertEqual(len((self.folder / "f.csv").read_text().splitlines()), 41)

    def test_other_verbs_and_broken_pipes(self):
        for arguments in (["info", TINY_MODEL], ["--help"], ["run", "--help"], ["man"]):
            process = subprocess.Popen([DETECT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            process.stdout.close()
            errors = process.stderr.read()
            process.stderr.close()
            self.assertEqual((process.wait(timeout=PATIENCE), errors), (0, b""), arguments)


class Help(CliCase):
    def verbs(self):
        text = subprocess.run([DETECT, "--help"], capture_output=True, text=True, check=True).stdout
        return re.findall(r"^  ([a-z]+) ", text[text.index("Subcommands"):], re.MULTILINE)

    def options(self, verb):
        text = subprocess.run([DETECT, verb, "--help"], capture_output=True, text=True, check=True).stdout
        self.assertIn("Example", text)
        self.assertIn("detect " + verb, text)
        return re.findall(r"(--[a-z][a-z-]*)", "\n".join(re.findall(r"^  (-\S*)", text, re.MULTILINE)))

    def complete(self, *words):
        """What bash offers for the last word."""
        script = ('source <("$DETECT" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _detect; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        result = subprocess.run(["bash", "-c", script, "bash", "detect", *words], cwd=self.folder, capture_output=True,
                                text=True, check=True, env=os.environ | {"DETECT": DETECT})
        self.assertEqual(result.stderr, "")
        return result.stdout.split("\n")[:-1]

    def test_completion_knows_every_verb_and_option(self):
        self.assertLessEqual({"export", "run", "info", "bench", "completion"}, set(self.verbs()))
        self.assertEqual(self.complete("ex"), ["export"])
        self.assertLessEqual(set(self.verbs()), set(self.complete("")))
        for verb in self.verbs():
            self.assertEqual(set(self.options(verb)) - set(self.complete(verb, "--")), set(), verb)

    def test_completion_of_values(self):
        self.picture("in/a b.png")
        self.picture("b.png")
        self.assertEqual(self.complete("run", "--merge", ""), ["ios", "nms"])
        self.assertEqual(self.complete("run", "--watch", ""), ["in"])
        self.assertEqual(self.complete("run", "in/"), ["in/a b.png"])
        self.assertEqual(self.complete("export", "--preset", "8"), ["800"])
        self.assertEqual(self.complete("completion", ""), ["bash"])
        self.assertEqual(self.complete("run", "--score", ""), [""])

    def test_the_manual_page_has_every_option_and_no_mistake(self):
        page = subprocess.run([DETECT, "man"], capture_output=True, text=True, check=True).stdout
        result = subprocess.run(["groff", "-k", "-man", "-Tutf8", "-ww", "-rLL=100n", "-P-c", "-P-b", "-P-o", "-P-u"],
                                input=page, capture_output=True, text=True, check=True)
        self.assertEqual(result.stderr, "")
        text = result.stdout.replace("\u2010", "-").replace("\u2212", "-")
        for heading in ("NAME", "SYNOPSIS", "EXIT STATUS", "EXAMPLES"):
            self.assertRegex(text, rf"(?m)^{heading}$")
        for synopsis in ("detect run [options] [pictures...]", "detect check [options] model", "detect info [options] [model]"):
            self.assertRegex(text, rf"(?m)^ *{re.escape(synopsis)}$")
        for verb in self.verbs():
            for option in self.options(verb):
                self.assertIn(option, text)
        self.assertIn("130 interrupted", text)
        self.assertIn("detect run clip.mp4 -o drawn.mp4", text)


if __name__ == "__main__":
    unittest.main()
