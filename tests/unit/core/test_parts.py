"""Parts of a path: their names, which one takes rows, and what a look at one says."""

from __future__ import annotations

import pytest

from aiocollect._core.commands import Append, Create, LaneEvent, Open, Read, classify
from aiocollect._core.limits import PartLimits
from aiocollect._core.parts import Parts
from aiocollect._core.verdict import Sighting, judge
from aiocollect.errors import (
    BlobFull,
    OffsetMismatch,
    OutcomeUnknown,
    Refusal,
    StoreBusy,
    StoreError,
    StoreRefused,
)
from aiocollect.typing import Opened, Range


def parts(path: str = "d/data.csv", *, own: bool = False, ordinal: int = 0) -> Parts:
    rule = PartLimits(max_blocks=3, max_bytes=100)
    return Parts(path, header=b"h\n", limits=rule, writer="00000000aa", own=own, ordinal=ordinal)


def test_names_of_parts() -> None:
    """data.csv, data_1.csv …; the writer's id before the number; a second header its ordinal."""
    shared, own, second = parts(), parts(own=True), parts(own=True, ordinal=1)
    assert [shared.name, own.name, second.name] == [
        "d/data.csv", "d/data-00000000aa.csv", "d/data-00000000aa-1.csv",
    ]  # fmt: skip
    for part in (shared, own):
        part.roll()
    assert [shared.name, own.name] == ["d/data_1.csv", "d/data-00000000aa_1.csv"]
    shared.turn(own=True)
    assert shared.name == own.name.replace("_1", "")
    shared.turn(own=False)
    assert shared.name == "d/data_1.csv"


@pytest.mark.parametrize(
    ("length", "blocks", "head", "objection"),
    [
        (0, 0, b"", ""),
        (50, 1, b"h\n", ""),
        (50, 1, b"g\n", "header"),
        (1, 1, b"h", "header"),
        (50, 3, b"h\n", "full"),
        (100, 1, b"h\n", "full"),
    ],
)
def test_which_part_takes_rows(length: int, blocks: int, head: bytes, objection: str) -> None:
    """An empty part is ours; one with another header, or full, is not."""
    assert parts().objection(Opened(length, blocks, "c", "e", head)) == objection


@pytest.mark.parametrize(
    ("data", "length", "created", "verdict"),
    [
        (b"\nBODY", 14, "c", Sighting.LANDED),
        (b"\nBODY", 99, "c", Sighting.LANDED),
        (b"\nBODY", 14, "other", Sighting.LANDED),
        (b"\nBODY and more", 99, "c", Sighting.LANDED),
        (b"\nBOD", 13, "c", Sighting.NEVER),
        (b"\nELSE", 14, "c", Sighting.NEVER),
        (b"\n", 10, "c", Sighting.UNDECIDED),
        (b"", 9, "c", Sighting.SHORTER),
        (b"", 9, "other", Sighting.REPLACED),
        (b"\n", 10, "other", Sighting.REPLACED),
        (b"\nELSE", 14, "other", Sighting.REPLACED),
    ],
)
def test_verdicts(data: bytes, length: int, created: str, verdict: Sighting) -> None:
    """The table at the head of states.py, line by line."""
    found = Range(data, length, "e", created)
    assert judge(found, position=10, bodies=[b"BODY"], created="c")[0] is verdict


def test_of_several_attempts_the_longest_is_looked_for_first() -> None:
    """A half begins as the whole does: it landed only where the whole did not."""
    whole, half = b"1\n2\n", b"1\n"
    for data, index in ((b"\n1\n2\n", 1), (b"\n1\n3\n", 0), (b"\n1\n", 0)):
        found = Range(data, 9 + len(data), "e", "c")
        verdict = judge(found, position=10, bodies=[half, whole], created="c")
        assert verdict == (Sighting.LANDED, index)


@pytest.mark.parametrize(
    ("error", "opening", "creating", "appending", "reading"),
    [
        (OffsetMismatch(), "unknown", "unknown", "mismatch", "unknown"),
        (OutcomeUnknown(), "unknown", "unknown", "unknown", "unknown"),
        (StoreBusy(), "unknown", "unknown", "unknown", "unknown"),
        (BlobFull(), "unknown", "unknown", "full", "unknown"),
        (StoreRefused(Refusal.BLOB_MISSING), "missing", "refused", "missing", "missing"),
        (StoreRefused(Refusal.WRONG_TYPE), "wrong_type", "refused", "wrong_type", "wrong_type"),
        (StoreRefused(Refusal.CONTAINER_MISSING), "refused", "refused", "refused", "refused"),
        (StoreRefused(Refusal.CREDENTIAL), "refused", "refused", "refused", "refused"),
        (StoreRefused(Refusal.LEASED), "refused", "refused", "refused", "refused"),
        (StoreRefused(Refusal.NO_RIGHT), "no_right", "refused", "refused", "refused"),
        (StoreRefused(Refusal.TOO_LARGE), "refused", "refused", "rejected", "refused"),
        (StoreRefused(Refusal.INVALID), "refused", "refused", "refused", "refused"),
        (StoreError("anything"), "unknown", "unknown", "unknown", "unknown"),
    ],
)
def test_errors_become_events(
    error: StoreError, opening: str, creating: str, appending: str, reading: str
) -> None:
    """The error table, whole: what each refusal means to each kind of request."""
    requests = (Open("p", 1), Create("p"), Append("p", b"", 0, None), Read("p", 0, 1))
    found = tuple(classify(request, error) for request in requests)
    assert found == tuple(map(LaneEvent, (opening, creating, appending, reading)))
