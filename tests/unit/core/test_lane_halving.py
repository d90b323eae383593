"""Blocks that are refused: halved down to the row whose fault it is, also in doubt."""

from __future__ import annotations

import pytest

from aiocollect._core.commands import (
    Append,
    Finish,
    GiveUp,
    LaneEvent,
    Note,
    Outcome,
    Read,
    Release,
    Wait,
)
from aiocollect._core.lane import Lane
from aiocollect._core.limits import ANYBODY_TAKES, BlockSizes
from aiocollect._core.states import State
from aiocollect._core.verdict import OVERLOOK
from aiocollect.errors import (
    OutcomeUnknown,
    Refusal,
    StoreRefused,
)
from aiocollect.events import Settled
from aiocollect.typing import Appended, Range
from tests.support.lanes import (
    DATA,
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


def test_a_refused_block_is_halved_to_the_culprit() -> None:
    """413: halves, in order, until the row that is too large stands alone."""
    lane = make_lane()
    lane.submit(make_batch(b"1,x\n", b"2,%s\n" % (b"y" * 9), b"3,z\n"))
    lane.on(LaneEvent.OPENED, opened(50))
    sent = request(lane.on(LaneEvent.RANGE, found(b"\n", 50)))
    ends: list[tuple[Outcome, int, int]] = []
    position = 50
    while isinstance(sent, Append):
        if b"yyy" in sent.data:
            commands = fail(lane, sent, StoreRefused(Refusal.TOO_LARGE))
        else:
            position += len(sent.data)
            commands = lane.on(LaneEvent.APPENDED, Appended(position, 2, "etag-2"))
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


TOO_LARGE = StoreRefused(Refusal.TOO_LARGE)


def halved_in_doubt() -> Lane:
    """The whole may have landed, was refused for its size since, and its half is on its way."""
    lane = make_lane()
    sent = request(at_position(lane))
    fail(lane, sent, OutcomeUnknown())
    lane.on(LaneEvent.TIMER)
    assert fail(lane, sent, TOO_LARGE) == [Append(PATH, b"1,x\n", 50, "etag-1")]
    assert lane.in_doubt
    assert lane.under_way == (0, 2)
    return lane


@pytest.mark.parametrize(
    ("answer", "stored", "next_"),
    [
        (found(b"\n" + DATA, 58), [(0, 1, 50), (1, 1, 54)], None),
        (found(b"\n1,x\n", 54), [(0, 1, 50)], Append(PATH, b"2,y\n", 54, "etag-2")),
        (found(b"\n1,x\n9,z\n", 58), [(0, 1, 50)], Append(PATH, b"2,y\n", 58, "etag-2")),
        (found(b"\n9,z\n", 54), [], Append(PATH, b"1,x\n", 54, "etag-2")),
    ],
)
def test_a_block_in_doubt_is_halved_and_both_are_looked_for(
    answer: Range, stored: list[tuple[int, int, int]], next_: Append | None
) -> None:
    """At one position one of them lands: the longest that stands there is the one."""
    lane = halved_in_doubt()
    commands = fail(lane, Append(PATH, b"1,x\n", 50, "etag-1"), MISMATCH)
    assert commands == [Read(PATH, 49, 9 + OVERLOOK)]
    commands = lane.on(LaneEvent.RANGE, answer)
    ends = [c.notice for c in commands if isinstance(c, Finish) and isinstance(c.notice, Settled)]
    assert [(end.first, end.rows, end.offset) for end in ends] == stored
    assert [c for c in commands if isinstance(c, Append)] == ([next_] if next_ else [])


def test_the_half_lands_so_the_whole_never_does() -> None:
    """Its answer ends the doubt of both."""
    lane = halved_in_doubt()
    commands = lane.on(LaneEvent.APPENDED, Appended(54, 2, "etag-2"))
    assert request(commands) == Append(PATH, b"2,y\n", 54, "etag-2")
    assert not lane.in_doubt


def test_given_up_in_doubt_after_halving_all_of_it_is_possibly_stored() -> None:
    """The whole may have landed, not only the half."""
    lane = halved_in_doubt()
    ends = [c for c in lane.on(LaneEvent.GIVE_UP, GiveUp("closed")) if isinstance(c, Finish)]
    assert [end.outcome for end in ends] == [Outcome.POSSIBLY_STORED] * 2


def test_a_lone_row_in_doubt_that_is_too_large_is_looked_for() -> None:
    """Nothing smaller can be sent: held, with a wait that grows, until a look ends the doubt."""
    lane = make_lane()
    lane.submit(make_batch(b"1,%s\n" % (b"x" * ANYBODY_TAKES)))
    lane.on(LaneEvent.OPENED, opened(50))
    sent = request(lane.on(LaneEvent.RANGE, found(b"\n", 50)))
    fail(lane, sent, OutcomeUnknown())
    lane.on(LaneEvent.TIMER)
    fail(lane, sent, TOO_LARGE)
    assert (lane.state, lane.held) == (State.HELD, "too_large")
    assert isinstance(request(lane.on(LaneEvent.TIMER)), Read)
    (again,) = lane.on(LaneEvent.RANGE, found(b"\n9,q\n", 54))
    commands = fail(lane, again, TOO_LARGE)
    assert isinstance(commands[0], Finish)
    assert commands[0].outcome is Outcome.DEAD_LETTERED


def test_where_the_smallest_block_is_too_large_it_is_no_rows_fault() -> None:
    """Held, not dead-lettered: until smaller ones are taken, and none as large ever was."""
    for taken, outcome in ((0, None), (4, None), (2, None), (1, Outcome.DEAD_LETTERED)):
        sizes = BlockSizes()
        sizes.landed(taken)
        lane = make_lane(sizes=sizes)
        lane.submit(make_batch(b"1,x\n"))
        lane.on(LaneEvent.OPENED, opened(50))
        sent = request(lane.on(LaneEvent.RANGE, found(b"\n", 50)))
        first, *_ = fail(lane, sent, TOO_LARGE)
        assert (first.outcome if isinstance(first, Finish) else None) is outcome
        if outcome is None:
            assert lane.held == "too_large"
            assert lane.on(LaneEvent.TIMER) == [sent]


@pytest.mark.parametrize("status", ["AccountRequiresHttps", "InvalidHeaderValue", "Whatever"])
def test_only_the_size_of_a_block_is_a_rows_fault(status: str) -> None:
    """Every other definite refusal holds the path, and loses nothing."""
    lane = make_lane()
    sent = request(at_position(lane))
    alarm, wait = fail(lane, sent, StoreRefused(Refusal.INVALID, status))
    assert isinstance(alarm, Note)
    assert isinstance(wait, Wait)
    assert lane.held == status
    assert lane.on(LaneEvent.TIMER) == [sent]
