"""What leads a lane back to where it began: each time with a wait that grows, an alarm, a bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aiocollect._core.commands import Append, Create, LaneEvent, Open, Read, Wait, classify
from aiocollect._core.lane import Lane
from aiocollect.errors import (
    BlobFull,
    OffsetMismatch,
    OutcomeUnknown,
    Refusal,
    StoreError,
    StoreRefused,
)
from aiocollect.events import BlobReplaced, Held, Resumed, Retrying
from aiocollect.typing import Appended, Created, Opened, Range
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

FORBIDDEN = StoreRefused(Refusal.CREDENTIAL, "UnauthorizedBlobOverwrite")
MISSING = StoreRefused(Refusal.BLOB_MISSING, "BlobNotFound")
# In a minute, once the first waits have been doubled: with two requests to a wait of at least 7.5 s
# (half of ``hold``), 16; answers that decide nothing come after a wait of 5 s in the middle.
REQUESTS = 24

Answers = Callable[[Any], tuple[LaneEvent, Any]]


def keep_asking(lane: Lane, answers: Answers, seconds: float) -> tuple[list[Any], list[float]]:
    """Let the lane go on for so long, with a store that answers so; returns the events that were
    told, and when each request was made."""
    now, told, asked = 0.0, [], []
    commands = lane.submit(make_batch(DATA))
    while now < seconds:
        told += [c.notice for c in commands if hasattr(c, "notice")]
        if not commands or not lane.busy:
            commands = lane.submit(make_batch(DATA))
            continue
        wanted = commands[-1]
        if isinstance(wanted, Wait):
            now += wanted.seconds
            commands = lane.on(LaneEvent.TIMER, now=now)
            continue
        asked.append(now)
        assert len(asked) < 2000, "a storm"
        commands = lane.on(*answers(wanted), now=now)
    return told, asked


def refuse(wanted: Any, error: StoreError) -> tuple[LaneEvent, Any]:
    return classify(wanted, error), error


def forbidden(wanted: Any) -> tuple[LaneEvent, Any]:
    """Missing to those who look, and creating is refused."""
    return refuse(wanted, MISSING if isinstance(wanted, Open) else FORBIDDEN)


def by_turns(wanted: Any) -> tuple[LaneEvent, Any]:
    """Missing to those who look, and there to those who create."""
    return refuse(wanted, MISSING) if isinstance(wanted, Open) else (LaneEvent.CREATED, False)


class Made:
    """Answers of a store in which each part that is made is there, empty, and then ``refuses``;
    or where it is ``looked`` at, it shows that it is no such blob."""

    def __init__(self, refuses: StoreError, *, looked: StoreError | None = None) -> None:
        self.made: set[str] = set()
        self.refuses = refuses
        self.looked = looked

    def __call__(self, wanted: Any) -> tuple[LaneEvent, Any]:
        match wanted:
            case Create():
                self.made.add(wanted.part)
                return LaneEvent.CREATED, Created("e")
            case Open() if wanted.part not in self.made:
                return refuse(wanted, MISSING)
            case Open() if self.looked is not None:
                return refuse(wanted, self.looked)
            case Open():
                return LaneEvent.OPENED, Opened(0, 0, "c", "e", b"")
            case Read():
                return LaneEvent.RANGE, Range(b"", 0, "e", "c", ended=True)
            case _:
                return refuse(wanted, self.refuses)


def sealed(wanted: Any) -> tuple[LaneEvent, Any]:
    """Every part that there is, is empty and sealed."""
    match wanted:
        case Open():
            return LaneEvent.OPENED, Opened(0, 0, "c", "e", b"")
        case Read():
            return LaneEvent.RANGE, Range(b"", 0, "e", "c", ended=True)
        case _:
            return refuse(wanted, BlobFull("BlobIsSealed"))


def never_matches(wanted: Any) -> tuple[LaneEvent, Any]:
    """Something in between changes the ETags."""
    match wanted:
        case Open():
            return LaneEvent.OPENED, opened(0, blocks=0)
        case Read():
            return LaneEvent.RANGE, Range(b"", 0, "W/e", "made-1")
        case _:
            return refuse(wanted, OffsetMismatch("ConditionNotMet"))


def shorter(wanted: Any) -> tuple[LaneEvent, Any]:
    """The blob reads shorter than what was seen, for ever, with an ETag of then."""
    match wanted:
        case Open():
            return LaneEvent.OPENED, opened(5)
        case Read():
            return LaneEvent.RANGE, Range(b"", 3, "etag-1", "made-1")
        case _:
            return refuse(wanted, MISMATCH)


def old_views(wanted: Any) -> tuple[LaneEvent, Any]:
    """To those who look it is empty, to those who append it is not."""
    match wanted:
        case Open():
            return LaneEvent.OPENED, opened(0, blocks=0)
        case Read():
            return LaneEvent.RANGE, found(HEADER + b"9,q\n", 9)
        case _:
            return refuse(wanted, MISMATCH)


def others(wanted: Any) -> tuple[LaneEvent, Any]:
    """Every part has another header."""
    return LaneEvent.OPENED, opened(50, head=b"other\n")


def too_large(wanted: Any) -> tuple[LaneEvent, Any]:
    """Whatever is sent."""
    if isinstance(wanted, Open):
        return LaneEvent.OPENED, opened(0, blocks=0)
    return refuse(wanted, StoreRefused(Refusal.TOO_LARGE, "HTTP413"))


def lost(wanted: Any) -> tuple[LaneEvent, Any]:
    """No answer."""
    return LaneEvent.UNKNOWN, OutcomeUnknown("CutOff")


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        (forbidden, "UnauthorizedBlobOverwrite"),
        (by_turns, "NotFoundAfterCreate"),
        (Made(BlobFull("BlobIsSealed")), "BlobIsSealed"),
        (sealed, "TooManyParts"),
        (never_matches, "ConditionNotMet"),
        (shorter, "StaleRead"),
        (old_views, "AppendPositionConditionNotMet"),
        (others, "TooManyParts"),
        (too_large, "HTTP413"),
        (Made(MISSING), "replaced"),
        (Made(MISSING, looked=StoreRefused(Refusal.WRONG_TYPE)), "wrong_type"),
        (lost, "CutOff"),
    ],
)
def test_whatever_a_store_answers_for_ever(answers: Answers, code: str) -> None:
    """It is told, it stands in ``held``, and it costs few requests; no row is given up."""
    lane = make_lane()
    told, asked = keep_asking(lane, answers, 600.0)
    assert lane.held == code
    alarms = [event for event in told if isinstance(event, Held | Retrying)]
    assert alarms
    assert len(alarms) < 10
    assert lane.rows == 1
    calm = [moment for moment in asked if moment >= 60.0]
    for moment in calm:
        assert sum(moment <= other < moment + 60 for other in calm) <= REQUESTS
    if isinstance(answers, Made):
        assert len(answers.made) < 60


def test_a_refused_creation_is_looked_into_before_anything_else() -> None:
    """Some credentials hear so about a blob that stands: somebody else was faster."""
    lane = make_lane()
    lane.submit(make_batch(DATA))
    fail(lane, Open(PATH, 5), MISSING)
    assert fail(lane, Create(PATH), FORBIDDEN) == [Open(PATH, len(HEADER))]
    assert lane.held == ""
    assert isinstance(request(lane.on(LaneEvent.OPENED, opened(0, blocks=0))), Append)


def test_what_is_held_is_told_to_work_again() -> None:
    """The alarm ends with the first block that lands."""
    lane = make_lane()
    sent = request(at_position(lane))
    for _ in range(3):
        fail(lane, sent, OutcomeUnknown("CutOff"))
        lane.on(LaneEvent.TIMER)
    assert lane.held == "CutOff"
    resumed, *_ = lane.on(LaneEvent.APPENDED, Appended(58, 2, "etag-2"))
    assert isinstance(resumed.notice, Resumed)  # type: ignore[union-attr]
    assert lane.held == ""


def test_a_long_wish_of_the_store_is_told_at_once() -> None:
    """An hour's silence would be nobody's to understand."""
    lane = make_lane()
    sent = request(at_position(lane))
    told, wait = fail(lane, sent, OutcomeUnknown("ServerBusy", retry_after=600.0))
    assert isinstance(told.notice, Retrying)  # type: ignore[union-attr]
    assert wait == Wait(600.0)


@pytest.mark.parametrize(
    ("etag", "seconds", "replaced"),
    [("etag-1", 500.0, False), ("other", 59.0, False), ("other", 60.0, True)],
)
def test_a_shorter_blob_is_an_old_view_until_it_stands_for_a_minute(
    etag: str, seconds: float, replaced: bool
) -> None:
    """And only with an ETag that is none of ours. Nothing is sent meanwhile."""
    lane = make_lane()
    fail(lane, request(at_position(lane)), MISMATCH)
    for now in (0.0, seconds):
        commands = lane.on(LaneEvent.RANGE, Range(b"", 10, etag, "made-1"), now=now)
        if isinstance(request(commands), Wait):
            assert isinstance(request(lane.on(LaneEvent.TIMER, now=now)), Read)
    events = [c.notice for c in commands if hasattr(c, "notice")]
    assert any(isinstance(event, BlobReplaced) for event in events) == replaced
    assert lane.in_doubt != replaced


def test_behind_an_old_view_the_doubt_ends_as_ever() -> None:
    """The next look shows the append."""
    lane = make_lane()
    fail(lane, request(at_position(lane)), MISMATCH)
    lane.on(LaneEvent.RANGE, Range(b"", 10, "etag-1", "made-1"))
    lane.on(LaneEvent.TIMER)
    lane.on(LaneEvent.RANGE, found(b"\n" + DATA, 58))
    assert not lane.busy


def test_where_looking_is_refused_the_same_again_may_end_the_doubt() -> None:
    """A right to read that was taken away: what did not land before lands now, or waits."""
    lane = make_lane()
    sent = request(at_position(lane))
    fail(lane, sent, MISMATCH)
    fail(lane, Read(PATH, 0, 1), StoreRefused(Refusal.NO_RIGHT, "AuthorizationFailure"))
    assert (lane.held, lane.in_doubt) == ("AuthorizationFailure", True)
    assert lane.on(LaneEvent.TIMER) == [sent]
    lane.on(LaneEvent.APPENDED, Appended(58, 2, "etag-2"))
    assert (lane.held, lane.in_doubt, lane.busy) == ("", False, False)


def test_a_blob_that_was_emptied_and_filled_again_is_looked_at_anew() -> None:
    """Its header may be another one by now."""
    lane = make_lane()
    fail(lane, request(at_position(lane)), MISMATCH)
    lane.on(LaneEvent.RANGE, Range(b"", 10, "other", "made-1"))
    lane.on(LaneEvent.TIMER)
    commands = lane.on(LaneEvent.RANGE, found(b"\n" + b"?" * 8, 80))
    assert request(commands) == Open(PATH, len(HEADER))


# Without the right to read ------------------------------------------------------------------------

OWN = "x/data-00000000aa.csv"
NO_RIGHT = StoreRefused(Refusal.NO_RIGHT, "AuthorizationPermissionMismatch")


def blind() -> Lane:
    lane = make_lane()
    lane.submit(make_batch(DATA))
    assert request(fail(lane, Open(PATH, 5), NO_RIGHT)) == Create(OWN)
    return lane


def test_the_etags_of_creation_and_appends_are_conditions() -> None:
    """A blob that was made anew does not take what was meant for its forerunner."""
    lane = blind()
    sent = request(lane.on(LaneEvent.CREATED, Created("e-0")))
    assert sent == Append(OWN, HEADER + DATA, 0, "e-0")
    lane.on(LaneEvent.APPENDED, Appended(13, 1, "e-1"))
    assert request(lane.submit(make_batch(DATA, first=2))) == Append(OWN, DATA, 13, "e-1")


def test_an_etag_that_moved_says_nothing_and_the_position_decides() -> None:
    """By an attempt of ours, by others' metadata, or because the blob was made anew."""
    lane = blind()
    sent = request(lane.on(LaneEvent.CREATED, Created("e-0")))
    again = request(fail(lane, sent, OffsetMismatch("ConditionNotMet")))
    assert again == Append(OWN, HEADER + DATA, 0, None)
    assert lane.in_doubt
    assert not any(hasattr(c, "outcome") for c in fail(lane, again, OutcomeUnknown()))
    lane.on(LaneEvent.TIMER)
    commands = fail(lane, again, MISMATCH)
    assert commands[0].outcome.value == "stored"  # type: ignore[union-attr]
    assert request(lane.submit(make_batch(DATA, first=2))) == Append(OWN, DATA, 13, None)


