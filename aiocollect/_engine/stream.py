"""A stream: what the pump must know of where a collector's rows go.

A channel is the lane of one path and header with the accumulator before it. Streams that share path
and header share the channel, since two lanes on one blob would contend with each other.
"""

from __future__ import annotations

from .._core.accumulator import Accumulator
from .._core.lane import Lane
from ..typing import Names
from .freeze import Shape

__all__ = ["METADATA", "Channel", "Stream"]

# The columns after the features: which call, when, and which row of the call.
METADATA = ("$aml_dc_correlation_id", "$aml_dc_scoring_timestamp", "$aml_dc_row")


class Channel:
    """One lane and its accumulator. ``due`` says that rows wait only for the lane to be idle."""

    __slots__ = ("accumulator", "day", "due", "lane", "last_fill")

    def __init__(self, lane: Lane, accumulator: Accumulator, *, day: int) -> None:
        self.lane = lane
        self.accumulator = accumulator
        self.day = day
        self.due = False
        self.last_fill = 0.0

    def __repr__(self) -> str:
        return f"<Channel {self.accumulator!r} before {self.lane!r}>"

    @property
    def rows(self) -> int:
        """Rows that are encoded and not final."""
        return self.accumulator.rows + self.lane.rows


class Stream:
    """The names, the columns and the channels by day of one collector."""

    __slots__ = ("admitted", "channels", "label", "names", "shape")

    def __init__(
        self, names: Names, *, feature_names: tuple[str, ...] | None, max_call_bytes: int
    ) -> None:
        self.names = names
        self.label = f"{names.model}/{names.version}/{names.identifier}"
        self.shape = Shape(self.label, feature_names=feature_names, max_call_bytes=max_call_bytes)
        self.channels: dict[int, Channel] = {}
        self.admitted = False  # its columns are one of the headers that its path may have

    def __repr__(self) -> str:
        return f"<Stream {self.label}, {len(self.channels)} days>"

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns of the file. Only after the first call has fixed the features."""
        features = self.shape.features
        assert features is not None
        return features + METADATA
