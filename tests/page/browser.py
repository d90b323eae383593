"""Looks at pages in Debian's chromium, by testkit/browser/look.mjs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BROWSER = Path(__file__).parents[2] / "testkit" / "browser"
CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
MISSING = [
    *([] if shutil.which("node") else ["node 20"]),
    *([] if Path(CHROMIUM).exists() else ["chromium (on Debian: apt install chromium)"]),
    *([] if (BROWSER / "node_modules").exists() else ["playwright-core (make ui-test)"]),
]
# Of each text that can be seen: how much it stands out from its ground, as WCAG 2.2 measures it
# (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio); and by how much the page is too wide.
MEASURED = """() => {
    const light = (colour) => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((one) => one / 255)
            .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const groundOf = (one) => {
        for (; one; one = one.parentElement) {
            const ground = getComputedStyle(one).backgroundColor;
            if (!ground.endsWith(", 0)") && ground !== "transparent") return ground;
        }
        return "rgb(255, 255, 255)";
    };
    const faint = [];
    for (const one of document.querySelectorAll("body *")) {
        const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!own || !one.checkVisibility() || one.closest("svg, noscript, .hidden")) continue;
        const both = [light(getComputedStyle(one).color), light(groundOf(one))];
        const [a, b] = both.sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) faint.push([one.textContent.slice(0, 30), ratio]);
    }
    return {
        wide: document.documentElement.scrollWidth - innerWidth, faint,
        ground: getComputedStyle(document.body).backgroundColor,
        names: [...document.querySelectorAll("button, select, [role=img]")].map(
            (one) => one.getAttribute("aria-label") || one.labels?.[0]?.textContent),
    };
}"""


@contextmanager
def served(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """``aiocollect ui`` with these arguments: its address, and the process."""
    command = [sys.executable, "-m", "aiocollect.cli", "ui", "--no-browser", "--port", "0"]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def looked_at(address: str, **wish: Any) -> dict[str, Any]:
    """What a browser makes of it; ``own`` is the address without its token."""
    done = subprocess.run(
        ["node", "look.mjs"],
        cwd=BROWSER,
        input=json.dumps({"url": address, **wish}),
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    found["own"] = address.partition("?")[0]
    return found