@pytest.mark.parametrize("answer", [False, Created("e-9")])
def test_a_part_whose_creation_was_in_doubt_is_left(answer: Created | bool) -> None:
    """One that is still under way would make the blob anew after a deletion, under rows that are
    late."""
    lane = blind()
    lane.on(LaneEvent.UNKNOWN, OutcomeUnknown())
    lane.on(LaneEvent.TIMER)
    assert request(lane.on(LaneEvent.CREATED, answer)) == Create("x/data-00000000aa_1.csv")


def test_a_refused_creation_is_looked_into_by_an_append_that_cannot_land() -> None:
    """Missing: the right to create is. There: its ETag is unknown, so the next part."""
    lane = blind()
    probe = request(fail(lane, Create(OWN), FORBIDDEN))
    assert isinstance(probe, Append)
    assert probe.etag == '"0x0"'
    lane.on(LaneEvent.UNKNOWN, OutcomeUnknown())
    lane.on(LaneEvent.TIMER)
    assert not lane.in_doubt
    commands = fail(lane, probe, OffsetMismatch("ConditionNotMet"))
    assert request(commands) == Create("x/data-00000000aa_1.csv")
    lane = blind()
    fail(lane, request(fail(lane, Create(OWN), FORBIDDEN)), MISSING)
    assert lane.held == "UnauthorizedBlobOverwrite"
    assert lane.on(LaneEvent.TIMER) == [Create(OWN)]


