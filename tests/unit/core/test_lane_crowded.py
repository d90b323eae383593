"""A part that others append to: the lane looks where it ends before it sends a block in vain."""

from __future__ import annotations

from aiocollect._core.commands import Append, LaneEvent, Open, Read, Wait
from aiocollect._core.lane import Lane
from aiocollect._core.verdict import CROWD
from aiocollect.errors import OutcomeUnknown, Refusal, StoreRefused
from aiocollect.typing import Appended, Range
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
    request,
)

LOOK = Read(PATH, 65, 1 + CROWD)


def beside_others() -> Lane:
    """A lane that has met another writer's block, and has appended behind it: it is idle at 66."""
    lane = make_lane()
    fail(lane, request(at_position(lane)), MISMATCH)
    assert lane.on(LaneEvent.RANGE, found(b"\n9,q\n7,r\n", 58)) == [
        Append(PATH, DATA, 58, "etag-2")
    ]
    lane.on(LaneEvent.APPENDED, Appended(66, 3, "etag-3"))
    assert not lane.busy
    return lane


def test_the_next_block_is_sent_to_where_the_part_ends() -> None:
    """One look in place of an append in vain and the look that follows it."""
    lane = beside_others()
    assert lane.submit(make_batch(DATA, serial=2, first=2)) == [LOOK]
    assert not lane.in_doubt
    commands = lane.on(LaneEvent.RANGE, Range(b"\n9,q\n", 70, "etag-4", "made-1"))
    assert commands == [Append(PATH, DATA, 70, "etag-4")]


def test_a_part_that_nobody_else_writes_to_is_not_looked_at() -> None:
    """One look that finds nothing new is the last one, until a position is wrong again."""
    lane = beside_others()
    lane.submit(make_batch(DATA, serial=2, first=2))
    commands = lane.on(LaneEvent.RANGE, Range(b"\n", 66, "etag-4", "made-1"))
    assert commands == [Append(PATH, DATA, 66, "etag-4")]
    lane.on(LaneEvent.APPENDED, Appended(74, 4, "etag-5"))
    commands = lane.submit(make_batch(DATA, serial=3, first=4))
    assert commands == [Append(PATH, DATA, 74, "etag-5")]


def test_the_line_end_is_looked_for_where_the_look_does_not_show_it() -> None:
    """Others wrote more than a page; and a torn line is left to them."""
    far = 900
    for end, length, last in (
        (b"\n", far, Append(PATH, DATA, far, "etag-2")),
        (b"\n8,q\n", far + 4, Append(PATH, DATA, far + 4, "etag-2")),
        (b"\n8,q\n", far + CROWD, Append(PATH, DATA, far, "etag-2")),  # it is not chased for ever
        (b"7", far, Open("x/data_1.csv", len(HEADER))),
    ):
        lane = beside_others()
        lane.submit(make_batch(DATA, serial=2, first=2))
        assert lane.on(LaneEvent.RANGE, found(b"\n9,q\n", far)) == [Read(PATH, far - 1, 1 + CROWD)]
        assert request(lane.on(LaneEvent.RANGE, found(end, length))) == last
    lane = beside_others()
    lane.submit(make_batch(DATA, serial=2, first=2))
    commands = lane.on(LaneEvent.RANGE, found(b"\n9,q\n7", 71))
    assert request(commands) == Open("x/data_1.csv", len(HEADER))


def test_a_crowd_that_writes_more_than_is_shown_stays_one() -> None:
    """The look for the line end, right after another one, finds nothing new: that says nothing."""
    lane = beside_others()
    lane.submit(make_batch(DATA, serial=2, first=2))
    lane.on(LaneEvent.RANGE, found(b"\n9,q\n", 900))
    lane.on(LaneEvent.RANGE, found(b"\n", 900))
    lane.on(LaneEvent.APPENDED, Appended(908, 5, "etag-5"))
    look = lane.submit(make_batch(DATA, serial=3, first=4))
    assert look == [Read(PATH, 907, 1 + CROWD)]


def test_a_look_without_an_answer_is_repeated() -> None:
    """Nothing is in doubt meanwhile, since nothing was sent."""
    lane = beside_others()
    lane.submit(make_batch(DATA, serial=2, first=2))
    (wait,) = lane.on(LaneEvent.UNKNOWN, OutcomeUnknown())
    assert isinstance(wait, Wait)
    assert not lane.in_doubt
    assert lane.on(LaneEvent.TIMER) == [LOOK]


def test_a_look_that_is_refused_ends_in_an_append() -> None:
    """The right to read was taken away: the append may land nevertheless."""
    lane = beside_others()
    lane.submit(make_batch(DATA, serial=2, first=2))
    refused = StoreRefused(Refusal.NO_RIGHT, "AuthorizationPermissionMismatch")
    lane.on(LaneEvent.REFUSED, refused)
    assert lane.held == "AuthorizationPermissionMismatch"
    assert lane.on(LaneEvent.TIMER) == [Append(PATH, DATA, 66, "etag-3")]


def test_a_part_that_was_replaced_is_left() -> None:
    """As at any other look."""
    lane = beside_others()
    lane.submit(make_batch(DATA, serial=2, first=2))
    commands = lane.on(LaneEvent.RANGE, found(b"\n", 90, created="made-2"))
    assert request(commands) == Open("x/data_1.csv", len(HEADER))
