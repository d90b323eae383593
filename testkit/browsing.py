"""A real browser that is driven from Python: Debian's chromium, by testkit/browser/drive.mjs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Final

__all__ = ["Browser", "BrowserMissing", "NotSeen"]

HERE: Final = Path(__file__).resolve().parent / "browser"
CHROMIUM: Final = os.environ.get("CHROMIUM") or "/usr/bin/chromium"


class BrowserMissing(Exception):
    """The browser cannot be started; the message says what to install."""


class NotSeen(Exception):
    """The page never showed what was waited for."""


class Browser:
    """One page of one browser, as long as the ``with`` block lasts."""

    def __init__(self) -> None:
        missing = [
            *([] if shutil.which("node") else ["node 20"]),
            *([] if Path(CHROMIUM).exists() else ["chromium (on Debian: apt install chromium)"]),
            *([] if (HERE / "node_modules").exists() else ["playwright-core (make ui-test)"]),
        ]
        if missing:
            raise BrowserMissing(f"the browser needs {', '.join(missing)}")

    def __enter__(self) -> Browser:
        self._process = subprocess.Popen(
            ["node", "drive.mjs"],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def goto(self, address: str) -> None:
        """Open it."""
        self._ask(goto=address)

    def until(self, expression: str, *, within: float) -> None:
        """Wait until the JavaScript expression is true, at most so many seconds. Raises NotSeen."""
        self._ask(until=expression, within=within)

    def value(self, expression: str) -> Any:
        """What the JavaScript expression is."""
        return self._ask(value=expression)

    def click(self, selector: str) -> None:
        """Click on the element."""
        self._ask(click=selector)

    def shot(self, path: Path) -> None:
        """Put a picture of the whole page there."""
        self._ask(shot=str(path))

    def messages(self) -> list[str]:
        """What the console and the pages have said since the last time."""
        found: list[str] = self._ask(messages=True)
        return found

    def _ask(self, **wish: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BrowserMissing("the browser has ended by itself")
        answer = json.loads(line)
        if "error" in answer:
            raise NotSeen(answer["error"])
        return answer["value"]
