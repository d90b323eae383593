"""The lane: what each answer of the store makes of a batch, position and part."""

from __future__ import annotations

import pytest

from aiocollect._core.commands import (
    Append,
    Create,
    Finish,
    GiveUp,
    LaneEvent,
    Note,
    Open,
    Outcome,
    Read,
    Release,
    Wait,
)
from aiocollect._core.lane import Lane
from aiocollect._core.limits import BlockSizes, PartLimits
from aiocollect._core.parts import Parts
from aiocollect._core.states import TABLE, State
from aiocollect._core.verdict import CROWD, OVERLOOK
from aiocollect.errors import (
    BlobFull,
    OffsetMismatch,
    OutcomeUnknown,
    Refusal,
    StoreBusy,
    StoreError,
    StoreRefused,
)
from aiocollect.events import BlobReplaced, Held, Resumed, Rolled, Settled
from aiocollect.typing import Appended, Opened, Range
from tests.support.lanes import (
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
    assert lane.on(LaneEvent.CREATED, False) == [Open(PATH, len(HEADER))]
    assert lane.on(LaneEvent.OPENED, opened(0, blocks=0)) == [
        Append(PATH, HEADER + DATA, 0, "etag-1")
    ]
    finish, release = lane.on(LaneEvent.APPENDED, Appended(13, 1, "etag-2"))
    assert isinstance(finish, Finish)
    assert isinstance(finish.notice, Settled)
    assert (finish.outcome, finish.notice.offset, finish.notice.length) == (Outcome.STORED, 5, 8)
    assert isinstance(release, Release)
    assert not lane.busy


def test_batches_follow_one_another_at_the_answered_position() -> None:
    """The next append goes to where the last one ended, with its ETag."""
    lane = make_lane()
    at_position(lane)
    lane.on(LaneEvent.APPENDED, Appended(58, 2, "etag-9"))
    commands = lane.submit(make_batch(b"3,z\n", serial=2, first=2))
    assert commands == [Append(PATH, b"3,z\n", 58, "etag-9")]


def test_a_lane_holds_one_batch() -> None:
    """The others wait before it: a second one is a bug."""
    lane = make_lane()
    at_position(lane)
    with pytest.raises(AssertionError, match="internal error: submit while appending"):
        lane.submit(make_batch(b"3,z\n", serial=2, first=2))


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
    assert lane.on(LaneEvent.TIMER) == [first]


def test_the_wait_grows_and_honours_the_stores_wish() -> None:
    """Waits double up to the cap, and are at least what the store asks for."""
    lane = make_lane()
    sent = request(at_position(lane))
    waits = []
    for _ in range(6):
        waits.append(request(lane.on(LaneEvent.UNKNOWN, OutcomeUnknown(), chance=0.999)).seconds)
        lane.on(LaneEvent.TIMER)
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
        lane.on(LaneEvent.TIMER)
    assert fail(lane, sent, MISMATCH) == [Read(PATH, 49, 9 + OVERLOOK)]
    commands = lane.on(LaneEvent.RANGE, found(b"\n" + DATA, 58))
    assert isinstance(commands[0], Finish)
    assert commands[0].outcome is Outcome.STORED
    assert not lane.in_doubt


def test_a_mismatch_with_a_strangers_bytes_rebases() -> None:
    """Different bytes at our position: it never lands there, so it goes to the end."""
    lane = make_lane()
    sent = request(at_position(lane))
    fail(lane, sent, MISMATCH)
    commands = lane.on(LaneEvent.RANGE, found(b"\n9,q\n7,r\n", 58))
    assert commands == [Append(PATH, DATA, 58, "etag-2")]
    assert not lane.in_doubt


def test_what_others_left_is_continued_only_behind_a_line_end() -> None:
    """Where the range does not show the end, that is looked at; a torn line is left to others."""
    for end, part in ((b"\n", PATH), (b"7", "x/data_1.csv")):
        lane = make_lane()
        fail(lane, request(at_position(lane)), MISMATCH)
        look = lane.on(LaneEvent.RANGE, found(b"\n9,q\n", 5000))
        assert look == [Read(PATH, 4999, 1 + CROWD)]
        lane.on(LaneEvent.RANGE, found(end, 5000))
        assert lane.parts.name == part
    lane = make_lane()
    fail(lane, request(at_position(lane)), MISMATCH)
    commands = lane.on(LaneEvent.RANGE, found(b"\n9,q\n7,", 56))
    assert request(commands) == Open("x/data_1.csv", len(HEADER))


def test_a_landed_append_with_a_strangers_torn_line_behind_it() -> None:
    """It is stored; what comes after it goes to the next part."""
    lane = make_lane()
    fail(lane, request(at_position(lane)), MISMATCH)
    commands = lane.on(LaneEvent.RANGE, found(b"\n" + DATA + b"torn", 62))
    assert isinstance(commands[0], Finish)
    assert lane.parts.name == "x/data_1.csv"


def test_a_part_that_ends_within_a_line_is_passed_by() -> None:
    """Found at the first look, where the part is as short as its header; else at the second."""
    lane = make_lane()
    lane.submit(make_batch(DATA))
    assert lane.on(LaneEvent.OPENED, opened(50)) == [Read(PATH, 49, 1)]
    commands = lane.on(LaneEvent.RANGE, found(b"x", 50))
    assert request(commands) == Open("x/data_1.csv", len(HEADER))
    lane = Lane(
        Parts(
            PATH, header=b"", limits=PartLimits(max_blocks=9, max_bytes=99), writer="w", own=False
        ),
        backoff=lane._data.backoff,
    )
    lane.submit(make_batch(DATA))
    commands = lane.on(LaneEvent.OPENED, Opened(1, 1, "c", "e", b"x"))
    assert request(commands) == Open("x/data_1.csv", 1)


def test_a_common_prefix_is_no_proof() -> None:
    """The whole batch is compared: a blob that ends within it holds somebody else's rows."""
    lane = make_lane()
    fail(lane, request(at_position(lane)), MISMATCH)
    assert request(lane.on(LaneEvent.RANGE, found(b"\n1,x\n", 54))) == Append(
        PATH, DATA, 54, "etag-2"
    )


def test_a_mismatch_at_the_end_is_undecided() -> None:
    """The length still is the position: only the ETag moved, or an attempt is under way."""
    lane = make_lane()
    fail(lane, request(at_position(lane)), OffsetMismatch("ConditionNotMet"))
    (wait,) = lane.on(LaneEvent.RANGE, found(b"\n", 50))
    assert isinstance(wait, Wait)
    assert lane.in_doubt
    assert lane.on(LaneEvent.TIMER) == [Append(PATH, DATA, 50, "etag-2")]


def test_losing_the_header_race_looks_again() -> None:
    """At position 0 a stranger has written a header, and it may not be ours."""
    lane = make_lane()
    lane.submit(make_batch(DATA))
    sent = request(lane.on(LaneEvent.OPENED, opened(0, blocks=0)))
    assert fail(lane, sent, MISMATCH) == [Read(PATH, 0, 13 + OVERLOOK)]
    assert lane.on(LaneEvent.RANGE, found(b"b,id\n5,x\n", 9)) == [Open(PATH, len(HEADER))]
    rolled = lane.on(LaneEvent.OPENED, opened(9, head=b"b,id\n"))
    assert rolled[1:] == [Open("x/data_1.csv", len(HEADER))]


@pytest.mark.parametrize(
    "answer", [found(b"\n" + b"?" * 8, 60, created="made-2"), found(b"", 10, created="made-2")]
)
def test_a_replaced_blob_ends_the_doubt(answer: Range) -> None:
    """Made anew: never the old position, on to the next part."""
    lane = make_lane()
    fail(lane, request(at_position(lane)), MISMATCH)
    notes = lane.on(LaneEvent.RANGE, answer)
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
    assert fail(lane, request(at_position(lane)), BlobFull(code)) == [Read(PATH, 49, 9 + OVERLOOK)]
    assert lane.in_doubt
    (wait,) = lane.on(LaneEvent.RANGE, found(b"\n", 50))  # it may be an old view
    assert isinstance(wait, Wait)
    assert isinstance(request(lane.on(LaneEvent.TIMER)), Read)
    rolled, again = lane.on(LaneEvent.RANGE, found(b"\n", 50)._replace(ended=True))
    assert isinstance(rolled, Note)
    assert rolled.notice == Rolled(path=PATH, part="x/data_1.csv", reason=code)
    assert again == Open("x/data_1.csv", len(HEADER))


def test_the_last_block_of_a_full_blob_landed() -> None:
    """Full, and our bytes are there: settled, and only then rolled."""
    lane = make_lane()
    fail(lane, request(at_position(lane)), BlobFull("BlobIsSealed"))
    commands = lane.on(LaneEvent.RANGE, found(b"\n" + DATA, 58))
    assert isinstance(commands[0], Finish)
    assert lane.parts.name == "x/data_1.csv"
    assert not lane.busy


def test_rolls_by_itself_before_the_limit() -> None:
    """The part that has reached its block limit gets no more."""
    lane = make_lane(max_blocks=2)
    at_position(lane)
    lane.on(LaneEvent.APPENDED, Appended(58, 2, "etag-2"))
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
    lane.on(LaneEvent.OPENED, look)
    assert (lane.parts.name == PATH) == taken


@pytest.mark.parametrize("reason", [Refusal.CREDENTIAL, Refusal.CONTAINER_MISSING, Refusal.LEASED])
def test_what_an_operator_must_mend_is_held(reason: Refusal) -> None:
    """The alarm is given once, nothing is dropped, and it goes on when it works again."""
    lane = make_lane()
    sent = request(at_position(lane))
    alarm, wait = fail(lane, sent, StoreRefused(reason))
    assert isinstance(alarm, Note)
    assert isinstance(alarm.notice, Held)
    assert isinstance(wait, Wait)
    assert lane.held == reason.value
    waits = [wait]
    for _ in range(4):
        assert lane.on(LaneEvent.TIMER) == [sent]
        (wait,) = fail(lane, sent, StoreRefused(reason))
        assert isinstance(wait, Wait)
        waits.append(wait)
    assert [wait.seconds * 8 / 15 / 0.75 for wait in waits] == [1, 2, 4, 8, 8]
    lane.on(LaneEvent.TIMER)
    resumed, *_ = lane.on(LaneEvent.APPENDED, Appended(58, 2, "etag-2"))
    assert isinstance(resumed, Note)
    assert isinstance(resumed.notice, Resumed)
    assert lane.held == ""


# Closing, and the table ---------------------------------------------------------------------------


TOO_LARGE = StoreRefused(Refusal.TOO_LARGE)


def halved() -> Lane:
    """The first half of a batch of two rows is on its way; the batch was too large."""
    lane = make_lane()
    fail(lane, request(at_position(lane)), TOO_LARGE)
    return lane


@pytest.mark.parametrize(
    ("kept", "outcomes"),
    [
        (False, [Outcome.POSSIBLY_STORED, Outcome.DROPPED]),
        (None, [Outcome.POSSIBLY_STORED, Outcome.POSSIBLY_STORED]),
        (True, [Outcome.SPOOLED, Outcome.SPOOLED]),
    ],
)
def test_giving_up_tells_doubt_from_loss(kept: bool | None, outcomes: list[Outcome]) -> None:
    """The block in doubt is possibly stored, and what was never sent is dropped; unless both are in
    the spool, or may be: then another process may send them."""
    lane = halved()
    fail(lane, Append(PATH, b"1,x\n", 50, "etag-1"), OutcomeUnknown())
    left = lane.on(LaneEvent.GIVE_UP, GiveUp("closed", lambda _: kept))
    ends = [command for command in left if isinstance(command, Finish)]
    assert [(end.outcome, end.rows) for end in ends] == [(outcome, 1) for outcome in outcomes]
    assert isinstance(left[-1], Release)
    assert (lane.rows, lane.busy) == (0, False)


def test_rows_are_counted_until_they_are_final() -> None:
    """What a lane holds is what is neither stored nor given up."""
    lane = halved()
    assert lane.rows == 2
    lane.on(LaneEvent.APPENDED, Appended(54, 2, "e"))
    assert lane.rows == 1
    lane.on(LaneEvent.APPENDED, Appended(58, 3, "f"))
    assert lane.rows == 0


def test_an_alarm_ends_when_nothing_waits() -> None:
    """A lane that has lost its batch keeps its alarm for the next one; with none, it ends."""
    sizes = BlockSizes()
    sizes.landed(1)
    lane = make_lane(sizes=sizes)
    look = request(lane.submit(make_batch(b"1,x\n")))
    for _ in range(3):
        fail(lane, look, OutcomeUnknown("Lost"))
        lane.on(LaneEvent.TIMER)
    lane.on(LaneEvent.OPENED, opened(50))
    fail(lane, request(lane.on(LaneEvent.RANGE, found(b"\n", 50))), TOO_LARGE)
    assert (lane.state, lane.held) == (State.IDLE, "Lost")
    assert lane.on(LaneEvent.REST) == [Note(Resumed(path=PATH, part=PATH))]
    assert lane.held == ""
    assert lane.on(LaneEvent.REST) == []


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", LaneEvent)
def test_an_illegal_pair_is_our_bug(state: State, event: LaneEvent) -> None:
    """A pair that the table does not have says so at once."""
    if (state, event) in TABLE:
        return
    lane = make_lane()
    lane._data.state = state
    with pytest.raises(AssertionError, match="internal error"):
        lane.on(event)


def test_an_illegal_next_state_is_our_bug() -> None:
    """A step that leads where the table does not say is named: here, a batch that is none."""
    with pytest.raises(AssertionError, match="internal error: submit has led from idle to idle"):
        make_lane().on(LaneEvent.SUBMIT)


def test_the_table_leads_everywhere_and_ends_in_closed_alone() -> None:
    """Each state is reached from others, and all but CLOSED are left again."""
    assert {state for state, _ in TABLE} == set(State) - {State.CLOSED}
    for state in State:
        assert any(state in step.next for (source, _), step in TABLE.items() if source != state)
