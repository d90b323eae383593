"""The channels: which lane a stream's rows of a day go through.

Streams are made once for their names and columns, channels once for their path and header.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from .._core.accumulator import Accumulator
from .._core.backoff import Backoff
from .._core.lane import Lane
from .._core.limits import BatchLimits, PartLimits
from .._core.parts import Parts
from ..errors import ConfigError
from ..options import Settings
from ..typing import Encoder, Layout, Names
from .stream import Channel, Stream

__all__ = ["Channels"]

_EPOCH = date(1970, 1, 1)


class Channels:
    """All streams and channels of one pipeline. Iterates over the channels."""

    def __init__(
        self, settings: Settings, *, encoder: Encoder, layout: Layout, writer: str
    ) -> None:
        self._settings = settings
        self._encoder = encoder
        self._layout = layout
        self._writer = writer
        limits = settings.limits
        self._batch_limits = BatchLimits(
            max_bytes=settings.max_batch_bytes,
            linger=settings.linger,
            max_blocks=limits.max_blocks,
        )
        self._part_limits = PartLimits(
            max_blocks=limits.max_blocks, max_bytes=limits.max_blob_bytes
        )
        self._streams: dict[tuple[Names, tuple[str, ...] | None], Stream] = {}
        self._headers: dict[Names, set[tuple[str, ...]]] = {}
        self._channels: dict[tuple[str, bytes], Channel] = {}
        self._headers_on: dict[str, int] = {}  # path to its number of channels so far
        self._newest_day = 0

    def __repr__(self) -> str:
        return f"<Channels {len(self._channels)} of {len(self._streams)} streams>"

    def __len__(self) -> int:
        return len(self._channels)

    def __iter__(self) -> Iterator[Channel]:
        return iter(list(self._channels.values()))

    # Streams, from any thread -----------------------------------------------------------------

    def open_stream(self, names: Names, *, feature_names: tuple[str, ...] | None) -> Stream:
        """The stream of these names and columns; the same one for the same ones.

        Raises ConfigError for names that cannot make a path.
        """
        _check_text(names)
        stream = self._streams.get((names, feature_names))
        if stream is None:
            self.check(names)
            stream = self._streams[names, feature_names] = Stream(
                names,
                feature_names=feature_names,
                max_call_bytes=self._settings.limits.max_call_bytes,
            )
        return stream

    def check(self, names: Names) -> None:
        """Raise ConfigError for names that cannot make a path."""
        _check_text(names)
        self._layout.path(names, _EPOCH, extension=self._encoder.extension)

    def admits(self, stream: Stream) -> bool:
        """Whether the stream's columns are one of the few headers that its path may have."""
        headers = self._headers.setdefault(stream.names, set())
        if stream.columns not in headers:
            if len(headers) >= self._settings.limits.max_headers:
                return False
            headers.add(stream.columns)
        stream.admitted = True
        return True

    # Channels, the pump alone -----------------------------------------------------------------

    def channel_of(self, stream: Stream, day: int) -> Channel:
        """The channel of a stream's rows of one day (since 1970)."""
        path = self._layout.path(
            stream.names, _EPOCH + timedelta(days=day), extension=self._encoder.extension
        )
        header = self._encoder.header(stream.columns)
        channel = self._channels.get((path, header))
        if channel is None:
            settings = self._settings
            ordinal = self._headers_on.get(path, 0)
            self._headers_on[path] = ordinal + 1
            parts = Parts(
                path,
                header=header,
                limits=self._part_limits,
                writer=self._writer,
                own=settings.writer == "own",
                ordinal=ordinal,
            )
            backoff = Backoff(base=settings.retry.base, cap=settings.retry.cap)
            lane = Lane(parts, backoff=backoff, hold=settings.retry.hold)
            channel = Channel(lane, Accumulator(self._batch_limits), day=day)
            self._channels[path, header] = channel
            if day > self._newest_day:
                self._newest_day = day
                self._forget_old_days()
        stream.channels[day] = channel
        return channel

    def _forget_old_days(self) -> None:
        """Drop the idle channels of days before yesterday, so that years do not pile up.

        A late row makes a new one, which looks at the part again. A lane that may not look must
        remember its position, so it stays.
        """
        old = self._newest_day - 1
        forgotten = {
            channel
            for channel in self
            if channel.day < old and not channel.rows and not channel.lane.blind
        }
        for key, channel in list(self._channels.items()):
            if channel in forgotten:
                del self._channels[key]
        for stream in self._streams.values():
            for day, channel in list(stream.channels.items()):
                if channel in forgotten:
                    del stream.channels[day]
        paths = {path for path, _ in self._channels}
        for path in self._headers_on.keys() - paths:
            del self._headers_on[path]


def _check_text(names: Names) -> None:
    for field, value in zip(Names._fields, names, strict=True):
        if not isinstance(value, str):
            raise ConfigError(f"{field} must be text, not {type(value).__name__}")
