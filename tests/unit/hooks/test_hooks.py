"""The log: one line a minute and cause, with count and remedy, for any number of paths."""

from __future__ import annotations

import asyncio
import logging

import pytest

from aiocollect import MemoryStore
from aiocollect._hooks.log import LogHook
from aiocollect._hooks.sentences import sentence_of
from aiocollect.events import Dropped, Refused, Retrying, Settled
from aiocollect.remedies import explain
from aiocollect.testing import Fault, FaultKind, VirtualClock, VirtualLoop, run_virtual
from tests.support.virtual import make_pipeline

PATHS = 100


def test_hooks_that_ask_about_one_event_are_answered_with_one_sentence() -> None:
    """It is composed once; another event, and an equal one, have their own."""
    why = ValueError("full")
    refused = Refused(stream="a", rows=2, reason="budget", error=why)
    other = Refused(stream="b", rows=3, reason="budget", error=why)
    first = sentence_of(refused)
    assert first is not None
    assert first.rows == 2
    assert sentence_of(refused) is first
    told = sentence_of(other)
    assert told is not None
    assert told.rows == 3
    again = sentence_of(refused)
    assert again == first
    assert again is not first


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


@pytest.mark.parametrize("kind", [FaultKind.CREDENTIAL, FaultKind.BUSY, FaultKind.NOT_SENT])
def test_one_cause_of_many_paths(kind: FaultKind, caplog: pytest.LogCaptureFixture) -> None:
    """A line at once, one a minute while it lasts, with the number of the paths; then none."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=lambda *_: Fault(kind))
        pipeline = make_pipeline(store, loop, max_in_flight=16, linger=0.1)
        for number in range(PATHS):
            pipeline.collector(f"m{number}", feature_names=["a"]).collect(1.0)
        await asyncio.sleep(30)
        first = lines(caplog)
        assert len(first) == 1, first
        (code,) = set(pipeline.stats().held.values()) or {""}
        assert explain(code).remedy in first[0] if code else "(" in first[0]
        caplog.clear()
        await asyncio.sleep(180)
        later = lines(caplog)
        assert 2 <= len(later) <= 4
        assert all(f"{PATHS} paths affected" in line for line in later)
        caplog.clear()
        store.faults = None
        report = await pipeline.flush(120.0)
        assert report.complete
        await asyncio.sleep(130)
        assert len(lines(caplog)) <= 1
        await pipeline.aclose()

    with caplog.at_level(logging.WARNING, logger="aiocollect"):
        run_virtual(main)


def test_refused_rows_of_many_streams_are_one_cause(caplog: pytest.LogCaptureFixture) -> None:
    """Told with the number of calls and rows that were silent."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = make_pipeline(MemoryStore(), loop)
        for number in range(100):
            collector = pipeline.collector(f"m{number}", feature_names=["a", "b"])
            collector.collect([[1.0]] * 3)
        await asyncio.sleep(61)
        assert len(lines(caplog)) == 2
        assert "(and 98 more times, 297 rows)" in lines(caplog)[1]
        await pipeline.aclose()

    with caplog.at_level(logging.WARNING, logger="aiocollect"):
        run_virtual(main)


def test_without_a_loop_the_next_line_counts(caplog: pytest.LogCaptureFixture) -> None:
    """In threads nobody reminds: what fell silent comes with the next line of its cause."""
    loop = VirtualLoop()
    clock = VirtualClock(loop)
    log = LogHook(clock)
    with caplog.at_level(logging.WARNING, logger="aiocollect"):
        for number in range(5):
            error = ValueError(f"no {number}")
            log(Refused(stream=f"s{number}", rows=2, reason="shape", error=error))
        loop.pause(61)
        log(Refused(stream="s", rows=2, reason="shape", error=ValueError("no 5")))
    loop.close()
    assert [line.partition("(")[2] for line in lines(caplog)] == ["", "and 4 more times, 8 rows)"]


def test_what_ends_relieves_a_path() -> None:
    """Stored, dropped: its trouble is over, and nothing is kept of it."""
    loop = VirtualLoop()
    log = LogHook(VirtualClock(loop))
    for number in range(PATHS):
        log(Retrying(path=f"p{number}", part=f"p{number}", code="ServerBusy", attempts=3))
    for number in range(0, PATHS, 2):
        log(
            Settled(path=f"p{number}", part="p", offset=0, length=1, rows=1, first=0, last=0, crc=0)
        )
        log(Dropped(path=f"p{number + 1}", rows=1, first=0, last=0, reason="closed"))
    loop.close()
    assert not log._affected
    assert len(log._causes) == 2
