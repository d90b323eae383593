"""A stream: how a collector's rows are written, and where."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._core.gate import Gate
from .._core.ring import Account
from .._native import StreamBase, runs
from .._values.cells import Cells
from .._values.redactor import Redactor
from .._values.shape import Shape
from ..options import Limits
from ..redaction import Rule
from ..typing import Encoder, Layout, Names, Schema
from .channel import Channel

__all__ = ["Form", "Source", "Stream"]


class Form(NamedTuple):
    """How rows are written, and to which paths; ``ids`` and ``constants`` as in Schema."""

    encoder: Encoder
    layout: Layout
    own: bool  # files of this writer alone
    ids: bool
    constants: tuple[tuple[str, str], ...]

    @property
    def native(self) -> bool:
        """Whether the native core writes what the encoder does: see CsvEncoder.native."""
        native = getattr(self.encoder, "native", None)
        return native is not None and native(Schema(("f",), True, ())) is not None

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal forms: a user's encoder or layout need not be hashable."""
        return (id(self.encoder), id(self.layout), *self[2:])


class Source(NamedTuple):
    """The account and gate of a model, which has several streams."""

    streams: tuple[Stream, ...]  # the first of them holds this
    account: Account
    gate: Gate


class Stream(StreamBase):
    """The names, form, columns and channels of one collector.

    ``types``: pairs of a column and the word for its declared type, for those who read.
    ``channel`` is that of the ``hour`` (since 1970) that the pump asked for last; only the pump
    asks. ``seen`` is the hour of the latest row that was accepted: a row of another hour may open a
    path, and is charged for it (Engine.offer).
    """

    __slots__ = (
        *("_schema", "admitted", "channel", "form", "names", "wanted"),
        *("native", "origin"),
        *("__weakref__", "account", "gate", "header", "models", "redactor", "shape", "types"),
    )

    def __init__(
        self,
        names: Names,
        *,
        form: Form,
        feature_names: tuple[str, ...] | None,
        limits: Limits,
        rules: tuple[Rule, ...] = (),
        types: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.names = names
        self.form = form
        self.types = types
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
        # Account and gate of its collector, and of the models whose first stream it is.
        self.account: Account | None = None
        self.gate: Gate | None = None
        self.models: tuple[Source, ...] = ()
        self.wanted = False  # it was asked for again: see streams.py
        self.header = b""  # once it is admitted
        # For the native core: whether it may write the rows, and where they come from.
        self.native = runs and not rules and form.native
        self.origin: Any = None
        self.seen = -1
        self.hour = -1
        self.channel: Channel | None = None
        self._others = None  # of other hours, if there are any
        self.admitted = False  # its header is one of the few that its path can have
        self._schema: Schema | None = None

    def __repr__(self) -> str:
        return f"<Stream {self.label}, {len(self.channels)} channels>"

    @property
    def channels(self) -> set[Channel]:
        """The channels that its rows have gone through, except dropped ones."""
        found = set((self._others or {}).values())
        return found if self.channel is None else found | {self.channel}

    def turn_to(self, hour: int) -> Channel | None:
        """Make the channel of this hour the current one; None if it has none."""
        channel: Channel | None = self._others.pop(hour, None) if self._others else None
        if channel is None or channel.closed:
            return None
        self.open(hour, channel)
        return channel

    def knows(self, hour: int) -> bool:
        """Whether rows of this hour have a channel. From any thread, where it is an estimate."""
        return hour == self.hour or (self._others is not None and hour in self._others)

    def open(self, hour: int, channel: Channel) -> None:
        """Rows of this hour go through the channel, which is the current one from now on."""
        if self.channel is not None:
            if self._others is None:
                self._others = {}
            self._others[self.hour] = self.channel
        self.hour, self.channel = hour, channel

    def tidy(self) -> None:
        """Remove closed channels."""
        if self.channel is not None and self.channel.closed:
            self.hour, self.channel = -1, None
        if self._others:
            left = {hour: one for hour, one in self._others.items() if not one.closed}
            self._others = left or None

    def forget(self) -> None:
        """Remove all channels."""
        self.seen, self.hour, self.channel, self._others = -1, -1, None, None

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

    @property
    def sources(self) -> list[tuple[Account, Gate]]:
        """All accounts and gates that it holds."""
        found = [(one.account, one.gate) for one in self.models]
        if self.account is not None and self.gate is not None:
            found.append((self.account, self.gate))
        return found

    def admit(self, schema: Schema) -> None:
        """Its header is one of the few that its path can have. ``schema`` is the equal one of other
        streams."""
        self._schema = schema
        self.admitted = True
        self.shape.admit()
