"""The live page in a real browser."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from aiocollect import MemoryStore, Pipeline
from aiocollect.testing import Fault, FaultKind, Operation
from tests.page.browser import BROWSER, MEASURED, MISSING, looked_at, served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}"),
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
    with served(str(tmp_path)) as (address, _):
        yield partial(looked_at, address)


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
    found = look(width=width, height=900, dark=dark, evaluate=MEASURED)
    assert found["messages"] == []
    assert found["value"]["wide"] <= 0
    assert found["value"]["faint"] == []
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


def test_a_file_that_is_none_of_ours_is_said(
    pipeline: Pipeline, tmp_path: Path, look: Look
) -> None:
    """By its name, with the reason, above the figures of the others; alone it is the verdict."""
    (tmp_path / "9-old.aiocollect.json").write_text(json.dumps({"format": 99}))
    found = look()
    assert "9-old.aiocollect.json" in found["texts"]["unreadable"]
    assert "format 99" in found["texts"]["unreadable"]
    assert found["texts"]["verdict"] == "1 held: needs you"
    pipeline.close(0.5)
    assert look()["texts"]["verdict"] == "no status file can be read"


def test_several_processes_side_by_side(pipeline: Pipeline, tmp_path: Path, look: Look) -> None:
    """One line each in the menu, and their figures together."""
    other = Pipeline(MemoryStore(), host="thread", linger=0.1, status=tmp_path)
    other.collector("other", feature_names=["a"]).collect([1.0])
    assert other.flush_sync(20)
    choose = """() => {
        const menu = document.getElementById("process");
        menu.selectedIndex = 1;
        menu.dispatchEvent(new Event("change"));
        return [...menu.options].map((one) => one.text);
    }"""
    found = look(until="document.getElementById('process').options.length === 3", evaluate=choose)
    assert found["value"][0] == "all 2 processes"
    assert all(f"process {os.getpid()}" in one for one in found["value"][1:])
    other.close()


def test_a_switch_is_pressed_by_the_keyboard(tmp_path: Path) -> None:
    """Only with --allow-control; the pipeline follows its settings file, and the page shows it."""
    settings = tmp_path / "settings.json"
    status = tmp_path / "status"
    with Pipeline(
        MemoryStore(), host="thread", linger=0.1, status=status, settings_file=settings
    ) as found:
        inputs = found.collector("churn", version="10", identifier="inputs", feature_names=["a"])
        inputs.collect([1.0])
        found.flush_sync(20)
        button = "document.querySelector('#streams button')"
        with served(str(status)) as (address, _):
            assert "switch" not in looked_at(address, seconds=1)["text"]
        with served(str(status), "--allow-control") as (address, _):
            focused = f"{button} && ({button}.focus(), true)"
            after = f"{button}.textContent === 'switch on'"
            seen = looked_at(address, until=focused, keys=["Enter"], after=after)
        assert seen["messages"] == []
        assert "off" in seen["texts"]["streams"]
        assert json.loads(settings.read_text())["collectors"]["churn/10/inputs"]["enabled"] is False


def connected(port: int) -> bool:
    """Whether a client has a connection to this port here: proc(5), /proc/net/tcp, state 01."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    fields = [line.split() for line in lines]
    return any(one[1].endswith(f":{port:04X}") and one[3] == "01" for one in fields)


def test_a_page_left_open_delays_no_shutdown(pipeline: Pipeline, tmp_path: Path) -> None:
    """It polls: neither its own server nor the pipeline has anything to wait for."""
    with served(str(tmp_path)) as (address, process):
        watching = subprocess.Popen(
            ["node", "look.mjs"],
            cwd=BROWSER,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert watching.stdin is not None
        watching.stdin.write(json.dumps({"url": address, "seconds": 100}))
        watching.stdin.close()
        port = urlsplit(address).port
        assert port is not None
        while not connected(port):
            time.sleep(0.05)
        pipeline.close(0.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert watching.poll() is None  # the page is still open
        watching.terminate()
        watching.wait(30)
