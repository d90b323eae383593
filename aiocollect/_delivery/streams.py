"""The streams of a pipeline: made once for their names, form, columns and rules, and bounded.

A collector may be asked for at each request: the same words give the same stream. But a lambda in
``redact=`` or an encoder of one's own made per request is another one each time, and so are columns
that are made of data. Such streams live as long as somebody holds their collector, or rows of
theirs are on their way; beyond these the latest are kept, since who comes back for one by its words
must find its columns as the first call has fixed them.
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

# So many are kept that nobody may hold any more, of about 3 KB each with account and gate.
KEPT: Final = 1024
# Equal values that are shared: names of columns, schemas and headers. All are forgotten at once:
# what is in use stays where it is, and is only not shared with later ones.
ALIKE: Final = 4096


class Streams:
    """The hooks hear, now and then, how many were forgotten since the last time."""

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
        """The stream, or the one that another thread has made meanwhile: two shapes of one stream
        could differ."""
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
    """One copy of what many streams have alike. From any thread."""

    def __init__(self) -> None:
        self._values: dict[Any, Any] = {}

    def one(self, value: _T) -> _T:
        """The value, or the equal one that others have already."""
        if len(self._values) >= ALIKE:
            self._values = {}
        found: _T = self._values.setdefault(value, value)
        return found

    def find(self, value: _T) -> _T:
        """The equal one that others have already, or the value, which is not kept."""
        found: _T = self._values.get(value, value)
        return found
