"""The status of an engine: counts, health, reports. Nothing here changes anything."""

from __future__ import annotations

from .._core.log_lines import is_log
from .._delivery.channel import Channel
from .._delivery.stream import Stream
from ..stats import Report, Stats, StreamStats
from .engine import Engine

__all__ = ["healthy", "healthy_here", "report", "stats", "stats_here", "streams", "streams_here"]


def report(engine: Engine, began: float) -> Report:
    """What became of all rows, and how long it took since ``began``."""
    return Report(**engine.delivery.counts(), seconds=engine.clock.monotonic() - began)


def healthy(engine: Engine, max_age: float) -> bool:
    """Whether rows find their way: nothing held, nothing old, the budget not nearly used, and not
    every call refused."""
    return engine.binding.ask(lambda: healthy_here(engine, max_age))


def healthy_here(engine: Engine, max_age: float) -> bool:
    """The same, on the pipeline's loop."""
    delivery, ring = engine.delivery, engine.ring
    if engine.closed or delivery.headroom.pressed or any(not is_log(one) for one in _held(engine)):
        return False
    if len(ring) and engine.binding.loop is None:
        return False  # no loop carries the rows away
    now = engine.clock.monotonic()
    if engine.refusals.lately(ring.accepted, now, max_age, used=ring.used):
        return False
    age = delivery.oldest_age()
    return age is None or age <= max_age


def _held(engine: Engine) -> dict[str, str]:
    """What waits for an operator, and why: the thread, parts, the log and the spool. No row waits
    for the log."""
    obstacle = engine.binding.obstacle
    log = engine.delivery.log
    held = {**engine.delivery.held(), **(log.held if log is not None else {})}
    return {**({"host": obstacle} if obstacle else {}), **held}


def stats(engine: Engine) -> Stats:
    """A snapshot in which the conservation equation holds. From any thread."""
    return engine.binding.ask(lambda: stats_here(engine))


def stats_here(engine: Engine) -> Stats:
    """The same, on the pipeline's loop."""
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
        log_lost=0 if delivery.log is None else delivery.log.lost,
    )


def streams(engine: Engine) -> tuple[StreamStats, ...]:
    """All paths that rows go to or went to lately, by their names. From any thread."""
    return engine.binding.ask(lambda: streams_here(engine))


def streams_here(engine: Engine) -> tuple[StreamStats, ...]:
    """The same, on the pipeline's loop."""
    # Streams that write the same columns to the same path share a channel.
    owners: dict[Channel, list[Stream]] = {}
    rates: dict[Stream, float] = {}
    for stream in engine.channels.streams:
        for channel in stream.channels:
            owners.setdefault(channel, []).append(stream)
        if stream.gate is not None:
            rates[stream] = max(stream.gate.rate, rates.get(stream, 0.0))
        for source in stream.models:
            for one in source.streams:
                rates[one] = max(source.gate.rate, rates.get(one, 0.0))
    now = engine.clock.monotonic()
    rows = [one for one in engine.channels if not one.is_log]
    found = [_of_channel(one, owners.get(one, []), rates, now) for one in rows]
    return tuple(sorted(found, key=lambda one: (one.stream, one.path, one.part)))


def _of_channel(
    channel: Channel, streams: list[Stream], rates: dict[Stream, float], now: float
) -> StreamStats:
    lane, born = channel.lane, channel.born
    return StreamStats(
        stream=", ".join(sorted({stream.label for stream in streams})),
        path=lane.parts.path,
        part=lane.parts.name,
        state=channel.state,
        code=lane.held,
        sample_rate=max([rates[one] for one in streams if one in rates], default=None),
        stored=channel.stored,
        waiting=channel.rows + channel.parked,
        oldest_age=None if born is None else now - born,
        blocks=lane.place.blocks,
        max_blocks=lane.parts.max_blocks,
    )
