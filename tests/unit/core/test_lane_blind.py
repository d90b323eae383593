"""The lane without the right to read: own blobs, and what a failed condition proves there."""

from __future__ import annotations

from aiocollect._core.commands import (
    Append,
    Create,
    Finish,
    LaneEvent,
    Note,
    Open,
    Outcome,
    Wait,
)
from aiocollect._core.lane import Lane
from aiocollect._core.states import State
from aiocollect.errors import BlobFull, Refusal, StoreRefused
from aiocollect.events import WriterTurnedOwn
from tests.support.lanes import (
    DATA,
    HEADER,
    MISMATCH,
    PATH,
    fail,
    make_batch,
    make_lane,
    request,
)


def blind_lane() -> Lane:
    lane = make_lane()
    lane.submit(make_batch(DATA))
    commands = fail(lane, Open(PATH, 5), StoreRefused(Refusal.NO_RIGHT))
    assert isinstance(commands[0], Note)
    assert isinstance(commands[0].notice, WriterTurnedOwn)
    assert commands[1:] == [Create("x/data-00000000aa.csv")]
    return lane


def test_a_shared_lane_that_may_not_read_turns_own() -> None:
    """It goes on in a blob of its own, with the position as its only condition."""
    lane = blind_lane()
    sent = request(lane.on(LaneEvent.CREATED, True))
    assert sent == Append("x/data-00000000aa.csv", HEADER + DATA, 0, None)


def test_a_blind_mismatch_landed() -> None:
    """In a blob of our own only our own attempt can have moved the end."""
    lane = blind_lane()
    sent = request(lane.on(LaneEvent.CREATED, True))
    commands = fail(lane, sent, MISMATCH)
    assert isinstance(commands[0], Finish)
    assert commands[0].outcome is Outcome.STORED
    assert request(lane.submit(make_batch(b"3,z\n", first=2))).offset == 13


def test_a_blind_full_blob_stays_a_doubt() -> None:
    """Nobody can say whether it landed: possibly stored, and on to the next part."""
    lane = blind_lane()
    sent = request(lane.on(LaneEvent.CREATED, True))
    commands = fail(lane, sent, BlobFull("BlobIsSealed"))
    assert isinstance(commands[0], Finish)
    assert commands[0].outcome is Outcome.POSSIBLY_STORED
    assert lane.parts.name == "x/data-00000000aa_1.csv"


def test_a_blind_create_over_our_own_blob_goes_on() -> None:
    """A create+add credential hears "no right" about a blob that stands."""
    lane = blind_lane()
    sent = request(fail(lane, Create(PATH), StoreRefused(Refusal.NO_RIGHT)))
    assert isinstance(sent, Append)
    assert sent.offset == 0


def test_a_blind_lane_that_may_not_create_is_held() -> None:
    """It asks an operator, and does not run through part after part."""
    lane = blind_lane()
    sent = request(fail(lane, Create(PATH), StoreRefused(Refusal.NO_RIGHT)))
    commands = fail(lane, sent, StoreRefused(Refusal.BLOB_MISSING))
    assert lane.state is State.HELD
    assert isinstance(request(commands), Wait)
    assert lane.parts.name == "x/data-00000000aa.csv"
