"""Which fleets are simulated, and how long a stretch of a day each of them.

A day in miniature: 1/k of its seconds, with parts of 1/k of the blocks, so that the linger grows as
it does over a day. k is chosen by how many requests a case may cost. What happens once (parts that
are opened) is not multiplied; 412 answers before ``Fleet.begin`` are left out.

A shard: so many of a fleet's writers, with as large a part of the account's requests. It is right
where writers meet only at the account: with parts of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from aiocollect import Limits
from aiocollect.cli.plan_figures import Need, day_of

from .account import DOCUMENTED
from .fleet import DAY, Fleet

__all__ = ["CASES", "Case", "need_of"]

# Bytes of the one cell of a row, as text.
CELLS: Final = 3
SHORTEST: Final = 60.0


@dataclass(frozen=True, slots=True)
class Case:
    """``writers`` are those of the whole fleet; ``fleet`` is what of it is simulated. ``times``: by
    which a day is longer than what is simulated of it; 0: an event, of which no day is made."""

    name: str
    writers: int
    fleet: Fleet
    times: float
    quick: bool = False

    @property
    def shards(self) -> int:
        """How many times as large the whole fleet is."""
        return self.writers // self.fleet.writers


def need_of(fleet: Fleet) -> Need:
    """The fleet, as the formulas know it."""
    return Need(
        writers=fleet.writers,
        streams=fleet.streams,
        rows=fleet.rate * fleet.writers,
        cells=CELLS,
        trip=fleet.round_trip,
        linger=fleet.linger,
        shared=fleet.writer == "shared",
    )


def _day(
    writers: int,
    streams: int = 1,
    *,
    shared: bool = False,
    trip: float = 0.02,
    rate: float = 1.0,
    requests: float = 15_000.0,
    shard: int = 1,
    quick: bool = False,
    seconds: float = 0.0,
) -> Case:
    fleet = Fleet(
        writers=writers // shard,
        streams=streams,
        writer="shared" if shared else "own",
        round_trip=trip,
        rate=rate,
        seconds=DAY,
        allowed=replace(DOCUMENTED, requests=DOCUMENTED.requests / shard),
    )
    times = max(1.0, min(DAY / SHORTEST, day_of(need_of(fleet)).requests / requests))
    if seconds:
        times = DAY / seconds
    small = replace(
        fleet, seconds=DAY / times, max_blocks=max(8, round(Limits().max_blocks / times))
    )
    return Case("day", writers, small, times, quick)


def _event(name: str, writers: int, fleet: Fleet, *, quick: bool = False) -> Case:
    return Case(name, writers, fleet, 0.0, quick)


def _share(shard: int, **options: object) -> Fleet:
    allowed = replace(DOCUMENTED, requests=DOCUMENTED.requests / shard)
    return replace(
        Fleet(
            writers=100, streams=1, writer="own", round_trip=0.02, rate=1.0, seconds=120.0,
            allowed=allowed,
        ),
        **options,  # type: ignore[arg-type]
    )  # fmt: skip


CASES: Final = (
    *(_day(writers, quick=writers <= 10) for writers in (1, 10, 100, 1_000)),
    *(_day(10, trip=trip) for trip in (0.005, 0.05, 0.2)),
    *(_day(10, streams) for streams in (10, 100)),
    _day(100, 10),
    *(_day(10, rate=rate) for rate in (0.1, 10.0)),
    # Of 10,000 writers a hundredth, for two stretches.
    _day(10_000, shard=100, seconds=20.0),
    _day(10_000, shard=100),
    _day(10_000, 10, shard=100),
    *(
        _day(writers, shared=True, requests=30_000.0, quick=writers == 10)
        for writers in (2, 5, 10, 20, 50, 100)
    ),
    _day(200, shared=True, seconds=120.0),
    *(
        _day(10, shared=True, trip=trip, requests=30_000.0)
        for trip in (
            0.05,
            0.2,
        )
    ),
    # Events: a hundredth of 10,000 writers with a hundredth of an account, and a shared file.
    _event("midnight", 10_000, _share(100, weather="midnight"), quick=True),
    _event("midnight", 10_000, _share(100, weather="midnight", rate=20.0)),
    _event("midnight", 20, _share(1, weather="midnight", writers=20, writer="shared")),
    _event("restarts", 10_000, _share(100, weather="restarts")),
    _event("restarts", 20, _share(1, weather="restarts", writers=20, writer="shared")),
    _event("outage", 10_000, _share(400, weather="outage", writers=25)),
    _event("outage", 20, _share(1, weather="outage", writers=20, writer="shared")),
)
