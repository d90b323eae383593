"""The small rooms of the core: accumulator, parts, limits, marks, backoff, unsettled, ids."""

from __future__ import annotations

import uuid
import zlib
from datetime import UTC, datetime

import pytest

from aiocollect._core.accumulator import Accumulator
from aiocollect._core.backoff import Backoff
from aiocollect._core.commands import Append, Create, LaneEvent, Open, Read, classify
from aiocollect._core.ids import HOUR_US, Ids, hour_of_id, timestamp_text
from aiocollect._core.limits import ANYBODY_TAKES, BatchLimits, BlockSizes, PartLimits
from aiocollect._core.marks import Crossing, Marks
from aiocollect._core.parts import Parts
from aiocollect._core.ring import Account
from aiocollect._core.unsettled import Unsettled
from aiocollect._core.verdict import Verdict, judge
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


def limits(max_bytes: int = 10, linger: float = 2.0) -> BatchLimits:
    return BatchLimits(max_bytes=max_bytes, linger=linger, max_blocks=400)


# Accumulator --------------------------------------------------------------------------------------


def test_coalesces_until_full() -> None:
    """Lines are taken as long as they fit; the first always fits; none is split."""
    accumulator = Accumulator(limits(10))
    account = Account(share=100)
    assert accumulator.add([b"aaa\n", b"bbb\n", b"ccc\n"], account=account, now=1.0) == 2
    batch = accumulator.seal(serial=1)
    assert (batch.block.data, batch.block.rows, batch.born) == (b"aaa\nbbb\n", 2, 1.0)
    assert batch.charges == ((account, 8),)
    assert accumulator.add([b"x" * 50 + b"\n"], account=account, now=2.0) == 1
    assert accumulator.add([b"y\n"], account=account, now=2.0) == 0


def test_rows_are_numbered_without_gaps() -> None:
    """The batches of a lane form one sequence, and their CRC is of their bytes."""
    accumulator = Accumulator(limits(100))
    account = Account(share=100)
    spans = []
    for size in (1, 3, 2):
        accumulator.add([b"row\n"] * size, account=account, now=0.0)
        block = accumulator.seal(serial=size).block
        spans.append((block.first, block.last))
        assert block.crc == zlib.crc32(b"row\n" * size)
    assert spans == [(0, 0), (1, 3), (4, 5)]


def test_halves_are_whole_rows_in_order() -> None:
    """Halving to single rows gives back every row and number, in order."""
    accumulator = Accumulator(limits(100))
    lines = [b"a\n", b"bb\n", b"ccc\n", b"dddd\n", b"eeeee\n"]
    accumulator.add(lines, account=Account(share=1), now=0.0)
    todo, done = [accumulator.seal(serial=1).block], []
    while todo:
        block = todo.pop(0)
        if block.rows == 1:
            done.append((block.first, block.data))
        else:
            todo[:0] = block.halve()
    assert done == list(enumerate(lines))


# Limits, marks, backoff ---------------------------------------------------------------------------


def test_linger_stretches_for_slow_streams_only() -> None:
    """Half-empty blocks wait longer the more blocks the path has used; full ones do not."""
    rule = limits(linger=2.0)
    assert rule.deadline(10.0, blocks_used=0, last_fill=0) == 12.0
    assert rule.deadline(10.0, blocks_used=100, last_fill=10) == 14.0
    assert rule.deadline(10.0, blocks_used=100, last_fill=50) == 12.0


def test_sixteen_slow_writers_need_few_parts_a_day() -> None:
    """At the documented limits a day of sixteen idle-ish writers stays within three parts."""
    rule = BatchLimits(max_bytes=1 << 20, linger=2.0, max_blocks=49_000)
    used, now = 0, 0.0
    while now < 86_400:
        now = rule.deadline(now, blocks_used=used, last_fill=1)
        used += 16
    assert used / 49_000 < 3


def test_part_limits() -> None:
    """Full at the block limit and at the size limit, not before."""
    rule = PartLimits(max_blocks=3, max_bytes=100)
    found = [rule.full(length=n, blocks=b) for n, b in ((99, 2), (100, 2), (99, 3))]
    assert found == [False, True, True]


def test_marks_have_hysteresis() -> None:
    """One event above the high mark, one below the low one, none in between."""
    marks = Marks(100)
    found = [marks.update(level) for level in (75, 76, 99, 60, 76, 51, 50, 76, 0)]
    assert [crossing for crossing in found if crossing] == [
        Crossing.HIGH, Crossing.LOW, Crossing.HIGH, Crossing.LOW,
    ]  # fmt: skip
    assert found[1] is Crossing.HIGH
    assert found[6] is Crossing.LOW


def test_backoff_is_full_jitter() -> None:
    """A wait lies between nothing and the doubled bound, and the bound has a cap."""
    backoff = Backoff(base=1.0, cap=5.0, hold=9.0)
    found = [backoff.wait(n, chance) for n, chance in enumerate((0.0, 1.0, 1.0, 1.0))]
    assert found == [0.0, 2.0, 4.0, 5.0]
    assert backoff.wait(0, 1.0) == 1.0
    assert backoff.wait(1, 0.0, at_least=3.0) == 3.0
    # The store's own wish goes beyond the cap, but not for ever.
    assert backoff.wait(2, 0.0, at_least=60.0) == 60.0
    assert backoff.wait(2, 0.0, at_least=1e9) == 3600.0
    assert [backoff.wait(n, 1.0) for n in range(3, 2000)] == [5.0] * 1997


