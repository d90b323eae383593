"""Collectors: the side of the pipeline that the scoring path sees.

``collect`` freezes, stamps, puts into the ring and returns. It waits for nothing, takes no lock,
and lets no error out unless the pipeline is strict.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from .._core.ids import HOUR_US, hour_of_id
from .._core.ring import ACCEPTED, NO_SLOT
from ..errors import AioCollectError, ConfigError, EncodeError, PipelineClosed, RingFull
from ..records import Call, Refused
from .engine import Engine
from .stream import Stream

__all__ = ["Model", "ModelDataCollector", "Recorder"]


# Longer ones are no ids, and would be in every row.
MAX_ID = 256


class Recorder:
    """What collectors and models share: one account, and the way of a call into the ring."""

    def __init__(self, engine: Engine, *, label: str, streams: tuple[Stream, ...]) -> None:
        self._engine = engine
        self._label = label
        self._account = engine.account_of(streams)
        self._share = engine.settings.share

    def record(
        self,
        values: Sequence[tuple[Stream, Any]],
        *,
        correlation_id: str | None,
        at: datetime | float | None,
    ) -> str | None:
        """Accept the values whole under one id and time, or refuse them, counted."""
        engine = self._engine
        try:
            call, correlation_id = self._call(values, correlation_id, at)
            if call is not None:
                verdict = engine.offer(call)
                if verdict != ACCEPTED:
                    raise self._full(verdict)
        except AioCollectError as error:
            self._refuse(error, values)
            return None
        return correlation_id

    async def record_waiting(
        self,
        values: Sequence[tuple[Stream, Any]],
        *,
        correlation_id: str | None,
        at: datetime | float | None,
    ) -> str:
        """Accept the values whole, waiting for room."""
        call, correlation_id = self._call(values, correlation_id, at)
        if call is not None:
            engine, accepted = self._engine, call
            await engine.on_own_loop(lambda: engine.waiters.accept(accepted))
        return correlation_id

    def _call(
        self,
        values: Sequence[tuple[Stream, Any]],
        correlation_id: str | None,
        at: datetime | float | None,
    ) -> tuple[Call | None, str]:
        """Freeze and stamp; None where there are no rows. Raises what the refusal is."""
        engine = self._engine
        if engine.closed:
            raise PipelineClosed(f"{self._label}: {engine.why_closed}")
        parts = []
        rows = cost = 0
        for stream, value in values:
            try:
                frozen, number, size = stream.shape.freeze(value)
            except EncodeError:
                raise
            except Exception as error:  # a value's own methods may raise anything
                raise EncodeError(
                    f"{stream.label}: reading the value raised {type(error).__name__}"
                ) from None
            if number:
                if not (stream.admitted or engine.channels.admits(stream)):
                    raise EncodeError(
                        f"{stream.label}: these columns would be one header more than "
                        f"limits.max_headers={engine.settings.limits.max_headers} allows on a path",
                        reason="schema_overflow",
                    )
                parts.append((stream, frozen, number))
                rows += number
                cost += size
        ids = engine.ids
        time = ids.time(engine.clock.time_ns() // 1000) if at is None else _microseconds(at)
        hour = time // HOUR_US
        if correlation_id is None:
            correlation_id = ids.id(time)
        else:
            hour = self._hour(correlation_id, hour, at)
            cost += rows * 4 * len(correlation_id)  # it goes into every row
        if cost > self._share:
            raise EncodeError(
                f"{self._label}: a call of about {cost} bytes is more than this collector's share "
                f"of the budget, {self._share}; collect fewer rows at a time, or raise "
                "max_memory_bytes",
                reason="too_large",
            )
        if not parts:
            return None, correlation_id
        return (correlation_id, time, hour, tuple(parts), rows, cost, self._account), correlation_id

    def _hour(self, correlation_id: str, hour: int, at: datetime | float | None) -> int:
        if type(correlation_id) is not str or not correlation_id:
            raise EncodeError(f"{self._label}: correlation_id must be text", reason="id")
        if len(correlation_id) > MAX_ID:
            raise EncodeError(
                f"{self._label}: a correlation_id of {len(correlation_id)} characters, where "
                f"{MAX_ID} are allowed",
                reason="id",
            )
        own = hour_of_id(correlation_id)
        if own is None:
            return hour
        if at is not None and own // 24 != hour // 24:
            raise EncodeError(
                f"{self._label}: at= is on another UTC day than the scoring that this "
                "correlation_id was made for; leave at= out, or give the time of the scoring",
                reason="day",
            )
        return own

    def _full(self, verdict: int) -> AioCollectError:
        ring = self._engine.ring
        if self._engine.closed:
            return PipelineClosed(f"{self._label}: {self._engine.why_closed}")
        if verdict == NO_SLOT:
            return RingFull(f"{self._label}: all {len(ring)} slots of the ring are taken")
        return RingFull(
            f"{self._label}: no room in the budget: {ring.used} of {ring.budget} bytes wait for "
            f"the store, {self._account.used} of them of this collector"
        )

    def _refuse(self, error: AioCollectError, values: Sequence[tuple[Stream, Any]]) -> None:
        match error:
            case EncodeError():
                reason = error.reason
            case PipelineClosed():
                reason = "closed"
            case RingFull():
                reason = "full"
            case _:
                reason = "config"
        rows = sum(_rows(value) for _, value in values)
        self._engine.ledger.refuse(rows, reason)
        self._engine.hooks.emit(Refused(stream=self._label, rows=rows, reason=reason, error=error))
        if self._engine.settings.strict:
            raise error from None


class ModelDataCollector:
    """Records one stream of a model: its inputs, its predictions, or another identifier.

    Made by :meth:`Pipeline.collector`. Cheap to call, from any thread, task or loop.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise ConfigError(
            "ModelDataCollector(...) without a pipeline is not available yet; take "
            "Pipeline(...).collector(model, ...)"
        )

    _recorder: Recorder
    _stream: Stream

    @classmethod
    def _bind(cls, engine: Engine, stream: Stream) -> ModelDataCollector:
        self = cls.__new__(cls)
        self._recorder = Recorder(engine, label=stream.label, streams=(stream,))
        self._stream = stream
        return self

    def __repr__(self) -> str:
        features = self._stream.shape.features
        columns = "columns not fixed yet" if features is None else f"{len(features)} features"
        return f"<ModelDataCollector {self._stream.label}, {columns}>"

    def collect(
        self,
        data: Any,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
    ) -> str | None:
        """Record rows; returns their correlation id, or None where they were refused.

        ``data``: a list of k cells (one row) or of rows of k cells, a scalar, a dict or list of
        dicts by feature name, or a numpy array of shape (k,), (n, k), or with one feature (n,).
        ``at``: the scoring time, an aware datetime or seconds since 1970 UTC; default: now. Never
        waits. Never raises, unless the pipeline is strict: then EncodeError, RingFull or
        PipelineClosed.
        """
        return self._recorder.record(((self._stream, data),), correlation_id=correlation_id, at=at)

    async def acollect(
        self,
        data: Any,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
    ) -> str:
        """Record rows, waiting for room in order of arrival; returns their correlation id.

        Cancelling it leaves the call accepted or not, never half. Raises EncodeError and
        PipelineClosed.
        """
        return await self._recorder.record_waiting(
            ((self._stream, data),), correlation_id=correlation_id, at=at
        )

    def collect_wait(self, data: Any, **arguments: Any) -> str:
        """For threads: waits for room. Not available yet."""
        raise ConfigError(
            "collect_wait() is not available yet; call collect(), or await acollect() on the "
            "pipeline's loop"
        )


