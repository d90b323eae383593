"""What a fleet should be set to, which limit binds first, and what to do where one does not hold.

Pure: of a need it makes a plan. plan_figures.py has the formulas, and the sources of the limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from aiocollect.cli.plan_figures import ACCOUNT, BLOB, BLOCKS, MIB, ExpectedDay, Need, day_of

__all__ = ["Bound", "FleetPlan", "plan_of"]

# Of what an account takes: room for midnight, restarts, and what else uses it.
ROOM: Final = 0.7
# Writers x round trip / linger of one file. Up to the first it is shared without harm; above the
# second its rows grow old (explanation/scale.md).
CALM: Final = 0.2
CROWDED: Final = 0.5
# Lingers that are tried where nobody says which, in seconds.
LINGERS: Final = (2.0, 5.0, 10.0, 30.0)
IN_FLIGHT: Final = 16
MOST_IN_FLIGHT: Final = 1024
LARGE_BATCH: Final = 4 * MIB
LEAST_MEMORY: Final = 64 * MIB
# 25 Gbit a second into an account (scalability-targets-standard-account).
INGRESS: Final = 25e9 / 8
# Of a day's requests the first of each file: look, create, look, append.
FIRST: Final = 4


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit. ``share``: how much of it the plan uses at its busiest; above 1 it does not hold."""

    name: str
    share: float
    remedy: str


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """Settings for the need, the day that is expected with them, and its limits, the tightest one
    first. ``midnight``: seconds until an account has answered the requests for a day's new files.
    """

    need: Need
    day: ExpectedDay
    bounds: tuple[Bound, ...]
    accounts: int
    in_flight: int
    memory: int
    spool: int
    midnight: float

    @property
    def holds(self) -> bool:
        """Whether no limit is exceeded."""
        return self.bounds[0].share <= 1.0

    @property
    def million(self) -> float:
        """Requests a million rows."""
        need = self.need
        return self.day.requests / (need.rows * need.streams * 86_400) * 1e6

    @property
    def warnings(self) -> list[str]:
        """What does not hold, and what is only nearly so."""
        found = [
            f"{bound.name}: {bound.share:.0%} of it would be used; {bound.remedy}"
            for bound in self.bounds
            if bound.share > 1.0
        ]
        need, day = self.need, self.day
        if need.shared and CALM < _contention(need) <= CROWDED:
            found.append(
                f"writers are in each other's way at one file (writers x round trip / linger is "
                f'{_contention(need):.2f}, above {CALM}); use writer="own" or a longer linger'
            )
        if day.parts > 1:
            found.append(
                f"a file has {day.parts} parts a day, since one part takes {BLOCKS:,} blocks; "
                "a longer linger makes fewer"
            )
        if self.midnight > need.linger:
            found.append(
                f"at midnight the new files of a day take an account {self.midnight:.0f} s, in "
                "which rows wait; use more accounts, or fewer streams a writer"
            )
        return found


def plan_of(
    *,
    writers: int,
    streams: int,
    rows: float,
    cells: float,
    trip: float,
    shared: bool | None = None,
    linger: float | None = None,
    outage: float = 600.0,
) -> FleetPlan:
    """The plan of a fleet. ``rows`` a second are those of one stream, in all writers together;
    ``shared`` and ``linger``: None means that the plan chooses. ``outage``: seconds to survive."""
    plans = []
    for chosen in LINGERS if linger is None else (linger,):
        need = Need(writers, streams, rows, cells, trip, linger=chosen, shared=True)
        need = need._replace(shared=_contention(need) <= CALM if shared is None else shared)
        # A block that is full before its append is answered makes the next one wait.
        if need.rows / need.files * need.streams * need.row * need.trip > need.batch / 2:
            need = need._replace(batch=LARGE_BATCH)
        plans.append(_planned(need, outage))
    for one in plans:
        if one.holds and one.accounts == 1:
            return one
    return min(plans, key=lambda one: (not one.holds, one.accounts, one.need.linger))


def _planned(need: Need, outage: float) -> FleetPlan:
    day = day_of(need)
    ingress = need.rows * need.row * need.streams
    accounts = math.ceil(max(day.peak / (ROOM * ACCOUNT), ingress / (ROOM * INGRESS)))
    busy = day.peak / need.writers * need.trip  # requests under way in one writer
    wanted = 2 ** math.ceil(math.log2(max(IN_FLIGHT, 2 * busy)))
    in_flight = min(MOST_IN_FLIGHT, wanted)
    waiting = need.each * need.streams * need.row * outage
    bounds = [
        Bound("requests of an account", day.peak / accounts / ACCOUNT, "use more accounts"),
        Bound("bytes into an account", ingress / accounts / INGRESS, "use more accounts"),
        Bound(
            "requests under way in one writer",
            busy / in_flight,
            "use a longer linger, or fewer streams a writer",
        ),
        Bound(
            "bytes through one file",
            need.rows
            * (1 if need.shared else 1 / need.writers)
            * need.row
            * need.trip
            / need.batch
            * (2 if need.sharing > 1 else 1),
            'use writer="own", or more writers' if need.shared else "use more writers",
        ),
    ]
    if need.sharing > 1:
        asked = day.peak / need.streams
        bounds += [
            Bound("writers of one file", _contention(need) / CROWDED, _apart(need)),
            Bound("requests for one file", asked / BLOB, 'use writer="own", or a longer linger'),
        ]
    return FleetPlan(
        need=need,
        day=day,
        bounds=tuple(sorted(bounds, key=lambda bound: -bound.share)),
        accounts=accounts,
        in_flight=in_flight,
        memory=max(LEAST_MEMORY, math.ceil(waiting * 1.25 / MIB) * MIB),
        spool=max(1, math.ceil(waiting * 2 / MIB)) * MIB,
        midnight=FIRST * need.writers * (need.streams + need.log) / (accounts * ACCOUNT),
    )


def _contention(need: Need) -> float:
    return need.writers * need.trip / need.linger if need.writers > 1 else 0.0


def _apart(need: Need) -> str:
    enough = need.writers * need.trip / CROWDED
    return f'use writer="own", or a linger of {math.ceil(enough)} s or more'
