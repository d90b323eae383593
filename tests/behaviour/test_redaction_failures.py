"""Redaction fails closed: a rule that fails refuses the call, and nothing of the row is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aiocollect import EncodeError, MemoryStore
from aiocollect.events import Event, Refused
from aiocollect.redaction import Drop, KeyedHash, Mask
from aiocollect.testing import Fault, FaultKind, Operation, VirtualLoop, run_virtual
from tests.support.redacted import CELL, KEY, NAMES, collected, digest, later
from tests.support.virtual import make_pipeline

pytestmark = pytest.mark.slow  # Frames of three libraries, in some seconds.


class Leaky(Exception):
    """An exception of a user's, with the cell in its message."""


def boom(row: dict[str, Any]) -> dict[str, Any]:
    raise Leaky(row["b"])


def tired(row: dict[str, Any]) -> dict[str, Any]:
    raise BaseException(row["b"])  # as of a library that means to end the program


FAILURES: dict[str, tuple[Any, str]] = {
    "raises": (boom, "boom raised Leaky"),
    "raises a BaseException": (tired, "tired raised BaseException"),
    "returns no dict": (lambda row: [row["b"]], "of type list, not a dict or None"),
    "returns a coroutine": (lambda row: later(row), "of type coroutine, not a dict"),
    "forgets a column": (lambda row: {"a": 1, "c": 2}, "it lacks b"),
    "adds a column": (lambda row: row | {row["b"]: 1}, "1 unknown columns"),
    "returns what cannot be recorded": (lambda row: row | {"b": {row["b"]}}, "builtins.set"),
    "returns what nests too deep": (
        lambda row: row | {"b": json.loads("[" * 40 + "]" * 40)}, "nested deeper",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "words"), FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("strict", [False, True])
def test_a_rule_that_fails_refuses_the_call(rule: Any, words: str, strict: bool) -> None:
    """The whole call is refused, also its good rows, under the reason "redact"; the hook is told;
    no word of it has the cell, and nothing leads from the error to the cell."""
    raised: list[EncodeError] = []

    def once_bad(row: dict[str, Any]) -> Any:
        return rule(row) if row["b"] == CELL else row

    once_bad.__qualname__ = getattr(rule, "__qualname__", "")

    def collect(collector: Any, data: Any) -> Any:
        if not strict:
            return collector.collect(data)
        with pytest.raises(EncodeError) as caught:
            collector.collect(data)
        raised.append(caught.value)
        return None

    found = collected(
        [[1, "good", 2], [1, CELL, 2]], redact=once_bad, strict=strict, collect=collect
    )
    assert found.answers == [None]
    assert found.text == ""
    assert found.stats.refused == {"redact": 2}
    assert (found.stats.accepted, found.stats.redacted_out) == (0, 0)
    (event,) = [event for event in found.events if isinstance(event, Refused)]
    assert (event.reason, event.rows) == ("redact", 2)
    assert words in str(event.error)
    assert raised in ([], [event.error])
    assert CELL not in repr(event) + str(event.error) + found.kept
    assert event.error.__context__ is None
    assert event.error.__cause__ is None


def test_a_hook_gets_no_frames() -> None:
    """The error that a hook gets holds no frame, whose variables would be the row."""
    tracebacks: list[Any] = []

    async def main(loop: VirtualLoop) -> None:
        def hook(event: Event) -> None:
            if isinstance(event, Refused):
                tracebacks.append(event.error.__traceback__)

        pipeline = make_pipeline(MemoryStore(), loop, hooks=(hook,))
        pipeline.collector("m", feature_names=NAMES, redact=boom).collect([1, CELL, 2])
        pipeline.collector("m", feature_names=NAMES).collect([1, CELL])
        await pipeline.aclose()

    run_virtual(main)
    assert tracebacks == [None, None]


def test_an_interrupt_goes_through() -> None:
    """Ctrl-C inside a rule is the program's, and records nothing."""

    def interrupted(row: dict[str, Any]) -> dict[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collected([1, CELL, 2], redact=interrupted)


@pytest.mark.parametrize("first", [[1, CELL, 2], {"a": 1, "c": CELL}, np.array([1.0, 2.0])])
def test_a_column_that_is_not_there(first: Any) -> None:
    """Where names are not known before the first call, a call without the column is refused, fixes
    nothing, and the next one with it is recorded."""
    found = collected(first, {"a": 1, "b": CELL}, redact=Drop("b"), names=None)
    assert found.answers[0] is None
    assert found.stats.refused == {"redact": 1}
    (event,) = [event for event in found.events if isinstance(event, Refused)]
    assert "names column 'b', but the stream has no such column" in str(event.error)
    assert CELL not in str(event.error) + found.text + found.kept
    (row,) = found.rows
    assert row["a"] == "1"


def test_dropping_the_only_column_of_an_unnamed_stream() -> None:
    """A file without columns is no file."""
    found = collected({"b": CELL}, redact=Drop("b"), names=None)
    assert found.stats.refused == {"redact": 1}


def test_refused_in_every_way_to_collect() -> None:
    """acollect() and collect_wait() raise it; a model refuses the streams without rules too."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop)
        collector = pipeline.collector("m", feature_names=NAMES, redact=boom)
        with pytest.raises(EncodeError, match="boom raised Leaky") as caught:
            await collector.acollect([1, CELL, 2])
        assert caught.value.reason == "redact"
        assert caught.value.__context__ is None
        model = pipeline.model("m", inputs=NAMES, out=["p"], redact={"inputs": boom})
        assert model.collect(out=[0.5], inputs=[1, CELL, 2]) is None
        await pipeline.aclose()
        assert store.blobs == {}
        assert pipeline.stats().refused == {"redact": 2}

    run_virtual(main)


@pytest.mark.parametrize("redacted", [True, False])
@pytest.mark.parametrize("where", ["store", "encoder"])
def test_the_dead_letter_file(tmp_path: Path, redacted: bool, where: str) -> None:
    """Rows that store or encoder refuse are in the dead-letter file as the rules have left them.
    Without rules the cell is in it, which shows that the look would find it."""
    file = tmp_path / "dead.jsonl"

    class Broken:
        content_type, extension = "text/csv", "csv"

        def header(self, schema: Any) -> bytes:
            return b"header\n"

        def encode(self, pieces: Any, schema: Any) -> list[bytes]:
            raise ValueError(str(pieces))

    async def main(loop: VirtualLoop) -> None:
        def faults(operation: Operation, path: str) -> Fault | None:
            too_large = operation is Operation.APPEND and where == "store"
            return Fault(FaultKind.TOO_LARGE) if too_large else None

        pipeline = make_pipeline(MemoryStore(faults=faults), loop, dead_letters=file)
        collector = pipeline.collector(
            "m",
            feature_names=NAMES,
            redact=[Mask("b"), KeyedHash("c", key=KEY)] if redacted else None,
            format=Broken() if where == "encoder" else None,
        )
        # So large that its size may be why: a small one would be held.
        collector.collect(["x" * 70_000, CELL, CELL])
        report = await pipeline.aclose()
        assert sum(report.dead_lettered.values()) == 1

    run_virtual(main)
    text = file.read_text()
    assert (CELL in text) is not redacted
    assert (digest(CELL) in text) is redacted
