"""A stream: what the pump must know of where a collector's rows go.

A channel is the lane of one path and header with the accumulator before it. Streams that share path
and header share the channel, since two lanes on one blob would contend with each other.
"""

from __future__ import annotations

from typing import NamedTuple

from .._core.accumulator import Accumulator
from .._core.lane import Lane
from ..options import Limits
from ..redaction import Rule
from ..typing import Encoder, Layout, Names, Schema
from .cells import Cells
from .freeze import Shape
from .redactor import Redactor

__all__ = ["Channel", "Form", "Stream"]


class Form(NamedTuple):
    """How rows are written, and where: ``ids`` and ``constants`` as in Schema."""

    encoder: Encoder
    layout: Layout
    own: bool  # blobs of this writer alone
    ids: bool
    constants: tuple[tuple[str, str], ...]

    @property
    def key(self) -> tuple[object, ...]:
        """What tells forms apart: a user's encoder or layout need not be hashable."""
        return (id(self.encoder), id(self.layout), *self[2:])


class Channel:
    """One lane and its accumulator. ``due`` says that rows wait only for the lane to be idle.

    ``hour`` is the last one (since 1970) whose rows go through it.
    """

    __slots__ = ("accumulator", "content_type", "due", "hour", "lane", "last_fill")

    def __init__(self, lane: Lane, accumulator: Accumulator, *, content_type: str) -> None:
        self.lane = lane
        self.accumulator = accumulator
        self.content_type = content_type
        self.hour = 0
        self.due = False
        self.last_fill = 0.0

    def __repr__(self) -> str:
        return f"<Channel {self.accumulator!r} before {self.lane!r}>"

    @property
    def rows(self) -> int:
        """Rows that are encoded and not final."""
        return self.accumulator.rows + self.lane.rows


class Stream:
    """The names, the form, the columns and the channels by hour of one collector."""

    __slots__ = (
        *("_schema", "admitted", "channels", "form", "label", "names", "redactor", "shape"),
    )

    def __init__(
        self,
        names: Names,
        *,
        form: Form,
        feature_names: tuple[str, ...] | None,
        limits: Limits,
        rules: tuple[Rule, ...] = (),
    ) -> None:
        self.names = names
        self.form = form
        self.label = f"{names.model}/{names.version}/{names.identifier}"
        self.redactor: Redactor | None = None
        if rules:
            cells = Cells(self.label, media=limits.media)
            self.redactor = Redactor(rules, stream=self.label, cells=cells)
        self.shape = Shape(
            self.label,
            feature_names=feature_names,
            max_call_bytes=limits.max_call_bytes,
            media=limits.media,
            check=None if self.redactor is None else self.redactor.columns,
        )
        self.channels: dict[int, Channel] = {}
        self.admitted = False  # its columns are one of the headers that its path may have
        self._schema: Schema | None = None

    def __repr__(self) -> str:
        return f"<Stream {self.label}, {len(self.channels)} hours>"

    @property
    def schema(self) -> Schema:
        """All columns of the file. Only after the first call has fixed the features."""
        schema = self._schema
        if schema is None:
            features = self.shape.features
            assert features is not None
            if self.redactor is not None:
                features = self.redactor.columns(features)
            schema = self._schema = Schema(features, self.form.ids, self.form.constants)
        return schema
