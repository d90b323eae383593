"""Collectors without the native core: collect() in Python, which says what it does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .._delivery.stream import Stream
from .recorder import Recorder
from .together import paired

__all__ = ["PythonCollector", "PythonModel"]


class PythonCollector:
    """The side of a collector that collect() needs."""

    __slots__ = ("_recorder", "_stream")

    def __init__(self, recorder: Recorder, stream: Stream) -> None:
        self._recorder = recorder
        self._stream = stream

    def collect(
        self,
        data: Any,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        row: int | None = None,
    ) -> str | None:
        """Record rows; returns their correlation id, or None if they are refused.

        ``data``: with k features, one row of k cells or several rows of k cells; with one feature,
        n cells are n rows. As lists, numpy arrays, or anything with ``__array__``. By name: a dict,
        a named tuple, a record of dataclasses, attrs, msgspec, pydantic or numpy, a row of a frame,
        a table of pandas, polars or Arrow, or a list of these.

        ``correlation_id``: an id of your own; by default that of ``correlation()``, else a new one.
        ``at``: the scoring time, a datetime with a time zone or seconds since 1970 UTC; by default
        now. ``row``: the index of the first row, for data that belongs to row k of an earlier call;
        by default 0, or under one ``correlation()`` where the stream's last call ended.

        Never waits. Never raises, unless the pipeline is strict (EncodeError, RingFull,
        PipelineClosed) or has when_full="raise" (RingFull). Switched off it returns
        ``correlation_id`` and does nothing.
        """
        return self._recorder.record(((self._stream, data),), correlation_id, at, row)


class PythonModel:
    """The side of a model that collect() needs."""

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