def test_the_wait_of_what_is_held_grows_up_to_hold() -> None:
    """From an eighth, doubled three times; at least half of the bound; the store's wish beyond."""
    backoff = Backoff(base=1.0, cap=5.0, hold=8.0)
    assert [backoff.held(n, 1.0) for n in range(6)] == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert [backoff.held(n, 0.0) for n in range(4)] == [0.5, 1.0, 2.0, 4.0]
    assert [backoff.held(n, 1.0, costly=True) for n in range(2, 7)] == [4, 8, 16, 32, 32]
    assert backoff.held(0, 0.0, at_least=30.0) == 30.0


@pytest.mark.parametrize(
    ("taken", "size", "explained"),
    [
        (0, 500, False),
        (0, ANYBODY_TAKES + 1, True),
        (100, 150, False),
        (100, 201, True),
        (ANYBODY_TAKES, ANYBODY_TAKES + 1, True),
        (2 * ANYBODY_TAKES, ANYBODY_TAKES + 1, False),
    ],
)
def test_whether_its_size_is_why_a_block_is_refused(taken: int, size: int, explained: bool) -> None:
    """A proxy that answers 413 to everything refuses what others took, and what nobody refuses."""
    sizes = BlockSizes()
    sizes.landed(taken)
    assert sizes.explain(size) == explained


# Parts and verdicts -------------------------------------------------------------------------------


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
        (b"\nBODY", 14, "c", Verdict.LANDED),
        (b"\nBODY", 99, "c", Verdict.LANDED),
        (b"\nBODY", 14, "other", Verdict.LANDED),
        (b"\nBODY and more", 99, "c", Verdict.LANDED),
        (b"\nBOD", 13, "c", Verdict.NEVER),
        (b"\nELSE", 14, "c", Verdict.NEVER),
        (b"\n", 10, "c", Verdict.UNDECIDED),
        (b"", 9, "c", Verdict.SHORTER),
        (b"", 9, "other", Verdict.REPLACED),
        (b"\n", 10, "other", Verdict.REPLACED),
        (b"\nELSE", 14, "other", Verdict.REPLACED),
    ],
)
def test_verdicts(data: bytes, length: int, created: str, verdict: Verdict) -> None:
    """The table at the head of states.py, line by line."""
    found = Range(data, length, "e", created)
    assert judge(found, position=10, bodies=[b"BODY"], created="c")[0] is verdict


def test_of_several_attempts_the_longest_is_looked_for_first() -> None:
    """A half begins as the whole does: it landed only where the whole did not."""
    whole, half = b"1\n2\n", b"1\n"
    for data, index in ((b"\n1\n2\n", 1), (b"\n1\n3\n", 0), (b"\n1\n", 0)):
        found = Range(data, 9 + len(data), "e", "c")
        verdict = judge(found, position=10, bodies=[half, whole], created="c")
        assert verdict == (Verdict.LANDED, index)


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


# Unsettled ----------------------------------------------------------------------------------------


def test_a_flush_waits_for_what_was_sealed_before() -> None:
    """Settled up to a number is settled, whatever was sealed after it."""
    unsettled = Unsettled()
    accumulator = Accumulator(limits(100))
    batches = []
    for born in (5.0, 3.0, 9.0):
        accumulator.add([b"r\n"], account=Account(share=1), now=born)
        batches.append(accumulator.seal(serial=unsettled.next_serial()))
        unsettled.add(batches[-1].serial, born=batches[-1].born)
    assert (unsettled.oldest, unsettled.serial, len(unsettled)) == (3.0, 3, 3)
    unsettled.remove(batches[1].serial)
    assert not unsettled.settled(2)
    unsettled.remove(batches[0].serial)
    assert unsettled.settled(2)
    assert not unsettled.settled(3)
    with pytest.raises(KeyError):
        unsettled.remove(batches[0].serial)


# Ids ----------------------------------------------------------------------------------------------


def test_ids_are_uuids_of_version_8_with_their_day() -> None:
    """A well-formed UUIDv8 whose first 48 bits are the scoring time in milliseconds."""
    ids = Ids("a1b2c3d4e5")
    moment = datetime(2018, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    time = round(moment.timestamp() * 1_000_000)
    made = uuid.UUID(ids.id(time))
    assert made.version == 8
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == time // 1000
    days = (moment.date() - datetime(1970, 1, 1).date()).days
    assert hour_of_id(str(made)) == time // HOUR_US == 24 * days + 23


def test_ids_and_times_are_unique() -> None:
    """Also in one microsecond, when the clock goes back, and when the low counter wraps."""
    ids = Ids("a1b2c3d4e5")
    assert len({ids.id(1_700_000_000_000_000 + n % 3) for n in range(70_000)}) == 70_000
    times = [ids.time(now) for now in (10, 10, 5, 11, 100, 99)]
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    "text", ["", "loan-7", "6b0596c8-7424-4176-b414-1509d8bcf593", "x" * 36, "é" * 36]
)
def test_strangers_ids_carry_no_day(text: str) -> None:
    """Only our own ids decide the folder."""
    assert hour_of_id(text) is None


def test_timestamps_have_six_decimals() -> None:
    """Naive UTC, always with microseconds."""
    assert timestamp_text(0) == "1970-01-01T00:00:00.000000"
    assert timestamp_text(1_546_257_600_000_001) == "2018-12-31T12:00:00.000001"
