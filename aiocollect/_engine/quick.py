"""The quick way of a row from collect() to the ring: the usual call, in one frame.

The usual call is one row of the stream's width, under an id and time of our own, while all calls
are recorded and there is room. Everything else goes the way that defines what collect() does:
Recorder, Shape, Ids and Ring. Nothing was done for it by then.

This repeats what the other way does, so it must be changed with it: ``Shape.freeze``,
``Cells.row``, ``Ids.time`` and ``Ids.id``, ``Ring.put``, ``Engine.offer``.
tests/property/test_quick_way.py holds the two beside each other; tests/unit/test_quick.py holds the
windows, which are atomic for the reason given at the head of ring.py: nothing is called in them,
made, or repeated.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from .._core.ids import HOUR_US, MILLISECOND
from .._core.ring import Account, Ring
from ..context import in_force
from ..records import whole
from .cells import NUMERIC
from .freeze import Shape
from .recorder import Recorder
from .stream import Stream

__all__ = ["NEVER", "collect", "way_of"]

context: Final = in_force.get
# Of collectors that have no quick way: no row has its length.
NEVER: Final = Shape("", feature_names=None, max_call_bytes=0)


def way_of(
    recorder: Recorder, stream: Stream
) -> tuple[Shape, tuple[Any, ...], tuple[Stream, Account]]:
    """What collect() needs of a collector: whose rows are quick, the parts they go through, which
    are those of all collectors, and where the rows come from."""
    engine = recorder.engine
    # A ring with a lock must be asked; rules of redact= want more than a row.
    able = type(engine.ring) is Ring and stream.redactor is None
    return stream.shape if able else NEVER, engine.way, (stream, recorder.account)


def collect(
    self: Any,
    data: Any,
    *,
    correlation_id: str | None = None,
    at: datetime | float | None = None,
) -> str | None:
    """Record rows; returns their correlation id, or None where they were refused.

    ``data``, with k features: a row of k cells, rows of k cells each, with one feature a column
    of n; as lists, numpy arrays, or whatever has ``__array__``. By name: a dict, dataclass,
    named tuple or pydantic model, a list of these, a table of pandas, polars or Arrow.
    ``correlation_id``: default the one of ``correlation()``, else a new one. ``at``: the
    scoring time, an aware datetime or seconds since 1970 UTC; default now.

    Never waits. Never raises, unless the pipeline is strict: then EncodeError, RingFull or
    PipelineClosed. Switched off it returns ``correlation_id`` and does nothing.
    """
    gate = self._gate
    if not gate.every:
        if not gate.limit:
            return correlation_id
        return self._recorder.record(((self._stream, data),), correlation_id, at)  # type: ignore[no-any-return]
    shape = self._shape
    kind = type(data)
    if kind is list:
        row = cells = tuple(data)
    elif kind is tuple:
        row = cells = data
    elif kind is shape.array and data.dtype is shape.dtype and data.ndim == 1:
        row = tuple(data.tolist())
        cells = ()  # floats all
    else:
        return self._recorder.record(((self._stream, data),), correlation_id, at)  # type: ignore[no-any-return]
    if len(row) != shape.quick_length or correlation_id is not None or at is not None:
        return self._recorder.record(((self._stream, data),), correlation_id, at)  # type: ignore[no-any-return]
    cost = shape.row_cost
    for cell in cells:
        if type(cell) is float:
            continue
        if type(cell) is str:
            cost += 4 * len(cell)
            if cost <= shape.max_bytes:
                continue
        elif type(cell) in NUMERIC:
            continue
        return self._recorder.record(((self._stream, data),), None, None)  # type: ignore[no-any-return]
    engine, ring, slots, mask, time_ns = self._way
    origin = self._origin
    _, account = origin
    ids = engine.ids
    scoring = context()
    if scoring is not None and engine.closed:
        return self._recorder.record(((self._stream, data),), None, None)  # type: ignore[no-any-return]
    if scoring is not None and scoring.id is not None:
        hour = scoring.hour
        correlation_id = scoring.id
        cost += 4 * len(correlation_id)  # it goes into every row
        if hour is None or cost > account.share:
            return self._recorder.record(((self._stream, data),), None, None)  # type: ignore[no-any-return]
        time = ids.time(time_ns() // 1000)
        hour = time // HOUR_US if hour < 0 else hour
        call = (correlation_id, hour, time * 1000, row, cost, origin)
    else:
        now = time_ns()
        # A window: the scoring time.
        hand = ids.hand
        start, hour, prefix, suffix, _ = hand
        since = now - start
        if ids.free <= since < MILLISECOND and since >= 0:
            ids.free = since + 1000
            # Its end.
            try:
                correlation_id = prefix + suffix()
            except StopIteration:
                correlation_id = ids.id((start + since) // 1000)
            time = start + since
        else:
            correlation_id, time, hour = ids.stamp(now // 1000)
            time *= 1000
        if scoring is not None:
            scoring.id, scoring.hour = correlation_id, hour
            cost += 4 * len(correlation_id)
        call = (correlation_id, hour, time, row, cost, origin)
    # A window: the slot, which is free where it holds nothing, and the budget.
    tail = ring._tail
    used = ring.used + cost
    after = account.used + cost
    if slots[tail & mask] is None and used <= ring.budget and after <= account.share:
        ring.used = used
        account.used = after
        slots[tail & mask] = call
        ring._tail = tail + 1
        # Its end.
        if engine.asleep:
            engine.wake()
        return correlation_id
    # No room within the collector's own share: perhaps in what others leave.
    return self._recorder.put(whole(call))  # type: ignore[no-any-return]
