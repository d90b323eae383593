"""The streams of a pipeline: one for each names, form, columns and rules; their number is bounded.

A program can create its collector for each request: the same arguments give the same stream. But a
new lambda in ``redact=``, a new encoder, or columns made from data give a new stream each time. A
stream lives as long as its collector is referenced, or has rows on their way. Beyond these the
latest ones are kept, so that a later collector with the same arguments has the columns that the
first call has fixed.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

from .._hooks.hooks import Hooks
from ..events import StreamsForgotten
from .stream import Stream

__all__ = ["Alike", "Streams"]

_T = TypeVar("_T")

# So many are kept, referenced or not; each takes about 3 KB, with account and gate.
KEPT: Final = 1024
# So many equal values are shared: names of columns, schemas and headers. Then all are forgotten:
# values in use stay as they are, and are only not shared with later streams.
ALIKE: Final = 4096


class Streams:
    """The ``hooks`` get an event, now and then, of how many were forgotten since the last one."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._all: WeakValueDictionary[tuple[object, ...], Stream] = WeakValueDictionary()
        self._latest: deque[Stream] = deque()
        self._making = threading.RLock()
        self._made = self._told = 0

    def __repr__(self) -> str:
        return f"<Streams {len(self)}, {len(self._latest)} kept>"

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Stream]:
        with self._making:
            return iter(list(self._all.values()))

    def renew(self) -> None:
        """In a child process: a thread of the parent may have held the lock."""
        self._making = threading.RLock()

    def get(self, key: tuple[object, ...]) -> Stream | None:
        """The stream of this key, if there is one. From any thread."""
        stream = self._all.get(key)
        if stream is not None:
            stream.wanted = True
        return stream

    def add(self, key: tuple[object, ...], stream: Stream) -> Stream:
        """Add the stream. Returns it, or the one that another thread has added meanwhile: two
        shapes of one stream could differ."""
        with self._making:
            found = self._all.setdefault(key, stream)
            if found is not stream:
                return found
            self._latest.append(stream)
            while len(self._latest) > KEPT:
                oldest = self._latest.popleft()
                if oldest.wanted:  # a second chance
                    oldest.wanted = False
                    self._latest.append(oldest)
            self._made += 1
            forgotten = self._made - len(self._all) - self._told
            if forgotten >= KEPT:
                self._told += forgotten
        if forgotten >= KEPT:
            self._hooks.emit(StreamsForgotten(streams=forgotten))
        return stream


class Alike:
    """Shares equal values of many streams. From any thread."""

    def __init__(self) -> None:
        self._values: dict[Any, Any] = {}

    def one(self, value: _T) -> _T:
        """The equal value that other streams have, else this one, which is shared from now on."""
        if len(self._values) >= ALIKE:
            self._values = {}
        found: _T = self._values.setdefault(value, value)
        return found

    def find(self, value: _T) -> _T:
        """The equal value that other streams have, else this one, which is not shared."""
        found: _T = self._values.get(value, value)
        return found
