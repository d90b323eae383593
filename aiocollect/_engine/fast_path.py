"""The fast path of a row from collect() to the ring: the usual call, in one frame.

The usual call is one row of the stream's width, with an id and time that we make, while all calls
are recorded and there is room. Every other call takes the slow path, which defines what collect()
does: Recorder, Shape, Ids and Ring. The fast path has changed nothing by then.

This repeats what the slow path does, so change both together: ``Shape.freeze``, ``Cells.row``,
``Ids.time`` and ``Ids.id``, ``Ring.put``, ``Engine.offer``. tests/property/test_both_ways.py
compares them; tests/unit/engine/test_fast_path.py checks that nothing is called in the two
windows (window.py). The lock is taken once for both windows, which is a quarter of a call's cost.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from .._core.calls import whole
from .._core.ids import HOUR_US, MILLISECOND
from .._core.ring import Account
from .._delivery.stream import Stream
from .._values.shape import Shape
from ..context import in_force
from .recorder import Recorder
from .together import paired

__all__ = ["NEVER", "PythonCollector", "PythonModel", "collect", "way_of"]

context: Final = in_force.get
# The shape of collectors without a fast path: no row has its length.
NEVER: Final = Shape("", feature_names=None, max_call_bytes=0)


def way_of(
    recorder: Recorder, stream: Stream
) -> tuple[Shape, tuple[Any, ...], tuple[Stream, Account]]:
    """What collect() needs of a collector: its shape, the parts that its rows go through, which are
    those of all collectors, and where the rows come from."""
    engine = recorder.engine
    # Rules of redact= need the slow path.
    shape = stream.shape if stream.redactor is None else NEVER
    if engine.way is None:  # one for all collectors
        ring = engine.ring
        engine.way = engine, ring, ring._slots, ring._mask, engine.clock.time_ns
    return shape, engine.way, (stream, recorder.account)


def collect(
    self: Any,
    data: Any,
    *,
    correlation_id: str | None = None,
    at: datetime | float | None = None,
    row: int | None = None,
) -> str | None:
    """Record rows; returns their correlation id, or None if they are refused.

    ``data``: with k features, one row of k cells or several rows of k cells; with one feature, n
    cells are n rows. As lists, numpy arrays, or anything with ``__array__``. By name: a dict, a
    named tuple, a record of dataclasses, attrs, msgspec, pydantic or numpy, a row of a frame, a
    table of pandas, polars or Arrow, or a list of these.

    ``correlation_id``: an id of your own; by default that of ``correlation()``, else a new one.
    ``at``: the scoring time, a datetime with a time zone or seconds since 1970 UTC; by default now.
    ``row``: the index of the first row, for data that belongs to row k of an earlier call; by
    default 0, or under one ``correlation()`` where the stream's last call ended.

    Never waits. Never raises, unless the pipeline is strict (EncodeError, RingFull, PipelineClosed)
    or has when_full="raise" (RingFull). Switched off it returns ``correlation_id`` and does
    nothing.
    """
    gate = self._gate
    if not gate.every:
        if not gate.limit:
            return correlation_id
        return self._recorder.record(((self._stream, data),), correlation_id, at, row)  # type: ignore[no-any-return]
    shape = self._shape
    kind = type(data)
    if kind is list and len(data) == shape.fast_length:  # a long list is not copied
        one = cells = tuple(data)
    elif kind is tuple:
        one = cells = data
    elif kind is shape.array and data.dtype is shape.dtype and data.ndim == 1:
        one = tuple(data.tolist())
        cells = ()  # all are floats
    else:
        return self._recorder.record(((self._stream, data),), correlation_id, at, row)  # type: ignore[no-any-return]
    given = correlation_id is not None or at is not None or row is not None
    if len(one) != shape.fast_length or given:
        return self._recorder.record(((self._stream, data),), correlation_id, at, row)  # type: ignore[no-any-return]
    cost = shape.row_cost
    for cell in cells:
        if type(cell) is float:
            continue
        if type(cell) is str:
            cost += 4 * len(cell)
            if cost <= shape.max_bytes:
                continue
        elif cell is None or type(cell) is int or type(cell) is bool:
            continue
        return self._recorder.record(((self._stream, data),), None, None)  # type: ignore[no-any-return]
    engine, ring, slots, mask, time_ns = self._way
    origin = self._origin
    stream, account = origin
    ids = engine.ids
    scoring = context()
    dated: int = -1  # the hour that an id in force carries
    if scoring is not None:
        if engine.closing.begun:
            return self._recorder.record(((self._stream, data),), None, None)  # type: ignore[no-any-return]
        if scoring.id is not None:
            cost += 4 * len(scoring.id)  # the id is written in every row
            if scoring._hour is None or cost > account.share:
                return self._recorder.record(((self._stream, data),), None, None)  # type: ignore[no-any-return]
            dated = scoring._hour
    window = ring.window
    with window.lock:
        if window.inside and window.nested():
            return self._recorder.record(((self._stream, data),), None, None)  # type: ignore[no-any-return]
        if scoring is not None:
            if stream.label in scoring._rows:  # the stream's rows go on from its last call
                return self._recorder.record(((self._stream, data),), None, None)  # type: ignore[no-any-return]
            scoring._rows[stream.label] = 1
        if scoring is not None and scoring.id is not None:
            correlation_id = scoring.id
            time = ids.time(time_ns() // 1000)
            hour = time // HOUR_US if dated < 0 else dated
            time *= 1000
        else:
            now = time_ns()
            try:
                window.inside = True  # for the scoring time
                start, hour, prefix, suffix, _ = ids.hand
                since = now - start
                fits = ids.free <= since < MILLISECOND and since >= 0
                if fits:
                    ids.free = since + 1000
            finally:
                window.inside = False
            if fits:
                time = now
                try:
                    correlation_id = prefix + suffix()
                except StopIteration:
                    correlation_id = ids.id(time // 1000)
            else:
                correlation_id, time, hour = ids.stamp(now // 1000)
                time *= 1000
            if scoring is not None:
                scoring.id, scoring._hour = correlation_id, hour
                cost += 4 * len(correlation_id)
        call = (correlation_id, hour, time, one, cost, origin)
        try:
            window.inside = True  # for the slot, which is free if it is None, and the budget
            tail, used, before = ring._tail, ring.used, account.used
            after = before + cost
            fits = (
                slots[tail & mask] is None
                and used + cost <= ring.budget
                and after <= account.share
                and hour == stream.seen
            )
            if fits:
                try:
                    ring.used = used + cost
                    account.used = after
                    slots[tail & mask] = call
                    ring._tail = tail + 1
                except BaseException:
                    ring.undo(tail, used, ring.over, ring._more, account, before)
                    raise
        finally:
            window.inside = False
    if not fits:
        # No room within the collector's own share, perhaps in free budget; or a new hour.
        return self._recorder.put(whole(call))  # type: ignore[no-any-return]
    if ring.asleep:
        engine.wake()
    return correlation_id


class PythonCollector:
    """The side of a collector that collect() needs, without the native core."""

    __slots__ = ("_gate", "_origin", "_recorder", "_shape", "_stream", "_way")

    def __init__(self, recorder: Recorder, stream: Stream) -> None:
        self._recorder = recorder
        self._stream = stream
        self._gate = recorder.gate
        self._shape, self._way, self._origin = way_of(recorder, stream)

    collect = collect


class PythonModel:
    """The side of a model that collect() needs, without the native core."""

    __slots__ = ("_label", "_recorder", "_streams")

    def __init__(self, recorder: Recorder, *, label: str, streams: dict[str, Stream]) -> None:
        self._recorder = recorder
        self._label = label
        self._streams = streams

    def collect(
        self,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        row: int | None = None,
        **values: Any,
    ) -> str | None:
        """Record a value for each stream, by their names; see Collector.collect."""
        given = paired(values, self._streams, label=self._label)
        return self._recorder.record(given, correlation_id, at, row)
