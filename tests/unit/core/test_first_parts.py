"""How many requests a new path costs: what one lane has learned the next ones begin with."""

from __future__ import annotations

from aiocollect._core.backoff import Backoff
from aiocollect._core.commands import Append, Create, LaneEvent, Open
from aiocollect._core.first_parts import FirstParts
from aiocollect._core.lane import Lane
from aiocollect._core.limits import PartLimits
from aiocollect._core.parts import Parts
from aiocollect.errors import Refusal, StoreRefused
from tests.support.lanes import DATA, HEADER, fail, make_batch, opened, request

MISSING = StoreRefused(Refusal.BLOB_MISSING)


def lane_on(path: str, firsts: FirstParts) -> Lane:
    """A lane of a store about whose paths ``firsts`` tells."""
    parts = Parts(
        path,
        header=HEADER,
        limits=PartLimits(max_blocks=100, max_bytes=1000),
        writer="00000000aa",
        own=False,
    )
    return Lane(parts, backoff=Backoff(base=1.0, cap=8.0, hold=15.0), firsts=firsts)


def begin(path: str, firsts: FirstParts) -> tuple[Lane, object]:
    """A lane with a batch, and its first request."""
    lane = lane_on(path, firsts)
    return lane, request(lane.submit(make_batch(DATA)))


def after_a_new_path() -> FirstParts:
    """What is known after one path was not there."""
    firsts = FirstParts()
    lane, first = begin("a.csv", firsts)
    assert first == Open("a.csv", len(HEADER))
    assert fail(lane, first, MISSING) == [Create("a.csv")]
    return firsts


def test_after_a_path_that_was_new_the_next_one_is_created_first() -> None:
    """Create, look, append: no look in vain. What was created is still looked at."""
    lane, first = begin("b.csv", after_a_new_path())
    assert first == Create("b.csv")
    assert lane.on(LaneEvent.CREATED, True) == [Open("b.csv", len(HEADER))]
    sent = lane.on(LaneEvent.OPENED, opened(0, blocks=0))
    assert sent == [Append("b.csv", HEADER + DATA, 0, "etag-1")]
    assert begin("c.csv", after_a_new_path())[1] == Create("c.csv")


def test_after_a_path_that_was_there_the_next_one_is_looked_at_first() -> None:
    """Whether a look or a creation has shown it."""
    firsts = after_a_new_path()
    lane, first = begin("b.csv", firsts)
    assert first == Create("b.csv")
    assert lane.on(LaneEvent.CREATED, False) == [Open("b.csv", len(HEADER))]
    assert begin("c.csv", firsts)[1] == Open("c.csv", len(HEADER))

    firsts = after_a_new_path()
    firsts.missing = False
    lane, first = begin("d.csv", firsts)
    lane.on(LaneEvent.OPENED, opened(50))
    assert begin("e.csv", firsts)[1] == Open("e.csv", len(HEADER))


def test_a_look_at_what_a_lane_has_made_itself_teaches_nothing() -> None:
    """The path was new, though the part is there now."""
    firsts = after_a_new_path()
    lane, _ = begin("b.csv", firsts)
    lane.on(LaneEvent.CREATED, True)
    lane.on(LaneEvent.OPENED, opened(0, blocks=0))
    assert begin("c.csv", firsts)[1] == Create("c.csv")


def test_a_lane_that_may_not_read_lets_the_others_look_first() -> None:
    """Else each of them would leave an empty part in the shared blobs."""
    firsts = after_a_new_path()
    lane, _ = begin("b.csv", firsts)
    looked = request(lane.on(LaneEvent.CREATED, True))
    fail(lane, looked, StoreRefused(Refusal.NO_RIGHT, "AuthorizationPermissionMismatch"))
    assert begin("c.csv", firsts)[1] == Open("c.csv", len(HEADER))


def test_later_parts_are_looked_at_first() -> None:
    """A full part is followed by one that another process can have made hours ago."""
    firsts = after_a_new_path()
    lane, _ = begin("b.csv", firsts)
    lane.on(LaneEvent.CREATED, False)
    rolled = lane.on(LaneEvent.OPENED, opened(50, head=b"other\n"))
    firsts.missing = True
    assert request(rolled) == Open("b_1.csv", len(HEADER))


def test_a_part_that_vanished_after_its_creation_is_looked_at() -> None:
    """The bounds of a lane that goes in circles are those of looking first."""
    lane, _ = begin("b.csv", after_a_new_path())
    looked = request(lane.on(LaneEvent.CREATED, True))
    assert request(fail(lane, looked, MISSING)) == looked
