"""The channels: which lane a stream's rows of an hour go through.

Streams are made once for their names, form and columns; channels once for their path and header.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from .._core.ring import Account
from .._core.settings import Settings
from .._hooks.hooks import Hooks
from ..errors import ConfigError, EncodeError
from ..redaction import Rule
from ..typing import Names
from .channel import Channel, Totals
from .channel_builder import ChannelBuilder
from .headers import Headers
from .path_prices import PathPrices
from .stream import Form, Stream
from .streams import Alike, Streams

__all__ = ["Channels"]

_T = TypeVar("_T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Idle channels are dropped when the hour changes, and when the number of channels has doubled, but
# is at least this: a backfill of years opens one per day and stream.
FORGET_ABOVE = 256
# So many forms are shared by streams; further streams have their own.
FORMS = 256
# So many are looked at in a turn, in 0.2 ms; all once a second while the budget is nearly used.
SWEEP = 256
PRESSED_EVERY = 1.0
# For so many dropped channels the part is remembered; others look through their parts again.
PARTS_KEPT = 10_000
# Late rows are mostly late by minutes: the channels of yesterday are kept.
KEEP_HOURS = 48


class Witness(Protocol):
    """Who wants to know which lanes there are: the log."""

    def opened(self, channel: Channel, stream: Stream) -> None:
        """A channel was opened, for rows of this stream."""

    def closed(self, channel: Channel) -> None:
        """An idle channel is dropped."""


class Channels:
    """All streams and channels of one pipeline. Iterates over the channels. The ``witness`` hears
    of each that is opened or dropped."""

    def __init__(
        self,
        settings: Settings,
        *,
        writer: str,
        prices: PathPrices,
        hooks: Hooks,
    ) -> None:
        self._prices = prices
        self._settings = settings
        self._writer = writer
        self.builder = ChannelBuilder(settings)
        self.streams = Streams(hooks)
        self._forms: dict[tuple[object, ...], Form] = {}
        self._alike = Alike()
        self._headers = Headers(settings.limits.max_headers)
        self._channels: dict[tuple[str, bytes, bool], Channel] = {}
        self._adopted: dict[Channel, None] = {}  # from other processes
        # By path: the number of its headers so far; and how many of these have a channel that is
        # open or remembered, if that is not 1.
        self._headers_on: dict[str, int] = {}
        self._known_on: dict[str, int] = {}
        # Part and ordinal of dropped channels that had rolled, or had files of their own: so no
        # earlier part is looked at again. A channel that is no longer remembered begins with the
        # first part, which can have the header of another one, and walks on from there.
        self._parts: dict[tuple[str, bytes, bool], tuple[int, int]] = {}
        self._serials = 0  # of the lanes so far, in this life
        self.witness: Witness | None = None
        self._hour = 0
        self._forget_at = FORGET_ABOVE
        # What is still to be looked at, from its end: keys of channels, then streams.
        self._sweep: list[tuple[str, bytes, bool] | Stream] = []
        self._pressed = False
        self._next_pressed = 0.0

    def __repr__(self) -> str:
        return f"<Channels {len(self._channels)} of {len(self.streams)} streams>"

    def __len__(self) -> int:
        return len(self._channels)

    def __iter__(self) -> Iterator[Channel]:
        return iter([*self._channels.values(), *self._adopted])

    @property
    def writer(self) -> str:
        """The id of this process's rows and blobs."""
        return self._writer

    @property
    def totals(self) -> Totals:
        """Rows of all channels."""
        return self.builder.totals

    # Streams, from any thread -----------------------------------------------------------------

    def open_stream(
        self,
        names: Names,
        *,
        form: Form,
        feature_names: tuple[str, ...] | None,
        rules: tuple[Rule, ...] = (),
        types: tuple[tuple[str, str], ...] = (),
    ) -> Stream:
        """The stream of these names, form, columns, rules and types; the same one for the same
        ones.

        Raises ConfigError for names that cannot make a path.
        """
        _check_text(names)
        key = (names, feature_names, form.key, rules, types)
        stream = self.streams.get(key)
        if stream is None:
            self.check(names, form)
            form_key, feature_names = self._one(form.key), self._one(feature_names)
            types = self._one(types)
            key = (names, feature_names, form_key, rules, types)
            if len(self._forms) >= FORMS:  # encoders or layouts are created for each request
                self._forms.clear()
            stream = Stream(
                names,
                form=self._forms.setdefault(form_key, form),
                feature_names=feature_names,
                limits=self._settings.limits,
                rules=rules,
                types=types,
            )
            stream = self.streams.add(key, stream)
        return stream

    def _one(self, value: _T) -> _T:
        return self._alike.one(value)

    def check(self, names: Names, form: Form) -> None:
        """Raise ConfigError for names that cannot make a path."""
        _check_text(names)
        form.layout.path(names, _EPOCH, extension=form.encoder.extension)

    def admits(self, stream: Stream) -> bool:
        """Whether the stream's header is one of the few that its path can have."""
        header = stream.form.encoder.header(stream.schema)
        if type(header) is not bytes:
            raise EncodeError(
                f"{stream.label}: header() of the encoder returned something other than bytes"
            )
        header = self._alike.find(header)
        if not self._headers.admit(stream.names, header):
            return False
        stream.header = self._one(header)
        stream.admit(self._one(stream.schema))
        return True

    # Channels, the pump alone -----------------------------------------------------------------

    def channel_of(self, stream: Stream, hour: int) -> Channel:
        """The channel of a stream's rows of one hour (since 1970).

        Raises whatever the layout raises, and EncodeError for a path that no store may take.
        """
        found = stream.turn_to(hour)
        if found is not None:
            return found
        form = stream.form
        if hour == self._hour:
            hour = self._hour  # one int object for all
        path = form.layout.path(
            stream.names, _EPOCH + timedelta(hours=hour), extension=form.encoder.extension
        )
        _check_path(path)
        header = self._one(form.encoder.header(stream.schema))
        channel = self._channels.get((path, header, form.own))
        if channel is None:
            channel = self._channels[path, header, form.own] = self._open(path, header, form)
            if self.witness is not None:
                self.witness.opened(channel, stream)
        channel.hour = max(channel.hour, hour)
        stream.open(hour, channel)
        return channel

    def _open(self, path: str, header: bytes, form: Form) -> Channel:
        index, ordinal = self._parts.pop((path, header, form.own), (0, -1))
        if ordinal < 0:
            ordinal = self._headers_on.get(path, 0)
            self._headers_on[path] = ordinal + 1
            if ordinal:
                self._known_on[path] = self._known_on.get(path, 1) + 1
        channel = self.builder.build(
            path,
            header=header,
            writer=self._writer,
            own=form.own,
            ordinal=ordinal,
            serial=self._serials,
            content_type=form.encoder.content_type,
        )
        channel.lane.parts.index = index
        self._serials += 1
        return channel

    def opened(self, channel: Channel, account: Account) -> None:
        """A row of this account goes through the channel."""
        self._prices.opened(channel, account, paths=len(self))

    def clear(self, *, writer: str) -> None:
        """Start without channels and with a new writer id: in a child process, or again."""
        self._writer = writer
        self._serials = 0
        self.streams.renew()
        self._headers.renew()
        self.builder.clear()
        for channel in self._channels.values():
            channel.turn_away()
        self._channels.clear()
        self._adopted.clear()
        self._parts.clear()
        self._headers_on.clear()
        self._known_on.clear()
        self._sweep.clear()
        for stream in self.streams:
            stream.forget()

    def adopt(self, channel: Channel) -> None:
        """Add a channel from another process, until its rows are final. It gets no new rows."""
        self._adopted[channel] = None

    def forget_adopted(self, channel: Channel) -> None:
        """Drop a channel from another process, if it has no rows left."""
        if channel in self._adopted and channel.idle:
            del self._adopted[channel]

    def forget(self, hour: int, *, now: float, pressed: bool) -> float | None:
        """Drop idle channels of days before yesterday, so that their number stays bounded. While
        the budget is ``pressed``, drop all idle ones of other hours than ``hour``, since each is
        charged to it. Works in slices; returns in how many seconds to go on, None if it is done.

        Only between two turns of the pump, since a turn holds channels. A late row opens a new
        channel, which looks at the part again; one with files of its own goes to its next part,
        since it may have lost the right to read. A channel without that right stays.
        """
        if not self._sweep:
            due = pressed and now >= self._next_pressed
            if hour == self._hour and len(self._channels) < self._forget_at and not due:
                return self._next_pressed - now if pressed and self._channels else None
            if hour // 24 != self._hour // 24:
                self._headers.new_day((one.names, one.header) for one in self.streams if one.header)
            self._hour = hour
            self._pressed = pressed
            self._next_pressed = now + PRESSED_EVERY
            # The oldest first: of those that are dropped the last ones are remembered.
            self._sweep = [*self.streams, *reversed(self._channels)]
        for _ in range(min(SWEEP, len(self._sweep))):
            one = self._sweep.pop()
            if isinstance(one, Stream):
                one.tidy()
            else:
                self._look_at(one)
        if not self._sweep:
            self._forget_at = max(FORGET_ABOVE, 2 * len(self._channels))
        return 0.0 if self._sweep else None

    def _look_at(self, key: tuple[str, bytes, bool]) -> None:
        """Drop a channel that is not needed."""
        channel = self._channels.get(key)
        if channel is None or not channel.idle or channel.lane.blind:
            return
        recent = self._hour - KEEP_HOURS <= channel.hour <= self._hour
        if recent and not (self._pressed and (channel.hour != self._hour or self._many)):
            return
        del self._channels[key]
        channel.close()
        if self.witness is not None:
            self.witness.closed(channel)
        self._prices.forgotten(channel)
        parts = channel.lane.parts
        if not parts.index and not parts.own:
            self._unknown(parts.path)
            return
        if len(self._parts) >= PARTS_KEPT:
            eldest = next(iter(self._parts))
            del self._parts[eldest]
            self._unknown(eldest[0])
        self._parts[key] = parts.index + parts.own, parts.ordinal

    def _unknown(self, path: str) -> None:
        """A channel of the path is neither open nor remembered any more."""
        known = self._known_on.pop(path, 1) - 1
        if not known:
            del self._headers_on[path]
        elif known > 1:
            self._known_on[path] = known

    @property
    def _many(self) -> bool:
        """Whether there are so many channels that they take most of the budget."""
        settings = self._settings
        return len(self._channels) * settings.path_cost > settings.max_memory_bytes // 2


def _check_text(names: Names) -> None:
    for field, value in zip(Names._fields, names, strict=True):
        if not isinstance(value, str):
            raise ConfigError(f"{field} must be text, not {type(value).__name__}")


def _check_path(path: object) -> None:
    """Refuse paths that would leave the container: a layout can be a user's."""
    sound = isinstance(path, str) and path.isprintable() and "\\" not in path
    if not sound or any(not segment.strip(".") for segment in str(path).split("/")):
        raise EncodeError(
            "path() of the layout returned a path that is empty or not valid", reason="layout"
        )
