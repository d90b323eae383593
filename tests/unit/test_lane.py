"""The lane: what each answer of the store makes of a batch, position and part."""

from __future__ import annotations

import pytest

from aiocollect import (
    BlobFull,
    OffsetMismatch,
    OutcomeUnknown,
    Refusal,
    StoreBusy,
    StoreError,
    StoreRefused,
)
from aiocollect._core.commands import (
    Append,
    Create,
    Event,
    Finish,
    Note,
    Open,
    Outcome,
    Read,
    Release,
    Wait,
)
from aiocollect._core.lane import Lane
from aiocollect._core.states import TABLE, State
from aiocollect.records import BlobReplaced, Held, Resumed, Rolled, Settled
from aiocollect.typing import Appended, Opened, Range
from tests.lanes import (
    DATA,
    HEADER,
    MISMATCH,
    PATH,
    at_position,
    fail,
    found,
    make_batch,
    make_lane,
    opened,
    request,
)


def test_a_missing_part_is_created_looked_at_and_begun_with_the_header() -> None:
    """Open, create, open again, and the header goes with the first rows in one block at 0."""
    lane = make_lane()
    assert lane.submit(make_batch(DATA)) == [Open(PATH, len(HEADER))]
    missing = StoreRefused(Refusal.BLOB_MISSING)
    assert fail(lane, Open(PATH, 5), missing) == [Create(PATH)]
    assert lane.on(Event.CREATED, False) == [Open(PATH, len(HEADER))]
    assert lane.on(Event.OPENED, opened(0, blocks=0)) == [Append(PATH, HEADER + DATA, 0, "etag-1")]
    finish, release = lane.on(Event.APPENDED, Appended(13, 1, "etag-2"))
    assert isinstance(finish, Finish)
    assert isinstance(finish.notice, Settled)
    assert (finish.outcome, finish.notice.offset, finish.notice.length) == (Outcome.STORED, 5, 8)
    assert isinstance(release, Release)
    assert not lane.busy


def test_batches_follow_one_another_at_the_answered_position() -> None:
    """The next append goes to where the last one ended, with its ETag."""
    lane = make_lane()
    at_position(lane)
    assert lane.submit(make_batch(b"3,z\n", serial=2, first=2)) == []
    commands = lane.on(Event.APPENDED, Appended(58, 2, "etag-9"))
    assert request(commands) == Append(PATH, b"3,z\n", 58, "etag-9")


@pytest.mark.parametrize(
    "error",
    [
        OutcomeUnknown("ConnectionReset"),
        OutcomeUnknown("OperationTimedOut"),
        StoreBusy("ServerBusy"),
        StoreBusy("BlobModifiedWhileReading"),
    ],
)
def test_no_answer_means_the_same_again(error: StoreError) -> None:
    """Whatever does not decide sends the same bytes to the same position, after a wait."""
    lane = make_lane()
    first = request(at_position(lane))
    waited = fail(lane, first, error)
    assert waited == [Wait(0.5)]
    assert lane.in_doubt
    assert lane.on(Event.TIMER) == [first]


def test_the_wait_grows_and_honours_the_stores_wish() -> None:
    """Waits double up to the cap, and are at least what the store asks for."""
    lane = make_lane()
    sent = request(at_position(lane))
    waits = []
    for _ in range(6):
        waits.append(request(lane.on(Event.UNKNOWN, OutcomeUnknown(), chance=0.999)).seconds)
        lane.on(Event.TIMER)
    assert waits == pytest.approx([0.999, 1.998, 3.996, 7.992, 7.992, 7.992])
    lane = make_lane()
    at_position(lane)
    assert fail(lane, sent, StoreBusy("ServerBusy", retry_after=3.0)) == [Wait(3.0)]


@pytest.mark.parametrize("attempts", [0, 1])
def test_a_mismatch_with_our_bytes_landed(attempts: int) -> None:
    """Also on the first attempt: something in between may have sent it twice."""
    lane = make_lane()
    sent = request(at_position(lane))
    for _ in range(attempts):
        fail(lane, sent, OutcomeUnknown())
        lane.on(Event.TIMER)
    assert fail(lane, sent, MISMATCH) == [Read(PATH, 49, 9)]
    commands = lane.on(Event.RANGE, found(b"\n" + DATA, 58))
    assert isinstance(commands[0], Finish)
    assert commands[0].outcome is Outcome.STORED
    assert not lane.in_doubt


