"""The page in a real browser: Debian's chromium, driven by testkit/browser/look.mjs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aiocollect import MemoryStore, Pipeline
from aiocollect.testing import Fault, FaultKind, Operation

BROWSER = Path(__file__).parents[2] / "testkit" / "browser"
CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
missing = [
    *([] if shutil.which("node") else ["node 20"]),
    *([] if Path(CHROMIUM).exists() else ["chromium (on Debian: apt install chromium)"]),
    *([] if (BROWSER / "node_modules").exists() else ["playwright-core (make ui-test)"]),
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}"),
]
CANARY = "canary-7f3a"
Look = Callable[..., dict[str, Any]]


class Trouble:
    """The credential of one model is refused."""

    def __call__(self, operation: Operation, path: str) -> Fault | None:
        return Fault(FaultKind.CREDENTIAL) if "/fraud/" in path else None


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    """It has stored 30 rows of one model, and holds 2 of another."""
    store = MemoryStore(faults=Trouble())
    found = Pipeline(store, host="thread", linger=0.1, status=tmp_path)
    churn = found.model("churn", version="10", inputs=["a", "b"], predictions=["p"])
    for cell in range(15):
        churn.collect(inputs=[float(cell), CANARY], predictions=[0.5])
    found.collector("fraud", feature_names=["a"]).collect([[CANARY], [1.0]])
    deadline = time.monotonic() + 30
    while found.stats().stored < 30 or not found.stats().held:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield found
    found.close(0.5)


@pytest.fixture
def look(tmp_path: Path) -> Iterator[Look]:
    """Opens the page that ``aiocollect ui`` serves, and tells what is seen."""
    command = [sys.executable, "-m", "aiocollect.cli", "ui", "--no-browser", "--port", "0"]
    process = subprocess.Popen([*command, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().strip()

    def looked(**wish: Any) -> dict[str, Any]:
        done = subprocess.run(
            ["node", "look.mjs"],
            cwd=BROWSER,
            input=json.dumps({"url": address, **wish}),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        found["own"] = address.partition("?")[0]
        return found

    yield looked
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)


def test_what_is_seen_is_what_the_pipeline_counts(pipeline: Pipeline, look: Look) -> None:
    """Tiles, books, streams with a remedy; no complaint of the browser; nothing from elsewhere; not
    one cell."""
    found = look(seconds=2)
    stats = pipeline.stats()
    texts = found["texts"]
    assert found["messages"] == []
    assert all(url.startswith(found["own"]) for url in found["requests"])
    assert all(status in (200, 303) for status, _ in found["answers"])
    assert texts["verdict"] == "1 held: needs you"
    assert found["title"] == "1 held: needs you - aiocollect"
    assert (texts["accepted"], texts["stored"], texts["lost"]) == ("0", "0", "0")
    assert texts["books"].startswith(f"{stats.accepted} accepted = {stats.stored} stored")
    assert f"{stats.in_memory} in memory" in texts["books"]
    assert texts["budget"] == f"{100 * stats.budget_used / stats.budget:.1f} %"
    first, *others = texts["streams"].splitlines()
    assert first.startswith("fraud/default/default")
    assert "held: AuthenticationFailed" in first
    assert "renew the credential" in texts["streams"]
    assert {line.split("\t")[0] for line in others if "\t" in line} == {
        "churn/10/inputs",
        "churn/10/predictions",
    }
    assert "is held" in texts["recent"]
    assert CANARY not in found["html"] + found["text"]
    assert f"process {os.getpid()}" in texts["process"]


@pytest.mark.parametrize(("width", "dark"), [(1240, False), (800, True), (390, False)])
def test_nothing_is_wider_than_the_window(
    pipeline: Pipeline, look: Look, width: int, dark: bool
) -> None:
    """At three widths, light and dark; each table scrolls by itself. Texts have enough contrast."""
    measured = """() => ({
        wide: document.documentElement.scrollWidth - innerWidth,
        ground: getComputedStyle(document.body).backgroundColor,
        names: [...document.querySelectorAll("button, select, [role=img]")].map(
            (one) => one.getAttribute("aria-label") || one.labels?.[0]?.textContent),
    })"""
    found = look(width=width, height=900, dark=dark, evaluate=measured)
    assert found["messages"] == []
    assert found["value"]["wide"] <= 0
    light = found["value"]["ground"] == "rgb(246, 247, 249)"
    assert light is not dark
    # Each control and picture says in words what it is.
    assert all(found["value"]["names"])


def test_nobody_writes_here(look: Look) -> None:
    """It says so, with the option that would."""
    found = look()
    assert found["texts"]["verdict"] == "no process writes here"
    assert "AIOCOLLECT_STATUS=" in found["texts"]["hint"]
    assert found["value"] is None
    assert found["messages"] == []


def test_a_page_left_open_delays_no_shutdown(look: Look, pipeline: Pipeline) -> None:
    """It polls: the server has no stream to wait for."""
    watching = subprocess.Popen(
        ["node", "look.mjs"], cwd=BROWSER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    found = look()  # the server is up
    assert watching.stdin is not None
    watching.stdin.write(json.dumps({"url": found["own"], "seconds": 20}))
    watching.stdin.close()
    time.sleep(2)
    began = time.monotonic()
    pipeline.close(0.5)
    assert time.monotonic() - began < 5
    watching.terminate()
    watching.wait(20)
    assert watching.stdout is not None
    watching.stdout.close()