class Model:
    """Records several streams of one model together: one id, one time, all or nothing.

    Made by :meth:`Pipeline.model`.
    """

    def __init__(self, engine: Engine, *, label: str, streams: dict[str, Stream]) -> None:
        self._recorder = Recorder(engine, label=label, streams=tuple(streams.values()))
        self._label = label
        self._streams = streams

    def __repr__(self) -> str:
        return f"<Model {self._label}: {', '.join(self._streams)}>"

    def collect(
        self,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        **values: Any,
    ) -> str | None:
        """Record a value per stream, by the streams' names; see ModelDataCollector.collect."""
        return self._recorder.record(self._paired(values), correlation_id=correlation_id, at=at)

    async def acollect(
        self,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        **values: Any,
    ) -> str:
        """Record a value per stream, waiting for room; see ModelDataCollector.acollect."""
        return await self._recorder.record_waiting(
            self._paired(values), correlation_id=correlation_id, at=at
        )

    def _paired(self, values: dict[str, Any]) -> list[tuple[Stream, Any]]:
        unknown = values.keys() - self._streams.keys()
        if unknown:
            # A wrong name in the program, not in the data: as loud as any unknown argument.
            raise TypeError(
                f"collect() of {self._label} has no stream {', '.join(sorted(unknown))}; it has "
                f"{', '.join(self._streams)}"
            )
        return [(self._streams[name], value) for name, value in values.items()]


def _microseconds(at: datetime | float) -> int:
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise EncodeError(
                "at= is a naive datetime; give one with a zone, such as datetime.now(UTC)",
                reason="time",
            )
        at = at.timestamp()
    elif isinstance(at, bool) or not isinstance(at, int | float):
        raise EncodeError("at= must be an aware datetime or seconds since 1970", reason="time")
    # From 1970 to the year 9999: what a date in a path can say.
    if not 0 <= at < 253_402_300_800:
        raise EncodeError("at= is not between the years 1970 and 9999", reason="time")
    return round(at * 1_000_000)


def _rows(value: Any) -> int:
    """How many rows a refused value would have been, at a guess."""
    try:
        nested = type(value) in (list, tuple) and value and type(value[0]) in (list, tuple)
        return len(value) if nested or getattr(value, "ndim", 0) > 1 else 1
    except Exception:
        return 1
