"""A stream: what the pump must know of where a collector's rows go.

A channel is the lane of one path and header with the accumulator before it. Streams that share path
and header share the channel, since two lanes on one blob would contend with each other.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple, cast

from .._core.accumulator import Accumulator, Batch, Block
from .._core.commands import Outcome
from .._core.lane import Lane
from .._core.ring import Account
from .._core.trail import Trail
from ..options import Limits
from ..redaction import Rule
from ..typing import Encoder, Layout, Names, Schema
from .cells import Cells
from .freeze import Shape
from .gate import Gate
from .keeper import Keeper
from .receipts import Receipt, Watched
from .redactor import Redactor

__all__ = ["NOTHING_WAITS", "Channel", "Form", "Parked", "Source", "Standing", "Stream", "Totals"]


class Form(NamedTuple):
    """How rows are written, and where: ``ids`` and ``constants`` as in Schema."""

    encoder: Encoder
    layout: Layout
    own: bool  # blobs of this writer alone
    ids: bool
    constants: tuple[tuple[str, str], ...]

    @property
    def quick(self) -> bool:
        """Whether the encoder is a QuickEncoder; what overrides its encode() alone is none."""
        for kind in type(self.encoder).__mro__:
            if "encode" in vars(kind):
                return "encode_singles" in vars(kind)
        return False

    @property
    def key(self) -> tuple[object, ...]:
        """What tells forms apart: a user's encoder or layout need not be hashable."""
        return (id(self.encoder), id(self.layout), *self[2:])


class Parked(NamedTuple):
    """A sealed batch that is on the disk alone: its rows, as Block and Batch have them."""

    first: int
    rows: int
    size: int
    serial: int
    born: float
    charges: tuple[tuple[Account, int], ...]

    def joined(self, other: Parked) -> Parked:
        """One with the rows behind it."""
        charges = dict(self.charges)
        for account, charged in other.charges:
            charges[account] = charges.get(account, 0) + charged
        return self._replace(
            rows=self.rows + other.rows,
            size=self.size + other.size,
            charges=tuple(charges.items()),
        )


# The backlog of nearly every channel: an empty deque takes 760 bytes. Who puts something there
# makes a deque first.
NOTHING_WAITS: Final = cast("deque[Batch | Parked]", ())


class Standing(enum.Enum):
    """What the last request of a path says about the next one."""

    NEW = "new"  # nothing yet
    PROVEN = "proven"  # it was answered in time
    LATE = "late"  # it was overdue


class Totals:
    """Over all channels of a pipeline, in rows, so that nobody needs to add them up: ``parked`` on
    the disk alone, and ``ended`` finally."""

    __slots__ = ("ended", "parked")

    def __init__(self) -> None:
        self.parked = self.ended = 0

    def __repr__(self) -> str:
        return f"<Totals {self.ended} ended, {self.parked} parked>"


class Channel:
    """One lane and its accumulator. ``due`` says that rows wait only for the lane to be idle.

    ``hour`` is the last one (since 1970) whose rows go through it.

    With a spool it has a ``keeper``, who keeps its rows, and a ``trail`` of them; ``keeping`` are
    rows on their way to the disk, not coalesced yet. What memory does not hold stands in the
    ``backlog``, Parked, and with it all sealed batches behind.

    It is charged to the budget of the ``payer`` whose row it was opened for, until it is
    ``closed``: forgotten, and never used again.
    """

    __slots__ = (
        *("accumulator", "backlog", "closed", "content_type", "due", "hour", "keeper", "keeping"),
        *("_parked", "_totals", "lane", "last_fill", "payer", "standing", "trail", "watched"),
    )

    def __init__(
        self, lane: Lane, accumulator: Accumulator, *, content_type: str, totals: Totals
    ) -> None:
        self.lane = lane
        self.accumulator = accumulator
        self.content_type = content_type
        self.hour = 0
        self.due = False
        self.last_fill = 0  # in percent, of the last batch
        self.keeper: Keeper | None = None
        self.trail: Trail | None = None
        self.keeping = 0
        self.backlog = NOTHING_WAITS
        self.watched: Watched | None = None  # where a receipt was asked for
        self.standing = Standing.NEW
        self.payer: Account | None = None
        self.closed = False
        self._parked = 0
        self._totals = totals

    def __repr__(self) -> str:
        return f"<Channel {self.accumulator!r} before {self.lane!r}>"

    @property
    def parked(self) -> int:
        """Rows of the backlog that are on the disk alone."""
        return self._parked

    @parked.setter
    def parked(self, rows: int) -> None:
        self._totals.parked += rows - self._parked
        self._parked = rows

    @property
    def rows(self) -> int:
        """Rows that are encoded, in memory, and not final."""
        waiting = sum(b.block.rows for b in self.backlog if isinstance(b, Batch))
        return self.keeping + self.accumulator.rows + self.lane.out.rows + waiting

    @property
    def idle(self) -> bool:
        """Whether nothing of it waits, in memory or on the disk."""
        waits = self.keeping or self.accumulator.rows or self.backlog or self.lane.out
        return not waits

    def kept(self, block: Block) -> bool:
        """Whether the block's rows are in the spool, for another life to go on with."""
        keeper, trail = self.keeper, self.trail
        if keeper is None or trail is None or not keeper.alive:
            return False
        return trail.within(block.first, block.rows) is not None

    def close(self) -> None:
        """Nothing of it is left: another channel may have its place in the spool."""
        self.closed = True
        if self.keeper is not None and self.trail is not None:
            self.keeper.journal.close_trail(self.trail)

    def unsure(self, block: Block) -> bool:
        """Whether nobody knows yet if rows of the block come to the disk."""
        keeper, trail = self.keeper, self.trail
        if keeper is None or trail is None or not keeper.writing(trail):
            return False
        return block.last >= trail.kept_to

    def intend(self, known: Callable[[], None]) -> None:
        """Call ``known`` when the spool knows what the lane is about to send."""
        if self.keeper is None or self.trail is None:
            known()
        else:
            self.keeper.intend(self.trail, *self.lane.under_way, self.lane.stand, known)

    def watch(self, first: int, rows: int, receipt: Receipt) -> None:
        """Rows of the receipt's call have these numbers in the lane."""
        if self.watched is None:
            self.watched = Watched()
        self.watched.add(first, rows, receipt)

    def finish(self, first: int, rows: int, outcome: Outcome) -> None:
        """Rows have become final: the spool need not keep them, and whoever asked is told."""
        if self.watched is not None:
            self.watched.settle(first, rows, outcome)
            if not self.watched:
                self.watched = None
        if outcome is Outcome.SPOOLED:
            return
        if self.keeper is not None and self.trail is not None:
            stand = self.lane.stand
            if outcome is Outcome.POSSIBLY_STORED and stand.blind:
                # They may fill the position yet, and another life could not tell by whom.
                stand = stand._replace(part=stand.part + 1, position=None)
            self.keeper.finish(self.trail, first, rows, stand)


