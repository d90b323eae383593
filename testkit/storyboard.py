"""The first five minutes of somebody new, played against the clock, with a real browser.

Each step has a mark: the seconds after which it should be done. One that takes three times its mark
fails, and so does a page that says anything in the browser's console. It runs in an empty home, in
an empty folder, with this environment's packages::

    python -m testkit.storyboard [--shots DIR]

First the demo, with its page, its buttons, its verdict and the commands that it names; then a
server of one's own from ``init``; then Azurite in place of a directory, and what ``doctor`` says.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from .browsing import Browser, BrowserMissing, NotSeen
from .emulator import EmulatorMissing, emulator

__all__ = ["main"]

AIOCOLLECT: Final = [sys.executable, "-m", "aiocollect.cli"]
# What a step may take of its mark.
MOST: Final = 3.0
ROOT: Final = Path(__file__).resolve().parents[1]


class TooSlow(Exception):
    """A step took longer than three times its mark."""


class Play:
    """The steps so far, told as they end. ``home``: an empty folder to play in."""

    def __init__(self, browser: Browser, home: Path, shots: Path | None) -> None:
        self.browser = browser
        self.home = home
        self._shots = shots
        self._began = time.monotonic()
        # Only what a shell needs: nothing that this machine has set up.
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.environment = {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT)}

    def act(self, title: str) -> None:
        """Begin a new act: marks count from here."""
        print(f"\n{title}", flush=True)
        self._began = time.monotonic()

    @contextmanager
    def step(self, what: str, mark: float) -> Iterator[float]:
        """A step, done ``mark`` seconds after the act began; gives the seconds that it may take at
        most. Raises TooSlow."""
        left = MOST * mark - (time.monotonic() - self._began)
        yield max(1.0, left)
        took = time.monotonic() - self._began
        print(f"  {took:6.1f} s  of {mark:4.0f}  {what}", flush=True)
        if took > MOST * mark:
            raise TooSlow(f"{what}: {took:.1f} s, and {mark:g} s is its mark")

    def start(self, stack: ExitStack, *command: str, **variables: str) -> subprocess.Popen[str]:
        """A command that goes on; it is ended with the play."""
        process = subprocess.Popen(
            command,
            cwd=self.home,
            env={**self.environment, **variables},
            stdout=subprocess.PIPE,
            stderr=(self.home / "stderr").open("ab"),
            text=True,
        )
        stack.callback(_end, process)
        return process

    def run(self, line: str, *, code: int = 0, **variables: str) -> str:
        """A line in a shell, from another folder than the package's; returns its stdout."""
        done = subprocess.run(
            line,
            shell=True,
            cwd=self.home,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode != code:
            raise NotSeen(f"{line} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def quiet(self) -> None:
        """Raise NotSeen where a page has said something in the browser's console."""
        if said := self.browser.messages():
            raise NotSeen(f"the browser's console: {said}")

    def leave(self) -> None:
        """Leave the page before its server ends: the browser itself would say that it is gone."""
        self.quiet()
        self.browser.goto("about:blank")

    def shot(self, name: str) -> None:
        """A picture of the page, where they are wanted."""
        if self._shots is not None:
            self.browser.shot(self._shots / f"{name}.png")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def text_of(name: str) -> str:
    """JavaScript: what the element with this id shows."""
    return f"document.getElementById({json.dumps(name)}).innerText"


def demo(play: Play) -> None:
    """0:00 to 1:00: the page, the faults, the verdict; and the commands that it names."""
    play.act("the demo")
    page = play.browser
    with ExitStack() as stack:
        process = play.start(stack, *AIOCOLLECT, "demo", "--json", "--no-browser")
        assert process.stdout is not None
        with play.step("four lines, with the page's address", 3):
            lines = [process.stdout.readline() for _ in range(5)]
            address = lines[1].split()[1]
        with play.step("the page is up", 5) as left:
            page.goto(address)
            page.until(f"{text_of('verdict')} === 'rows find their way'", within=left)
        with play.step("three streams have rows on disk", 12) as left:
            page.until(f"{text_of('streams')}.split('data.csv').length === 4", within=left)
            page.until(f"!/ 0 stored/.test({text_of('books')})", within=left)
        with play.step("a press: the store is down, and rows wait", 25) as left:
            page.click("#press-down")
            page.until(f"{text_of('verdict')}.includes('rows wait')", within=left)
            page.until(f"!/ 0 in memory/.test({text_of('books')})", within=left)
            play.shot("down")
        with play.step("the store is back: rows find their way", 35) as left:
            page.click("#press-down")
            page.until(f"{text_of('verdict')} === 'rows find their way'", within=left)
        with play.step("SIGTERM under load, and it goes on", 45) as left:
            page.click("#press-restart")
            page.until(f"/SIGTERM|serv/.test({text_of('faults-note')})", within=left)
            page.until("document.getElementById('process').options.length >= 2", within=left)
        with play.step("the verdict, on the page", 60) as left:
            page.until(f"{text_of('verdict')}.startsWith('good: lost 0, doubled 0')", within=left)
            play.shot("verdict")
        with play.step("and in the terminal", 62) as left:
            result = json.loads(process.stdout.read().splitlines()[-1])
            if process.wait(left) or result["verdict"] != "good":
                raise NotSeen(f"the demo ended with {result}")
    play.act("what it names to try next")
    tail, verify, ui = result["next"]
    with play.step("the last rows", 5):
        if "income" not in play.run(tail):
            raise NotSeen(f"{tail} shows no rows")
    with play.step("the proof", 10):
        if "proven: every" not in play.run(verify):
            raise NotSeen(f"{verify} proves nothing")
    with ExitStack() as stack, play.step("the data page: income has drifted", 20) as left:
        look(play, stack, "/bin/sh", "-c", f"exec {ui} --no-browser", within=left)
        play.shot("data")
        play.leave()


def look(play: Play, stack: ExitStack, *command: str, within: float) -> None:
    """The data page of a command that serves it, until the drift of the incomes is seen."""
    process = play.start(stack, *command)
    assert process.stdout is not None
    play.browser.goto(process.stdout.readline().strip())
    income = (
        "[...document.querySelectorAll('article')].find((one) => /^income/.test(one.innerText))"
    )
    play.browser.until(f"{income}?.querySelector('.pill.warn, .pill.bad')", within=within)


def own_server(play: Play) -> None:
    """1:30 to 3:00: a server of one's own, and its first row."""
    play.act("a server of one's own")
    port = "8765"
    with ExitStack() as stack:
        with play.step("init writes it", 2):
            play.run(f"{' '.join(AIOCOLLECT)} init aiohttp --port {port} > server.py")
        server = play.start(stack, sys.executable, "server.py")
        with play.step("it takes a row", 10) as left:
            score(f"http://127.0.0.1:{port}/score", within=left)
        with play.step("its page shows the row", 20) as left:
            play.browser.goto(f"http://127.0.0.1:{port}/_aiocollect/")
            play.browser.until(f"/2 stored/.test({text_of('books')})", within=left)
            play.shot("own")
        with play.step("tail shows it too", 30):
            shown = play.run(f"{' '.join(AIOCOLLECT)} tail churn/10/inputs --store ./modeldata")
            if "35" not in shown:
                raise NotSeen(f"tail shows {shown!r}")
        play.quiet()
        with play.step("SIGTERM ends it at once, though the page is open", 35) as left:
            server.terminate()
            server.wait(left)
        play.browser.goto("about:blank")
        play.browser.messages()  # of the browser itself, that the page's server is gone


def on_azure(play: Play) -> None:
    """3:00 to 5:00: doctor, the same server, and its data page, on Azurite."""
    port = "8766"
    with ExitStack() as stack:
        running = stack.enter_context(emulator())
        store = f"azurite://{running.address}/modeldata"
        play.act("the same server on Azurite")
        wrong = base64.b64encode(bytes(64)).decode()
        bad = running.connection_string.replace(running.key, wrong)
        doctor = f"{' '.join(AIOCOLLECT)} doctor"
        with play.step("doctor names a wrong key, and what to do", 10):
            told = play.run(doctor, code=4, AIOCOLLECT_STORE=bad, AIOCOLLECT_CONTAINER="modeldata")
            if "FAIL  " not in told or "-> " not in told or wrong in told:
                raise NotSeen(f"doctor says {told}")
        with play.step("with the right one it is ready", 15):
            if "\nready" not in play.run(doctor, AIOCOLLECT_STORE=store):
                raise NotSeen("doctor is not ready")
        own = f"{' '.join(AIOCOLLECT)} init aiohttp --port {port} --out azure_server.py"
        with play.step("it takes a row", 25) as left:
            play.run(own)
            play.start(stack, sys.executable, "azure_server.py", AIOCOLLECT_STORE=store)
            score(f"http://127.0.0.1:{port}/score", within=left)
        with play.step("its page shows the row, and how long appends take", 35) as left:
            play.browser.goto(f"http://127.0.0.1:{port}/_aiocollect/")
            play.browser.until(f"/2 stored/.test({text_of('books')})", within=left)
            play.browser.until(f"/^[0-9]/.test({text_of('latency')})", within=left)
        with play.step("the data page shows the day", 45) as left:
            ui = play.start(
                stack, *AIOCOLLECT, "ui", "--store", store, "--no-browser", "--port", "0"
            )
            assert ui.stdout is not None
            play.browser.goto(ui.stdout.readline().strip())
            play.browser.until(f"{text_of('days')}.includes('1')", within=left)
            play.browser.until("document.querySelectorAll('article').length >= 2", within=left)
            play.shot("azure")
            play.leave()


def score(address: str, *, within: float) -> None:
    """The POST that the server's own comment names, as soon as it listens. Raises NotSeen."""
    request = urllib.request.Request(address, b"[[35, 2.5]]", {"content-type": "application/json"})
    until = time.monotonic() + within
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10):
                return
        except OSError as error:
            if time.monotonic() > until:
                raise NotSeen(f"the server does not answer: {error}") from None
            time.sleep(0.05)


def main() -> int:
    """Play it; 0, or 1 where a step was too slow or showed something else."""
    parser = argparse.ArgumentParser(prog="python -m testkit.storyboard", description=__doc__)
    parser.add_argument("--shots", type=Path, help="put pictures of the pages there")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as home, Browser() as browser:
            play = Play(browser, Path(home), options.shots)
            demo(play)
            own_server(play)
            on_azure(play)
    except (BrowserMissing, EmulatorMissing, NotSeen, TooSlow) as obstacle:
        print(f"storyboard: {obstacle}", file=sys.stderr)
        return 1
    print("\nall within their marks, and nothing in the browser's console")
    return 0


if __name__ == "__main__":
    sys.exit(main())
