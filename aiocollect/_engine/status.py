"""The status of an engine: counts, health, reports. Nothing here changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..stats import Report, Stats

if TYPE_CHECKING:
    from .engine import Engine

__all__ = ["counted", "healthy", "in_memory", "report", "stats"]


def in_memory(engine: Engine, accepted: int) -> int:
    """Rows of those accepted here that are not final and in memory: in the ring, and what has come
    to the channels, less what has ended there, or is on the disk alone."""
    pump, totals = engine.pump, engine.channels.totals
    in_ring = accepted - pump.rows_taken
    return in_ring + pump.rows_encoded + engine.counters.adopted - totals.ended - totals.parked


def counted(engine: Engine, accepted: int) -> int:
    """The same, counted where they are: for who wants to know whether the sums are right."""
    in_ring = accepted - engine.pump.rows_taken
    return in_ring + sum(channel.rows for channel in engine.channels)


def in_spool(engine: Engine) -> int:
    """Rows that are on the disk alone."""
    return engine.counters.spooled + engine.channels.totals.parked


def _rows(engine: Engine) -> dict[str, Any]:
    """The fields of RowCounts, of one moment, so that the equation holds in them."""
    accepted = engine.ring.rows  # once: other threads raise it
    counters = engine.counters
    return {
        "accepted": accepted + counters.adopted,
        "stored": counters.stored,
        "possibly_stored": counters.possibly_stored,
        "in_memory": in_memory(engine, accepted),
        "in_spool": in_spool(engine),
        "adopted": counters.adopted,
        "dead_lettered": dict(counters.dead_lettered),
        "dropped": dict(counters.dropped),
        "refused": counters.refused,
    }


def report(engine: Engine, began: float) -> Report:
    """What became of all rows, and how long it took since ``began``."""
    return Report(**_rows(engine), seconds=engine.clock.monotonic() - began)


def oldest_age(engine: Engine) -> float | None:
    """Seconds since the oldest row that is not final was taken from the ring."""
    found = [one for one in (engine.pump.open.oldest, engine.unsettled.oldest) if one is not None]
    return engine.clock.monotonic() - min(found) if found else None


def healthy(engine: Engine, max_age: float) -> bool:
    """Whether rows find their way: nothing held, nothing old, the budget not nearly used, and not
    every call refused."""
    return engine.binding.ask(lambda: _healthy(engine, max_age))


def _healthy(engine: Engine, max_age: float) -> bool:
    if engine.closed or engine.marks.raised or held(engine):
        return False
    if len(engine.ring) and engine.binding.loop is None:
        return False  # nobody carries the rows away
    now, ring = engine.clock.monotonic(), engine.ring
    if engine.refusals.lately(ring.accepted, now, max_age, used=ring.used):
        return False
    age = oldest_age(engine)
    return age is None or age <= max_age


def held(engine: Engine) -> dict[str, str]:
    """The parts that wait for an operator, and why; and what the spool and the host wait for."""
    found = {"host": engine.binding.obstacle} if engine.binding.obstacle else {}
    for channel in list(engine.held):
        lane = channel.lane
        if lane.held:
            found[lane.parts.name] = lane.held
        else:
            del engine.held[channel]
    return found if engine.spool is None else {**found, **engine.spool.held}


def stats(engine: Engine) -> Stats:
    """A snapshot in which the conservation equation holds. From any thread."""
    return engine.binding.ask(lambda: _stats(engine))


def _stats(engine: Engine) -> Stats:
    return Stats(
        **_rows(engine),
        unspooled=engine.spool.missed if engine.spool else 0,
        sampled_out=engine.counters.sampled_out,
        redacted_out=engine.counters.redacted_out,
        sample_rates=engine.gates.rates,
        budget=engine.settings.max_memory_bytes,
        budget_used=engine.ring.used,
        oldest_age=oldest_age(engine),
        paths=len(engine.channels),
        held=held(engine),
        in_flight=engine.senders.in_flight,
        appends=engine.senders.appends,
        appended_bytes=engine.senders.appended_bytes,
        mismatches=engine.senders.mismatches,
        unknown=engine.senders.unknown,
        hook_errors=engine.hooks.errors,
    )
