"""Each documented answer, at each operation, through a real pipeline: what answers.py says.

One run an operation: each answer has a stream of its own, whose blob gives it twice, and then
behaves. Nothing may be lost or doubled, whatever the answer was.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime
from typing import Any

import pytest

from aiocollect import Pipeline, Retry
from aiocollect.events import (
    BlobReplaced,
    DeadLettered,
    Dropped,
    Event,
    Held,
    PossiblyStored,
    Rolled,
    WriterTurnedOwn,
)
from aiocollect.remedies import explain, known
from aiocollect.stores.azure import AzureStore
from aiocollect.typing import Names

from .answers import AGAIN, ANSWERS, BACK, HALVED, HELD, MADE, NEXT, OPERATIONS, OWN, THERE, Answer
from .blobs import MAX_BLOCKS, Blob, Container, Reply
from .server import Plan, Service

ROWS = [[0.5], [1.5]]
TIMES = 2
FULL = ("BlobIsSealed", "BlockCountExceedsLimit", "MaxBlobSizeConditionNotMet")


def name_of(answer: Answer) -> str:
    """The stream's."""
    return f"{answer.status}{answer.code}"


def truly(answer: Answer) -> Any:
    """What must be true of the blob for the answer to be: one that is missing is not there, one
    of another type is of another type, and one that is full is full."""

    def change(container: Container, name: str, reply: Reply) -> Reply | None:
        if answer.code == "BlobNotFound":
            container.blobs.pop(name, None)
        if answer.code in ("InvalidBlobType", "ResourceTypeMismatch"):
            container.blobs[name] = Blob(kind="BlockBlob")
        blob = container.blobs.get(name)
        if blob is not None and answer.code in FULL:
            # Whatever its limit is: it takes no more, and says so of itself.
            blob.sealed = answer.code == "BlobIsSealed"
            blob.blocks += [] if blob.sealed else [0] * MAX_BLOCKS
        return Reply(answer.status, answer.code)

    return change


def plans(operation: str, answer: Answer, *, landed: bool) -> list[Plan]:
    """What the blob of a stream answers."""
    on_the_wire = {"open": "get", "read": "get", "doubt": "append"}.get(operation, operation)
    times = 1 if operation == "append" and answer.status == 413 else TIMES
    if answer.code == "ContainerNotFound":
        times *= 2  # one call makes the container, which stands, and sends its request again
    change = None if operation == "create" else truly(answer)
    fault = Plan(on_the_wire, answer.status, answer.code, times=times, change=change)
    if operation in ("open", "create", "append"):
        return [fault]
    # An earlier attempt without an answer, which was carried out or not.
    lost = Plan("append", lost=True, applied=landed)
    return [lost, fault]


class ByModel:
    """A layout with one file a model."""

    def path(self, names: Names, moment: datetime, *, extension: str) -> str:
        """See Layout.path."""
        return f"{names.model}/data.{extension}"


class Seen:
    """The events of a stream, and what is in its blobs."""

    def __init__(self) -> None:
        self.events: dict[str, list[Event]] = defaultdict(list)

    def __call__(self, event: Event) -> None:
        path = getattr(event, "path", "")
        self.events[path.partition("/")[0]].append(event)

    def of(self, name: str, kind: type[Any]) -> list[Any]:
        return [event for event in self.events[name] if isinstance(event, kind)]


async def run(operation: str, *, landed: bool) -> tuple[Service, Seen, Any]:
    """All answers to one operation; what the service holds then, and what was told."""
    seen = Seen()
    async with Service() as service:
        for answer in ANSWERS:
            name = f"{name_of(answer)}/data.csv"
            service.plan(name, *plans(operation, answer, landed=landed))
        pipeline = Pipeline(
            AzureStore(service.url, container="logs", credential=service.key, read_timeout=5.0),
            layout=ByModel(),
            linger=0.001,
            retry=Retry(base=0.001, cap=0.005, hold=0.002),
            hooks=[seen],
        )
        async with pipeline:
            for answer in ANSWERS:
                collector = pipeline.collector(name_of(answer), feature_names=["x"])
                assert collector.collect(ROWS) is not None
            await pipeline.flush(60)
            stats = pipeline.stats()
    return service, seen, stats


def verdict(name: str, service: Service, seen: Seen) -> str:
    """What has become of the rows of a stream, by what was told and by what is stored."""
    parts = {
        blob.rpartition("/")[2]: data.decode().splitlines()[1:]
        for blob, data in service.blobs.items()
        if blob.startswith(f"{name}/")
    }
    rows = [line.partition(",")[0] for lines in parts.values() for line in lines]
    assert rows == ["0.5", "1.5"], f"{name}: {parts}"
    assert not seen.of(name, Dropped | DeadLettered | PossiblyStored), name  # type: ignore[arg-type]
    (held,) = {event.reason for event in seen.of(name, Held)} or {""}
    if held:
        return HELD
    if seen.of(name, WriterTurnedOwn):
        return OWN
    if seen.of(name, Rolled | BlobReplaced):  # type: ignore[arg-type]
        return NEXT
    appends = [
        len(request.body)
        for request in service.asked
        if request.blob == f"{name}/data.csv" and request.operation == "append"
    ]
    if len(service.containers["logs"].blobs[f"{name}/data.csv"].blocks) == 2:
        assert max(appends) > max(appends[1:])
        return HALVED
    return AGAIN


# What cannot be told apart from outside: the same requests, the same events.
SAME = {BACK: AGAIN, MADE: AGAIN, THERE: AGAIN}


@pytest.mark.parametrize(
    ("operation", "landed"),
    [
        ("open", False),
        ("create", False),
        ("append", False),
        ("doubt", False),
        ("doubt", True),
        ("read", True),
    ],
)
def test_each_answer_is_treated_as_the_table_says(operation: str, landed: bool) -> None:
    """Kept, held with its code, halved or in the next part; never gone, never twice."""
    service, seen, stats = asyncio.run(run(operation, landed=landed))
    assert stats.accepted == stats.stored == 2 * len(ANSWERS)
    found, expected = {}, {}
    for answer in ANSWERS:
        name = name_of(answer)
        word = getattr(answer.treatment, operation)
        expected[name] = SAME.get(word, word)
        found[name] = verdict(name, service, seen)
        for event in seen.of(name, Held):
            # The code is the service's own, and an operator is told what to do.
            assert event.reason == (
                answer.code
                or {407: "ProxyAuthentication"}.get(answer.status, f"HTTP{answer.status}")
            )
            assert known(event.reason) or answer.code == "InventedLater"
            assert explain(event.reason).remedy
    assert found == expected


def test_the_table_is_whole() -> None:
    """Each operation of each answer has one of the words, and none of them is "gone"."""
    words = {HELD, AGAIN, BACK, NEXT, OWN, HALVED, MADE, THERE}
    assert {word for answer in ANSWERS for word in answer.treatment} == words
    assert len({answer[:2] for answer in ANSWERS}) == len(ANSWERS) > 140
    assert OPERATIONS == ("open", "create", "append", "doubt", "read")
