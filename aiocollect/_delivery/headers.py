"""The headers of each path: few a day. More of them mean that column names are made from data."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from ..typing import Names

__all__ = ["Headers"]

# So many paths have their headers remembered; the oldest ones are forgotten.
PATHS: Final = 20_000


class Headers:
    """Admits ``most`` headers for each stream's names and day. From any thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._first: dict[Names, bytes] = {}
        self._more: dict[Names, tuple[bytes, ...]] = {}  # further headers, if there are any
        self._admitting = threading.RLock()

    def __repr__(self) -> str:
        return f"<Headers of {len(self._first)} paths>"

    def renew(self) -> None:
        """In a child process: a thread of the parent may have held the lock."""
        self._admitting = threading.RLock()

    def admit(self, names: Names, header: bytes) -> bool:
        """Whether this header is one of the few."""
        with self._admitting:
            if self._first.setdefault(names, header) == header:
                if len(self._first) > PATHS:
                    oldest = next(iter(self._first))
                    del self._first[oldest]
                    self._more.pop(oldest, None)
                return True
            more = self._more.get(names, ())
            if header in more:
                return True
            if len(more) + 1 >= self._most:
                return False
            self._more[names] = (*more, header)
            return True

    def new_day(self, admitted: Iterable[tuple[Names, bytes]]) -> None:
        """Start counting again, with the headers that are in use."""
        with self._admitting:
            self._first.clear()
            self._more.clear()
            for names, header in admitted:
                self.admit(names, header)
