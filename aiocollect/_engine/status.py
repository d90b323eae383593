"""The status of an engine: counts, health, reports. Nothing here changes anything."""

from __future__ import annotations

from ..stats import Report, Stats
from .engine import Engine

__all__ = ["healthy", "report", "stats"]


def report(engine: Engine, began: float) -> Report:
    """What became of all rows, and how long it took since ``began``."""
    return Report(**engine.delivery.counts(), seconds=engine.clock.monotonic() - began)


def healthy(engine: Engine, max_age: float) -> bool:
    """Whether rows find their way: nothing held, nothing old, the budget not nearly used, and not
    every call refused."""
    return engine.binding.ask(lambda: _healthy(engine, max_age))


def _healthy(engine: Engine, max_age: float) -> bool:
    delivery, ring = engine.delivery, engine.ring
    if engine.closed or delivery.headroom.pressed or _held(engine):
        return False
    if len(ring) and engine.binding.loop is None:
        return False  # no loop carries the rows away
    now = engine.clock.monotonic()
    if engine.refusals.lately(ring.accepted, now, max_age, used=ring.used):
        return False
    age = delivery.oldest_age()
    return age is None or age <= max_age


def _held(engine: Engine) -> dict[str, str]:
    """What waits for an operator, and why: the thread, parts and the spool."""
    obstacle = engine.binding.obstacle
    return {**({"host": obstacle} if obstacle else {}), **engine.delivery.held()}


def stats(engine: Engine) -> Stats:
    """A snapshot in which the conservation equation holds. From any thread."""
    return engine.binding.ask(lambda: _stats(engine))


def _stats(engine: Engine) -> Stats:
    delivery = engine.delivery
    return Stats(
        **delivery.counts(),
        **delivery.requests(),
        unspooled=delivery.unspooled,
        sampled_out=delivery.counters.sampled_out,
        redacted_out=delivery.counters.redacted_out,
        sample_rates=engine.gates.rates,
        budget=engine.settings.max_memory_bytes,
        budget_used=engine.ring.used,
        oldest_age=delivery.oldest_age(),
        paths=len(engine.channels),
        held=_held(engine),
        hook_errors=engine.hooks.errors,
    )
