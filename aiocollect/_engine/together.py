"""Several streams of one model, recorded together by the names of the streams."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .._delivery.stream import Stream
from .recorder import Recorder

__all__ = ["PythonModel", "paired", "record_together"]


def paired(
    values: dict[str, Any], streams: dict[str, Stream], *, label: str
) -> list[tuple[Stream, Any]]:
    """Each value with its stream. A wrong name is TypeError: it is in the program, not in the data,
    and as loud as any unknown argument."""
    unknown = values.keys() - streams.keys()
    if unknown or not values:
        wrong = f"has no stream {', '.join(sorted(unknown))}" if unknown else "needs a stream"
        raise TypeError(f"collect() of {label} {wrong}; it has {', '.join(streams)}")
    return [(streams[name], value) for name, value in values.items()]


def record_together(
    recorder: Recorder,
    label: str,
    streams: dict[str, Stream],
    /,
    *,
    correlation_id: str | None = None,
    at: datetime | float | None = None,
    row: int | None = None,
    **values: Any,
) -> str | None:
    """Record a value for each stream, by their names."""
    return recorder.record(paired(values, streams, label=label), correlation_id, at, row)


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