class Source(NamedTuple):
    """Where rows of several streams come from: a model."""

    streams: tuple[Stream, ...]  # the first of them holds this
    account: Account
    gate: Gate


class Stream:
    """The names, the form, the columns and the channels by hour of one collector.

    ``channel`` is the one of the ``hour`` (since 1970) that the pump, which alone asks, asked for
    last. ``seen`` is the hour of the latest row that was accepted: one of another hour may open a
    path, and is charged for it (Engine.offer).
    """

    __slots__ = (
        *("_others", "_schema", "admitted", "channel", "form", "hour", "label", "names"),
        *("__weakref__", "account", "gate", "header", "models", "redactor", "seen", "shape"),
        "wanted",
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
        self.shape.writes = form.quick and not rules
        # Share of the budget and gate of its collector, and of models that it is the first of.
        self.account: Account | None = None
        self.gate: Gate | None = None
        self.models: tuple[Source, ...] = ()
        self.wanted = False  # it was asked for again, see streams.py
        self.header = b""  # once it is admitted
        self.seen = -1
        self.hour = -1
        self.channel: Channel | None = None
        self._others: dict[int, Channel] | None = None  # of other hours, where there are any
        self.admitted = False  # its columns are one of the headers that its path may have
        self._schema: Schema | None = None

    def __repr__(self) -> str:
        return f"<Stream {self.label}, {len(self.channels)} channels>"

    @property
    def channels(self) -> set[Channel]:
        """The channels that its rows have gone through, as far as they are not forgotten."""
        found = set((self._others or {}).values())
        return found if self.channel is None else found | {self.channel}

    def turn_to(self, hour: int) -> Channel | None:
        """The channel of this hour, which is the one at hand from now on; None: it has none."""
        channel = self._others.pop(hour, None) if self._others else None
        if channel is None or channel.closed:
            return None
        self.open(hour, channel)
        return channel

    def knows(self, hour: int) -> bool:
        """Whether rows of this hour have a channel. From any thread: at a guess."""
        return hour == self.hour or (self._others is not None and hour in self._others)

    def open(self, hour: int, channel: Channel) -> None:
        """Rows of this hour go through the channel, which is the one at hand from now on."""
        if self.channel is not None:
            if self._others is None:
                self._others = {}
            self._others[self.hour] = self.channel
        self.hour, self.channel = hour, channel

    def tidy(self) -> None:
        """Whoever asks for the hours of closed channels has to look for one."""
        if self.channel is not None and self.channel.closed:
            self.hour, self.channel = -1, None
        if self._others:
            left = {hour: one for hour, one in self._others.items() if not one.closed}
            self._others = left or None

    def forget(self) -> None:
        """Have no channel."""
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
        """All that it holds."""
        found = [(one.account, one.gate) for one in self.models]
        if self.account is not None and self.gate is not None:
            found.append((self.account, self.gate))
        return found

    def admit(self, schema: Schema) -> None:
        """Its columns, which are fixed by now, are one of the headers that its path may have.
        ``schema``: the equal one of other streams."""
        self._schema = schema
        self.admitted = True
        self.shape.admit()
