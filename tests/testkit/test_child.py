"""Children that speak JSON lines: what they say is heard, and none outlives its block."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from testkit.child import ROOT, Child, ChildFailed, ChildLate

MODULE = "tests.testkit.speaker"


def child(tmp_path: Path, *steps: tuple[str, Any]) -> Child:
    return Child(MODULE, {"steps": steps}, log=tmp_path / "log")


@pytest.mark.asyncio
async def test_what_is_no_json_line_is_passed_over(tmp_path: Path) -> None:
    """Libraries log to stdout too; words that nobody waits for are no hindrance."""
    steps = (("print", "a log line"), ("say", {"other": 1}), ("say", {"port": 8, "more": [1.5]}))
    async with child(tmp_path, *steps) as one:
        assert await one.hear("port", timeout=30) == {"port": 8, "more": [1.5]}
        assert await one.ended(timeout=30)


@pytest.mark.asyncio
async def test_it_hears_its_parent(tmp_path: Path) -> None:
    """A line each, in order."""
    async with child(tmp_path, ("echo", None), ("echo", None)) as one:
        await one.tell(number=1)
        await one.tell(number=2, text="é")
        assert await one.hear("heard", timeout=30) == {"heard": {"number": 1}}
        assert await one.hear("heard", timeout=30) == {"heard": {"number": 2, "text": "é"}}


@pytest.mark.asyncio
async def test_one_that_ends_too_early_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    """And one that has ended can be told something all the same: the next hear() says why."""
    async with child(tmp_path, ("complain", "no such table"), ("exit", 3)) as one:
        with pytest.raises(ChildFailed, match=r"speaker ended before .*'port': no such table"):
            await one.hear("port", timeout=30)
        assert not await one.ended(timeout=30)
        await one.tell(go=True)


@pytest.mark.asyncio
async def test_one_that_says_nothing_is_late_and_is_killed(tmp_path: Path) -> None:
    """ChildLate: it lives, and does not say it; ended() kills one that does not end."""
    async with child(tmp_path, ("say", {"ready": True}), ("hang", None)) as one:
        await one.hear("ready", timeout=30)
        with pytest.raises(ChildLate, match="did not say 'port'"):
            await one.hear("port", timeout=0.01)
        assert not await one.ended(timeout=0.01)


@pytest.mark.asyncio
async def test_sigterm_is_an_end_of_its_own_making(tmp_path: Path) -> None:
    """It says its last word, and ends with 0."""
    async with child(tmp_path, ("stop", None)) as one:
        await one.hear("ready", timeout=30)
        one.terminate()
        await one.hear("ended", timeout=30)
        assert await one.ended(timeout=30)


@pytest.mark.asyncio
async def test_a_block_that_fails_leaves_no_process(tmp_path: Path) -> None:
    """Killed, whatever was raised inside."""
    pid = 0
    with suppress(ZeroDivisionError):
        async with child(tmp_path, ("say", {"pid": 0}), ("hang", None)) as one:
            await one.hear("pid", timeout=30)
            pid = one._process.pid
            raise ZeroDivisionError
    assert pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("step", ["stop", "echo"])
def test_it_ends_with_its_parent(step: str) -> None:
    """Its stdin is closed: it does not wait for more."""
    done = subprocess.run(
        [sys.executable, "-m", MODULE, json.dumps({"steps": [[step, None]]})],
        cwd=ROOT,
        input=b"",
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (b'"ended"' in done.stdout) if step == "stop" else (b"parent is gone" in done.stderr)