def test_a_mismatch_with_a_strangers_bytes_rebases() -> None:
    """Different bytes at our position: it never lands there, so it goes to the end."""
    lane = make_lane()
    sent = request(at_position(lane))
    fail(lane, sent, MISMATCH)
    commands = lane.on(Event.RANGE, found(b"\n9,q\n7,", 70))
    assert commands == [Append(PATH, DATA, 70, "etag-2")]
    assert not lane.in_doubt


def test_a_common_prefix_is_no_proof() -> None:
    """The whole batch is compared: a blob that ends within it holds somebody else's rows."""
    lane = make_lane()
    fail(lane, request(at_position(lane)), MISMATCH)
    assert request(lane.on(Event.RANGE, found(b"\n1,x\n", 54))) == Append(PATH, DATA, 54, "etag-2")


def test_a_mismatch_at_the_end_is_undecided() -> None:
    """The length still is the position: only the ETag moved, or an attempt is under way."""
    lane = make_lane()
    fail(lane, request(at_position(lane)), OffsetMismatch("ConditionNotMet"))
    (wait,) = lane.on(Event.RANGE, found(b"\n", 50))
    assert isinstance(wait, Wait)
    assert lane.in_doubt
    assert lane.on(Event.TIMER) == [Append(PATH, DATA, 50, "etag-2")]


def test_losing_the_header_race_looks_again() -> None:
    """At position 0 a stranger has written a header, and it may not be ours."""
    lane = make_lane()
    lane.submit(make_batch(DATA))
    sent = request(lane.on(Event.OPENED, opened(0, blocks=0)))
    assert fail(lane, sent, MISMATCH) == [Read(PATH, 0, 13)]
    assert lane.on(Event.RANGE, found(b"b,id\n5,x\n", 9)) == [Open(PATH, len(HEADER))]
    rolled = lane.on(Event.OPENED, opened(9, head=b"b,id\n"))
    assert rolled[1:] == [Open("x/data_1.csv", len(HEADER))]


@pytest.mark.parametrize(
    "answer", [found(b"\n" + b"?" * 8, 60, created="made-2"), found(b"", 10), found(b"", 49)]
)
def test_a_replaced_blob_ends_the_doubt(answer: Range) -> None:
    """Made anew, or shorter than our position: never the old position, on to the next part."""
    lane = make_lane()
    fail(lane, request(at_position(lane)), MISMATCH)
    notes = lane.on(Event.RANGE, answer)
    assert [type(note.notice) for note in notes if isinstance(note, Note)] == [BlobReplaced, Rolled]
    assert request(notes) == Open("x/data_1.csv", len(HEADER))
    assert not lane.in_doubt


@pytest.mark.parametrize("reason", [Refusal.BLOB_MISSING, Refusal.WRONG_TYPE])
def test_a_deleted_or_retyped_blob_is_left(reason: Refusal) -> None:
    """The rows go to the next part, not into a blob of the old name."""
    lane = make_lane()
    commands = fail(lane, request(at_position(lane)), StoreRefused(reason))
    assert request(commands) == Open("x/data_1.csv", len(HEADER))


@pytest.mark.parametrize("code", ["BlockCountExceedsLimit", "BlobIsSealed", "MaxBlobSize"])
def test_a_full_blob_is_read_back_before_rolling(code: str) -> None:
    """Full is a doubt as well: an earlier attempt may have been the last block."""
    lane = make_lane()
    assert fail(lane, request(at_position(lane)), BlobFull(code)) == [Read(PATH, 49, 9)]
    assert lane.in_doubt
    rolled, again = lane.on(Event.RANGE, found(b"\n", 50))
    assert isinstance(rolled, Note)
    assert rolled.notice == Rolled(path=PATH, part="x/data_1.csv", reason=code)
    assert again == Open("x/data_1.csv", len(HEADER))


def test_the_last_block_of_a_full_blob_landed() -> None:
    """Full, and our bytes are there: settled, and only then rolled."""
    lane = make_lane()
    fail(lane, request(at_position(lane)), BlobFull("BlobIsSealed"))
    commands = lane.on(Event.RANGE, found(b"\n" + DATA, 58))
    assert isinstance(commands[0], Finish)
    assert lane.parts.name == "x/data_1.csv"
    assert not lane.busy


def test_rolls_by_itself_before_the_limit() -> None:
    """The part that has reached its block limit gets no more."""
    lane = make_lane(max_blocks=2)
    at_position(lane)
    lane.on(Event.APPENDED, Appended(58, 2, "etag-2"))
    assert lane.parts.name == "x/data_1.csv"


