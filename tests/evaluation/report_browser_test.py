# SPDX-License-Identifier: Apache-2.0
"""The evaluation report in a real browser: report_browser_test.py DETECT PICTURES [FOLDER FOR SCREENSHOTS]

PICTURES has board.png with its annotations board.json, and model/circuit_board.safetensors. Exit code 77 (skipped) without Chromium.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from browser import browser, installed, served

PHONE, DESK = 375, 1280
# Letters of a 12-pixel chart may shrink with the chart, but not to nothing.
SMALLEST_TEXT = 8.5
HOSTILE = "<script>document.title='hostile'</script>\"&"


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


def write_files(pictures, folder):
    """board.json with a class whose name is code, and results with every kind of error."""
    truth = json.loads((pictures / "board.json").read_text())
    truth["categories"][1]["name"] = HOSTILE
    (folder / "gt.json").write_text(json.dumps(truth))
    results = []
    for number, a in enumerate(truth["annotations"]):
        x, y, w, h = a["bbox"]
        kind = number % 5
        if kind == 0:
            continue  # missed
        category = a["category_id"] % 6 + 1 if kind == 1 else a["category_id"]
        score = 0.3 if kind == 2 else 0.9 - number / 100
        results.append({"image_id": 1, "category_id": category, "bbox": [x, y, w, h], "score": score})
        if kind == 3:
            results.append({"image_id": 1, "category_id": category, "bbox": [x + w / 2, y + h / 2, w, h], "score": 0.8})
    (folder / "dt.json").write_text(json.dumps(results))


def overflowing(page):
    """What sticks out of the page, other than inside of what scrolls by itself."""
    return page.run("""
        const width = document.documentElement.clientWidth;
        return [...document.querySelectorAll("body *")].filter(e => !e.closest(".wide, .frame"))
            .filter(e => e.getBoundingClientRect().right > width + 0.5 || e.getBoundingClientRect().left < -0.5)
            .map(e => e.tagName + "." + (e.className.baseVal ?? e.className) + " " + e.textContent.slice(0, 30));""")


def smallest_text(page):
    """Height in pixels of the smallest letters, charts scaled as they are shown, and what they say."""
    return page.run("""
        let smallest = [1000, ""];
        for (const e of document.querySelectorAll("body *")) {
            if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || e.closest("script,style,title")) continue;
            const svg = e.closest("svg");
            const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
            const size = parseFloat(getComputedStyle(e).fontSize) * scale;
            if (e.getClientRects().length && size < smallest[0]) smallest = [size, e.textContent];
        }
        return smallest;""")


def check_page(page, url, width, dark, title, least_pictures):
    where = f"{width} px, {'dark' if dark else 'light'}"
    page.size(width, 900, dark)
    page.open(url)
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    check(page.complaints() == [], f"{where}: errors on the console")
    shown, pictures = page.run("return [[...document.images].filter(i => i.complete && i.naturalWidth >= 90).length, document.images.length]")
    check(pictures >= least_pictures and shown == pictures, f"{where}: {shown} of {pictures} pictures shown")
    wide = page.run("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    check(wide[0] <= wide[1], f"{where}: the page is {wide[0]} px wide, and {wide[1]} are there: {overflowing(page)}")
    check(overflowing(page) == [], f"{where}: sticks out: {overflowing(page)}")
    size, text = smallest_text(page)
    check(size >= SMALLEST_TEXT, f"{where}: '{text}' is {size:.1f} px high")
    ground, ink = page.run("const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]")
    brightness = [sum(int(v) for v in colour[4:-1].split(",")) for colour in (ground, ink)]
    check((brightness[0] < brightness[1]) == dark, f"{where}: ground {ground}, ink {ink}")
    check(page.run("return document.title") == f"{title} · detection report", f"{where}: the title is another one; was a class name run as code?")


def check_print(page, url):
    """On paper: dark ink on white whatever the screen has, colours of bars and cells included, no picture cut in two."""
    page.size(DESK, 900, dark=True, media="print")
    page.open(url)
    ink, ground, exact, whole = page.run("""
        const s = getComputedStyle(document.body), shot = getComputedStyle(document.querySelector(".shot"));
        return [s.color, s.backgroundColor, s.printColorAdjust || s.webkitPrintColorAdjust, shot.breakInside];""")
    check(ground == "rgb(255, 255, 255)", f"on paper the ground is {ground}")
    check(max(int(v) for v in ink[4:-1].split(",")) < 64, f"on paper the ink is {ink}")
    check((exact, whole) == ("exact", "avoid"), f"on paper: {exact}, {whole}")
    check(page.paper() <= 6, f"the report takes {page.paper()} sheets of paper")


def check_content(page):
    charts, cells, curves = page.run("""return ["svg.chart", ".confusion .good", ".multiples .curve"]
        .map(selector => document.querySelectorAll(selector).length)""")
    check(charts == 7, f"{charts} charts: one of scores, six of classes")
    check(cells == 3, f"{cells} classes on the diagonal of the confusion matrix")
    check(curves == 18, f"{curves} curves: three of each class")
    ticks = page.run("return [...document.querySelector('.multiples .chart').querySelectorAll('text.tick')].map(t => t.textContent)")
    check(sorted(ticks) == sorted(2 * ["0", "25", "50", "75", "100"]), f"precision and recall are both in per cent: {ticks}")
    boxes = page.run("return [...document.querySelectorAll('.shot:not(.whole)')].every(s => s.querySelector('rect.subject').getBoundingClientRect().width > 20)")
    check(boxes, "every picture has the box that it is about")
    text = page.run("return document.body.innerText")
    for word in ["The worst pictures", "Escape rate", "Board escape rate", "Overkill rate", "Conditions", "SHA-256",
                 "detect ", "95 %", "nothing reported here", "taken for", "found, but only with score 0.30", "box is off", HOSTILE]:
        check(word in text, f"the report says '{word}'")


def check_sorting(page):
    recalls = "return [...document.querySelectorAll('.sortable tbody tr')].map(r => parseFloat(r.cells[3].textContent))"
    before = page.run(recalls)
    page.run("document.querySelectorAll('.sortable thead button')[3].click()")
    check(page.run(recalls) == sorted(before, reverse=True), "a click on a heading sorts downwards")
    page.run("document.querySelectorAll('.sortable thead button')[3].click()")
    check(page.run(recalls) == sorted(before), "a second click turns the order")


def main():
    detect, pictures = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    screenshots = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    if not installed():
        print("skipped: chromium and chromedriver (Debian's chromium, chromium-driver) are not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as temporary, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        folder = Path(temporary)
        write_files(pictures, folder)
        evaluate = [detect, "eval", "--images", pictures, "--annotations"]
        models = [pictures / "model/circuit_board.safetensors", pictures / "model/../model/circuit_board.safetensors"]
        for arguments in (["gt.json", "--detections", "dt.json", "--report", "report.html"],
                          [pictures / "board.json", "--compare", *models, "--report", "compared.html"]):
            done = subprocess.run([*evaluate, *arguments], cwd=folder, capture_output=True, text=True)
            check(done.returncode == 0, done.stderr)
        with served(folder) as (address, asked_for), browser(profile) as page:
            for width in (DESK, PHONE):
                for dark in (False, True):
                    check_page(page, address + "/report.html", width, dark, "dt.json", 6)
                    if screenshots:
                        page.screenshot(screenshots / f"report-{width}-{'dark' if dark else 'light'}.png")
            check_content(page)
            check_sorting(page)
            check_print(page, address + "/report.html")
            check(page.complaints() == [], "errors on the console")
            for width in (DESK, PHONE):
                check_page(page, address + "/compared.html", width, False, "Models compared", 0)
                if screenshots:
                    page.screenshot(screenshots / f"compared-{width}-light.png")
            text = page.run("return document.body.innerText")
            for word in ["2 models compared", "No model is called the best: there are no intervals.", "AP50 of every class"]:
                check(word in text, f"the comparison says '{word}'")
            check(set(asked_for) == {"/report.html", "/compared.html"}, f"the pages asked for {asked_for}")


main()
