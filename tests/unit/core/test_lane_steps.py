"""The rare steps of the lane's table: each is reached by a script, since few lives meet it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aiocollect._core.accumulator import Batch
from aiocollect._core.commands import Append, Create, GiveUp, LaneEvent, Open, Read, Wait, classify
from aiocollect._core.limits import BlockSizes
from aiocollect._core.retries import FREE_PARTS, FREE_TURNS
from aiocollect._core.stand import Stand
from aiocollect.errors import BlobFull, OffsetMismatch, Refusal, StoreError, StoreRefused
from aiocollect.typing import Appended, Created, Opened
from tests.simulation.coverage import RARE, STEPS, Step
from tests.support.lanes import make_batch, make_lane, opened

MISSING = StoreRefused(Refusal.BLOB_MISSING)
WRONG_TYPE = StoreRefused(Refusal.WRONG_TYPE)
NO_RIGHT = StoreRefused(Refusal.NO_RIGHT)
REFUSED = StoreRefused(Refusal.CREDENTIAL, "AuthorizationFailure")
TOO_LARGE = StoreRefused(Refusal.TOO_LARGE)
FULL = BlobFull("BlobIsSealed")
MOVED = OffsetMismatch("AppendPositionConditionNotMet")
TURNS = range(FREE_TURNS + 1)  # the last one must be waited for


def rows(number: int) -> Batch:
    return make_batch(*(b"%d,x\n" % row for row in range(number)))


class Drive:
    """One lane, and the steps that it has taken."""

    def __init__(self, **options: Any) -> None:
        self.lane = make_lane(**options)
        self.taken: list[Step] = []
        self.sent: Any = None
        self.now = 0.0

    def on(self, event: LaneEvent, answer: Any = None) -> Drive:
        before = self.lane.state
        commands = self.lane.on(event, answer, now=self.now)
        self.taken.append((before.value, event.value, self.lane.state.value))
        for command in commands:
            if isinstance(command, Wait):
                self.now += command.seconds
            elif isinstance(command, Open | Create | Append | Read):
                self.sent = command
        return self

    def submit(self, number: int = 1) -> Drive:
        return self.on(LaneEvent.SUBMIT, rows(number))

    def fail(self, *errors: StoreError) -> Drive:
        for error in errors:
            self.on(classify(self.sent, error), error)
        return self

    def made(self) -> Drive:
        return self.on(LaneEvent.CREATED, Created("etag-0"))

    def appended(self, blocks: int = 1) -> Drive:
        length = self.sent.offset + len(self.sent.data)
        return self.on(LaneEvent.APPENDED, Appended(length, blocks, "etag-9"))

    def later(self) -> Drive:
        """So late that the right to read is looked for."""
        self.now += 600.0
        return self


def fresh(drive: Drive) -> Drive:
    """From a look at a part to the first append in it, which the lane has made."""
    return drive.fail(MISSING).made().on(LaneEvent.OPENED, opened(0, blocks=0))


def blind(number: int = 1, **options: Any) -> Drive:
    """A lane that may not read, at the first append in a blob of its own."""
    return Drive(**options).submit(number).fail(NO_RIGHT).made()


def refused_turns(error: StoreError, *, then: StoreError | None = None) -> Drive:
    """A part that the lane has made is left again and again, without a byte in it."""
    drive = Drive().submit()
    for _ in TURNS:
        fresh(drive)
        drive.fail(*([then] if then else []), error)
    return drive


def full_thrice() -> Drive:
    """Three blobs of its own that turn full at once; the third time no row is left."""
    drive = blind()
    for turn in TURNS:
        drive.fail(FULL)
        if turn < FREE_TURNS:
            drive.submit().made()
    return drive


def full_and_halved() -> Drive:
    """The same, and more rows are left each time."""
    drive = blind(8)
    for turn in TURNS:
        drive.fail(TOO_LARGE, FULL)
        if turn < FREE_TURNS:
            drive.made()
    return drive


def adopted() -> Drive:
    drive = Drive()
    drive.lane.take_up(Stand(0, False, False, 50, "made-1"), in_doubt=True)
    return drive.submit()


def many_parts() -> Drive:
    drive = Drive().submit()
    other = Opened(50, 1, "made-1", "etag-1", b"x,id\n")
    for _ in range(FREE_PARTS + 1):
        drive.on(LaneEvent.OPENED, other)
    return drive


def wrong_type_at_once() -> Drive:
    drive = Drive().submit()
    for _ in TURNS:
        drive.fail(MISSING).made().fail(WRONG_TYPE)
    return drive


def made_by_others() -> Drive:
    drive = Drive(own=True).submit().fail(NO_RIGHT)
    for _ in TURNS:
        drive.on(LaneEvent.CREATED, False)
    return drive


def one_row_too_large() -> Drive:
    sizes = BlockSizes()
    sizes.landed(1)
    drive = Drive(sizes=sizes).submit()
    return drive.on(LaneEvent.OPENED, opened(5)).fail(TOO_LARGE)


SCRIPTS: dict[Step, Callable[[], Drive]] = {
    ("idle", "rest", "idle"): lambda: Drive().on(LaneEvent.REST),
    ("idle", "submit", "held"): lambda: full_thrice().submit(),
    ("idle", "submit", "reading"): adopted,
    ("opening", "opened", "held"): many_parts,
    ("opening", "wrong_type", "held"): wrong_type_at_once,
    ("opening", "no_right", "appending"): lambda: (
        blind().appended().later().submit().fail(NO_RIGHT)
    ),
    ("opening", "no_right", "held"): lambda: full_thrice().later().submit().fail(NO_RIGHT),
    ("creating", "created", "held"): made_by_others,
    ("creating", "refused", "creating"): lambda: (
        blind(max_blocks=1).appended().submit().fail(MISSING, REFUSED)
    ),
    ("appending", "appended", "creating"): lambda: (
        blind(2, max_blocks=1, own=True).fail(TOO_LARGE).appended()
    ),
    ("appending", "full", "creating"): lambda: blind(2).fail(TOO_LARGE, FULL),
    ("appending", "full", "opening"): lambda: blind(2).fail(TOO_LARGE).later().fail(FULL),
    ("appending", "full", "held"): full_and_halved,
    ("appending", "mismatch", "opening"): lambda: blind(2).fail(TOO_LARGE).later().fail(MOVED),
    ("appending", "wrong_type", "creating"): lambda: blind().fail(WRONG_TYPE),
    ("appending", "wrong_type", "held"): lambda: refused_turns(WRONG_TYPE),
    ("appending", "rejected", "idle"): one_row_too_large,
    ("appending", "rejected", "opening"): lambda: blind(2).later().fail(TOO_LARGE),
    ("appending", "give_up", "closed"): lambda: blind().on(LaneEvent.GIVE_UP, GiveUp("closed")),
    ("reading", "missing", "held"): lambda: refused_turns(MISSING, then=MOVED),
    ("reading", "wrong_type", "opening"): lambda: fresh(Drive().submit()).fail(MOVED, WRONG_TYPE),
    ("reading", "wrong_type", "held"): lambda: refused_turns(WRONG_TYPE, then=MOVED),
    ("reading", "give_up", "closed"): lambda: (
        fresh(Drive().submit()).fail(MOVED).on(LaneEvent.GIVE_UP, GiveUp("closed"))
    ),
}


@pytest.mark.parametrize("step", SCRIPTS, ids=" ".join)
def test_a_rare_step_is_possible(step: Step) -> None:
    """The script ends with it."""
    assert SCRIPTS[step]().taken[-1] == step


def test_each_step_that_lives_need_not_meet_has_its_script() -> None:
    """No step of the table is there on trust."""
    assert SCRIPTS.keys() == RARE
    assert RARE < STEPS
