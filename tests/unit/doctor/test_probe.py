"""What is tried on a store, in virtual time: each step, its faults, its limit, and what is left."""

from __future__ import annotations

from typing import Any

import pytest

from aiocollect import MemoryStore, Pipeline
from aiocollect.doctor.facts import ProbeFacts
from aiocollect.doctor.gathering.probe import look, path_of, probe
from aiocollect.testing import Fault, FaultKind, Operation, VirtualLoop, run_virtual

PATH = path_of("a/B/c", "d e")
LIMIT = 5.0


def tried(store: Any) -> tuple[ProbeFacts, float]:
    """The facts, and the seconds that it took."""

    async def main(loop: VirtualLoop) -> tuple[ProbeFacts, float]:
        begin = loop.time()
        return await probe(store, PATH, limit=LIMIT), loop.time() - begin

    return run_virtual(main)


def outcomes(facts: ProbeFacts) -> dict[str, str]:
    """The outcome of each step that was tried."""
    names = ("open", "create", "append", "misplaced", "read_back", "list", "delete")
    return {name: step.outcome for name in names if (step := getattr(facts, name)) is not None}


def at(operation: Operation, kind: FaultKind) -> MemoryStore:
    """A store where each request of a kind has this fault."""
    return MemoryStore(faults=lambda asked, _: Fault(kind) if asked is operation else None)


WELL = {
    "open": "refused",
    "create": "done",
    "append": "done",
    "misplaced": "mismatch",
    "read_back": "done",
    "list": "done",
    "delete": "done",
}


def test_where_the_blob_is() -> None:
    """Where rows go, so that what may write rows may write it; a reader passes over its name."""
    assert PATH == "a/b/c/d~20e/_aiocollect/doctor.csv"


def test_all_is_well() -> None:
    """Eight appends, of which the time is taken, and nothing is left."""
    store = MemoryStore(latency=0.02)
    facts, _ = tried(store)
    assert outcomes(facts) == WELL
    assert facts.latencies == pytest.approx([0.02] * 8)
    assert not facts.left
    assert store.blobs == {}


def test_a_store_that_may_not_be_read() -> None:
    """It is written to all the same, by what its own appends have answered."""
    facts, _ = tried(MemoryStore(readable=False))
    assert outcomes(facts) == {**WELL, "read_back": "refused", "list": "refused"}
    assert facts.open is not None
    assert facts.open.reason == "no_right"


def test_the_blob_of_an_earlier_run() -> None:
    """It is appended to, at its end, and what is read back is what was appended now."""
    store = at(Operation.DELETE, FaultKind.NO_RIGHT)
    first, _ = tried(store)
    length = len(store.blobs[PATH])
    second, _ = tried(store)
    assert first.left
    assert second.left
    assert not first.left_before
    assert second.left_before
    assert outcomes(second) == {**WELL, "open": "done", "create": "exists", "delete": "refused"}
    assert len(store.blobs[PATH]) == 2 * length


@pytest.mark.parametrize("operation", [Operation.OPEN, Operation.CREATE, Operation.APPEND])
def test_a_request_that_hangs(operation: Operation) -> None:
    """It ends with its limit, and is told as late; the whole takes no more than a few of them."""
    facts, seconds = tried(at(operation, FaultKind.HANG))
    step = getattr(facts, operation.value)
    assert (step.outcome, step.code) == ("late", "ReadTimeout")
    assert step.seconds == pytest.approx(LIMIT)
    assert seconds < 3 * LIMIT


@pytest.mark.parametrize(
    ("kind", "tells"),
    [
        (FaultKind.CREDENTIAL, ("refused", "AuthenticationFailed")),
        (FaultKind.CONTAINER, ("refused", "ContainerNotFound")),
        (FaultKind.BUSY, ("unknown", "ServerBusy")),
    ],
)
def test_nothing_is_written_where_nothing_can_be_opened(
    kind: FaultKind, tells: tuple[str, str]
) -> None:
    """The first answer is the only one."""
    facts, _ = tried(at(Operation.OPEN, kind))
    assert facts.open is not None
    assert (facts.open.outcome, facts.open.code) == tells
    assert set(outcomes(facts)) == {"open"}


def test_a_policy_that_forbids_appends() -> None:
    """The blob was made, and is deleted again."""
    facts, _ = tried(at(Operation.APPEND, FaultKind.IMMUTABLE))
    assert facts.append is not None
    assert facts.append.code == "BlobImmutableDueToPolicy"
    assert not facts.left


class Careless(MemoryStore):
    """It does not look at the position."""

    async def append(self, path: str, data: bytes, *, offset: int, etag: str | None = None) -> Any:
        length = len(self._blobs[path].data)
        return await super().append(path, data, offset=length, etag=etag)


class Forgetful(MemoryStore):
    """It gives back other bytes."""

    async def read(self, path: str, *, offset: int, length: int) -> Any:
        found = await super().read(path, offset=offset, length=length)
        return found._replace(data=bytes(reversed(found.data)))


def test_stores_that_do_not_keep_their_word() -> None:
    """A wrong position that is stored, and bytes that are not those that were appended."""
    assert outcomes(tried(Careless())[0])["misplaced"] == "done"
    assert outcomes(tried(Forgetful())[0])["read_back"] == "different"


def test_a_look_changes_nothing() -> None:
    """Open and list alone."""
    store = MemoryStore()

    async def main(_: VirtualLoop) -> ProbeFacts:
        return await look(store, PATH, limit=LIMIT)

    assert outcomes(run_virtual(main)) == {"open": "refused", "list": "done"}
    assert store.blobs == {}


def test_readers_pass_over_it() -> None:
    """A blob that is left is in no stream, whatever names these have."""
    store = at(Operation.DELETE, FaultKind.NO_RIGHT)

    async def main(_: VirtualLoop) -> None:
        await probe(store, path_of("default/default/default", "default"), limit=LIMIT)

    run_virtual(main)
    from aiocollect import streams

    assert len(store.blobs) == 1
    assert list(streams(store)) == []
    assert Pipeline(store).stats().accepted == 0