@pytest.mark.parametrize(
    ("look", "taken"),
    [
        (opened(0, blocks=0), True),
        (opened(40), True),
        (opened(40, head=b"other\n"), False),
        (opened(40, blocks=100), False),
        (opened(1000), False),
    ],
)
def test_which_part_is_ours(look: Opened, taken: bool) -> None:
    """Empty or with exactly our header, and neither full of blocks nor of bytes."""
    lane = make_lane()
    lane.submit(make_batch(DATA))
    assert isinstance(request(lane.on(Event.OPENED, look)), Append) == taken


@pytest.mark.parametrize("reason", [Refusal.CREDENTIAL, Refusal.CONTAINER_MISSING, Refusal.LEASED])
def test_what_an_operator_must_mend_is_held(reason: Refusal) -> None:
    """The alarm is given once, nothing is dropped, and it goes on when it works again."""
    lane = make_lane()
    sent = request(at_position(lane))
    alarm, wait = fail(lane, sent, StoreRefused(reason))
    assert isinstance(alarm, Note)
    assert isinstance(alarm.notice, Held)
    assert wait == Wait(15.0)
    assert lane.held == reason.value
    assert lane.on(Event.TIMER) == [sent]
    assert fail(lane, sent, StoreRefused(reason)) == [Wait(15.0)]
    lane.on(Event.TIMER)
    resumed, *_ = lane.on(Event.APPENDED, Appended(58, 2, "etag-2"))
    assert isinstance(resumed, Note)
    assert isinstance(resumed.notice, Resumed)
    assert lane.held == ""


def test_a_refused_block_is_halved_to_the_culprit() -> None:
    """413: halves, in order, until the row that is too large stands alone."""
    lane = make_lane()
    lane.submit(make_batch(b"1,x\n", b"2,yyyyyyy\n", b"3,z\n"))
    sent = request(lane.on(Event.OPENED, opened(50)))
    ends: list[tuple[Outcome, int, int]] = []
    position = 50
    while isinstance(sent, Append):
        if b"yyy" in sent.data:
            commands = fail(lane, sent, StoreRefused(Refusal.TOO_LARGE))
        else:
            position += len(sent.data)
            commands = lane.on(Event.APPENDED, Appended(position, 2, "etag-2"))
        ends += [
            (command.outcome, command.notice.first, command.rows)  # type: ignore[union-attr]
            for command in commands
            if isinstance(command, Finish)
        ]
        sent = request(commands)
    assert ends == [
        (Outcome.STORED, 0, 1),
        (Outcome.DEAD_LETTERED, 1, 1),
        (Outcome.STORED, 2, 1),
    ]
    assert isinstance(sent, Release)


def test_a_refused_block_in_doubt_keeps_its_bytes() -> None:
    """An earlier attempt may still land, so nothing is halved."""
    lane = make_lane()
    sent = request(at_position(lane))
    fail(lane, sent, OutcomeUnknown())
    lane.on(Event.TIMER)
    (wait,) = fail(lane, sent, StoreRefused(Refusal.TOO_LARGE))
    assert isinstance(wait, Wait)
    assert lane.on(Event.TIMER) == [sent]


# Closing, and the table ---------------------------------------------------------------------------


def test_giving_up_tells_doubt_from_loss() -> None:
    """The block in doubt is possibly stored; what was never sent is dropped."""
    lane = make_lane()
    sent = request(at_position(lane))
    lane.submit(make_batch(b"3,z\n", serial=2, first=2))
    fail(lane, sent, OutcomeUnknown())
    ends = [c for c in lane.on(Event.GIVE_UP, reason="closed") if isinstance(c, Finish)]
    assert [(end.outcome, end.rows) for end in ends] == [
        (Outcome.POSSIBLY_STORED, 2),
        (Outcome.DROPPED, 1),
    ]
    assert lane.out.rows == 0


def test_rows_are_counted_until_they_are_final() -> None:
    """What a lane holds is what is neither stored nor given up."""
    lane = make_lane()
    at_position(lane)
    lane.submit(make_batch(b"3,z\n", first=2))
    assert lane.out.rows == 3
    lane.on(Event.APPENDED, Appended(58, 2, "e"))
    assert lane.out.rows == 1


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_an_illegal_pair_is_our_bug(state: State, event: Event) -> None:
    """A pair that the table does not have says so at once."""
    if (state, event) in TABLE:
        return
    lane = make_lane()
    lane.state = state
    with pytest.raises(AssertionError, match="our bug"):
        lane.on(event)


def test_every_pair_of_the_table_has_its_method() -> None:
    """The table names methods: all of them are there, and no state but CLOSED is a dead end."""
    assert all(callable(getattr(Lane, name)) for name in TABLE.values())
    assert {state for state, _ in TABLE} == set(State) - {State.CLOSED}
