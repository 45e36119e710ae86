# SPDX-License-Identifier: Apache-2.0
"""A page in Chromium, headless, driven over the WebDriver protocol with nothing but the standard library."""

import base64
import contextlib
import functools
import http.server
import json
import re
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request


class Quiet(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.asked_for.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder):
    """Serves a folder on localhost; yields its address and the list of what is asked for."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    server.asked_for = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.asked_for
    finally:
        server.shutdown()


class Browser:
    def __init__(self, address, session):
        self.address, self.session = address, session

    def _ask(self, method, path, body=None):
        return _ask(self.address, method, f"/session/{self.session}{path}", body)

    def open(self, url):
        self._ask("POST", "/url", {"url": url})

    def run(self, script):
        """The value that the script returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": []})

    def command(self, name, **parameters):
        """Of the DevTools protocol."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def size(self, width, height, dark=False, media=""):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=width < 600)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.command("Emulation.setEmulatedMedia", features=scheme, media=media)

    def complaints(self):
        """What the page wrote to the console as an error, and what it could not load."""
        return [e["message"] for e in self._ask("POST", "/se/log", {"type": "browser"}) if e["level"] == "SEVERE"]

    def paper(self):
        """How many sheets the page is when it is printed."""
        return len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(self.command("Page.printToPDF")["data"])))

    def screenshot(self, path):
        shot = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))


def _ask(address, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise RuntimeError(error.read().decode(errors="replace")[:400]) from error


def installed():
    return shutil.which("chromedriver") is not None and shutil.which("chromium") is not None


@contextlib.contextmanager
def browser(profile):
    """A new browser that keeps its profile in this folder and is closed in the end."""
    driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port = next(int(line.rstrip(". \n").rsplit(" ", 1)[1]) for line in driver.stdout if "successfully on port" in line)
        threading.Thread(target=driver.stdout.read, daemon=True).start()
        address = f"http://127.0.0.1:{port}"
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}"]
        wanted = {"browserName": "chrome", "goog:chromeOptions": {"args": arguments, "binary": shutil.which("chromium")},
                  "goog:loggingPrefs": {"browser": "ALL"}}
        session = _ask(address, "POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        try:
            yield Browser(address, session)
        finally:
            _ask(address, "DELETE", f"/session/{session}")
            time.sleep(0.2)  # its last files are still being written
    finally:
        driver.terminate()
        driver.wait(20)