def test_a_right_that_comes_late_is_found() -> None:
    """After ten minutes, or at the next part, it looks whether it may share; if not, it goes on
    where it was."""
    lane = blind()
    lane.on(LaneEvent.CREATED, Created("e-0"), now=0.0)
    lane.on(LaneEvent.APPENDED, Appended(13, 1, "e-1"), now=1.0)
    lane.submit(make_batch(DATA, first=2))
    lane.on(LaneEvent.APPENDED, Appended(21, 2, "e-2"), now=700.0)
    assert lane.submit(make_batch(DATA, first=4)) == [Open(PATH, len(HEADER))]
    commands = fail(lane, Open(PATH, 5), NO_RIGHT)
    assert commands == [Append(OWN, DATA, 21, "e-2")]
    lane.on(LaneEvent.APPENDED, Appended(29, 3, "e-3"), now=1400.0)
    assert lane.submit(make_batch(DATA, first=6)) == [Open(PATH, len(HEADER))]
    resumed, again = lane.on(LaneEvent.OPENED, opened(0, blocks=0))
    assert isinstance(resumed.notice, Resumed)  # type: ignore[union-attr]
    assert again == Append(PATH, HEADER + DATA, 0, "etag-1")
    assert not lane.parts.own


def test_a_blind_block_in_doubt_that_is_too_large_is_held() -> None:
    """Which of two had landed could not be told."""
    lane = blind()
    sent = request(lane.on(LaneEvent.CREATED, Created("e-0")))
    fail(lane, sent, OutcomeUnknown())
    lane.on(LaneEvent.TIMER)
    fail(lane, sent, StoreRefused(Refusal.TOO_LARGE))
    assert lane.held == "too_large"
    assert lane.on(LaneEvent.TIMER) == [sent]
