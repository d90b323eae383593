"""The conditions of the face-off: the load, the faults, the bounds; the same for all contenders.

The faults are planned in time, not by the number of a request, since one contender sends a request
for each row and another one for all rows of two seconds. Each fault lies in wait from its moment on
and meets the first append within its window; the outage meets every request. So all contenders are
in the same weather; how much of it a contender meets depends on when it sends, and is reported.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from testkit.proxy import Fault, FaultProxy, Kind, Seen, is_append

__all__ = ["Conditions", "Planned", "plan", "schedule"]

# What meets single appends. LATE is behind the time-out of every client (see Conditions).
SINGLE: tuple[Fault, ...] = (
    *(Fault(kind=Kind.LOSE_ANSWER),) * 3,
    *(Fault(kind=Kind.RESET_AFTER),) * 2,
    *(Fault(kind=Kind.RESET_BEFORE),) * 2,
    Fault(kind=Kind.ERROR, status=503, code="ServerBusy", retry_after="1"),
    Fault(kind=Kind.LATE, delay=6.0),
)
OUTAGE = Fault(kind=Kind.RESET_BEFORE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Of one round. Seconds, and rows a second."""

    rows: int = 1000
    # Below what fills a queue of 2,048 or 1,500 during one wait of the SDK, 12 to 18 s: the
    # face-off asks for what faults do, not for what a full queue does.
    rate: float = 40.0
    # For the SDK's clients and for ours: their own (60 s and 30 s) are longer than the load.
    attempt_timeout: float = 4.0
    # One fault in each slot, somewhere in its first third; none in the first second.
    slot: float = 2.4
    window: float = 2.4
    outage: float = 2.0
    # The SIGKILL round: the moment is drawn from here.
    kill: tuple[float, float] = (10.0, 14.0)
    # Of one contender; then it is killed, and counts as not finished.
    deadline: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One fault and when. An outage meets every request of its window, others one append."""

    at: float
    until: float
    fault: Fault
    outage: bool = False


def plan(seed: int, conditions: Conditions) -> list[Planned]:
    """The faults of one seed, in order of time: every kind, shuffled."""
    dice = random.Random(seed)
    kinds: list[Fault | None] = [*SINGLE, None]
    dice.shuffle(kinds)
    planned = []
    for number, fault in enumerate(kinds):
        at = 1.0 + conditions.slot * (number + dice.random() / 3)
        lasts = conditions.outage if fault is None else conditions.window
        planned.append(
            Planned(at=at, until=at + lasts, fault=fault or OUTAGE, outage=fault is None)
        )
    return planned


def kill_moment(seed: int, conditions: Conditions) -> float:
    """When the producers of one seed are killed, after the load's begin."""
    return random.Random(f"kill {seed}").uniform(*conditions.kill)


def schedule(proxy: FaultProxy, planned: list[Planned], begin: float) -> None:
    """Have a proxy make these faults; ``begin`` is on time.monotonic()."""
    # The outage first: while it lasts, no other fault is used up.
    for each in sorted(planned, key=lambda one: not one.outage):
        faults = [each.fault] * (10_000 if each.outage else 1)
        proxy.script(*faults, match=_within(each, begin))


def _within(each: Planned, begin: float) -> Callable[[Seen], bool]:
    def match(seen: Seen) -> bool:
        now = time.monotonic() - begin
        return each.at <= now < each.until and (each.outage or is_append(seen))

    return match
