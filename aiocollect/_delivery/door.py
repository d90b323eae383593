"""The door of a pipeline, as its delivery knows it: the engine."""

from __future__ import annotations

from typing import Protocol

from .._core.calls import Call

__all__ = ["Door"]


class Door(Protocol):
    """Where calls come in. ``asleep``: the next turn comes after a wake, and not by itself."""

    asleep: bool

    def offer(self, call: Call) -> int:
        """Put a call into the ring, or say why not (see ring.py). From any thread."""

    def wake(self) -> None:
        """Take a turn soon. From any thread."""
