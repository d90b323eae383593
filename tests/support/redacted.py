"""Calls with rules, and everything that they have left anywhere, for the tests of redaction."""

from __future__ import annotations

import csv
import gc
import hmac
import io
from collections.abc import Callable
from typing import Any

import numpy as np

from aiocollect import MemoryStore, Pipeline
from aiocollect.events import Event
from aiocollect.redaction import Redact
from aiocollect.testing import VirtualLoop, run_virtual
from tests.support.virtual import make_pipeline

KEY = b"0123456789abcdef"


# Nothing of it may be found anywhere; as a number, where only numbers fit.
CELL = "CELL-CANARY-0b5e"


NAMES = ["a", "b", "c"]


def digest(text: str | bytes) -> str:
    data = text if isinstance(text, bytes) else text.encode()
    return hmac.new(KEY, data, "sha256").hexdigest()


class Outcome:
    """What is left of some calls: the file's text and rows, the counts, the events."""

    def __init__(self) -> None:
        self.text = ""
        self.rows: list[dict[str, str]] = []
        self.stats: Any = None
        self.events: list[Event] = []
        self.answers: list[Any] = []
        self.kept = ""


def collected(
    *calls: Any,
    redact: Redact,
    names: list[str] | None = NAMES,
    collect: Callable[[Any, Any], Any] = lambda collector, data: collector.collect(data),
    **options: Any,
) -> Outcome:
    """Collect each value in virtual time, and read back what was stored."""
    outcome = Outcome()

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop, hooks=(outcome.events.append,), **options)
        collector = pipeline.collector("m", feature_names=names, redact=redact)
        for data in calls:
            outcome.answers.append(collect(collector, data))
        outcome.kept = everything(pipeline)
        await pipeline.aclose()
        outcome.stats = pipeline.stats()
        outcome.text = "".join(blob.decode() for blob in contents(store))
        outcome.rows = list(csv.DictReader(io.StringIO(outcome.text)))

    run_virtual(main)
    return outcome


def contents(store: MemoryStore) -> list[bytes]:
    return list(store.blobs.values())


def everything(pipeline: Pipeline) -> str:
    """All text and numbers that hang on the pipeline's ring, as far as the collector of garbage
    sees them."""
    seen: set[int] = set()
    found: list[str] = []
    todo: list[Any] = [pipeline._engine.ring]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or callable(thing) or type(thing).__name__ == "module":
            continue
        seen.add(id(thing))
        if isinstance(thing, str | bytes | int | float | np.ndarray):
            found.append(repr(thing.tolist() if isinstance(thing, np.ndarray) else thing))
        else:
            todo += gc.get_referents(thing)
    return "\n".join(found)


async def later(row: dict[str, Any]) -> dict[str, Any]:
    return row
