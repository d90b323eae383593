"""Turns: which request is sent to the store next.

A path that answers must not wait for those that do not, however many these are. And a lane that has
begun a block goes on before another one begins: else thousands of paths would all be opened before
the first of them stores a row. So requests wait in four queues:

- *begun*: the next request of a lane that was just answered, on its way to its append; nearly
  always the first to go;
- *proven*: of paths whose last answer came in time;
- *new*: of paths of which nothing is known yet; every fourth turn, if both wait;
- *late*: of paths whose last request was overdue. They have places of their own (senders.py), so
  that they take none from other paths; among themselves they are served in order of arrival.
"""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

from .._core.commands import Request
from .channel import Channel, Standing

__all__ = ["Turn", "Turns"]

Turn: TypeAlias = tuple[Channel, Request]

# So many turns in a row go to proven paths while new ones wait; and so many to begun blocks while
# other paths wait, since a lane that contends for its blob can need many requests.
PROVEN_TURNS = 3
STEPS = 15


class Turns:
    """The requests that wait for a place."""

    __slots__ = ("_begun", "_late", "_new", "_proven", "_row", "_steps")

    def __init__(self) -> None:
        self._begun: deque[Turn] = deque()
        self._proven: deque[Turn] = deque()
        self._new: deque[Turn] = deque()
        self._late: deque[Turn] = deque()
        self._row = 0
        self._steps = 0

    def __repr__(self) -> str:
        return f"<Turns {self.prompt} prompt, {self.late} late>"

    @property
    def prompt(self) -> int:
        """How many requests wait whose path was not late."""
        return len(self._begun) + len(self._proven) + len(self._new)

    @property
    def late(self) -> int:
        """How many requests wait whose path was late."""
        return len(self._late)

    def add(self, channel: Channel, request: Request, *, goes_on: bool) -> None:
        """Queue a request of a lane. ``goes_on``: it has begun a block, and was just answered."""
        turn = (channel, request)
        if channel.standing is Standing.LATE:
            (self._late.appendleft if goes_on else self._late.append)(turn)
        elif goes_on:
            self._begun.append(turn)
        elif channel.standing is Standing.PROVEN:
            self._proven.append(turn)
        else:
            self._new.append(turn)

    def take(self) -> Turn | None:
        """Remove and return the next request whose path was not late."""
        if self._begun and (self._steps < STEPS or not (self._proven or self._new)):
            self._steps += 1
            return self._begun.popleft()
        self._steps = 0
        if self._proven and (self._row < PROVEN_TURNS or not self._new):
            self._row += 1
            return self._proven.popleft()
        self._row = 0
        return self._new.popleft() if self._new else None

    def take_late(self) -> Turn | None:
        """Remove and return the next request of the late ones."""
        return self._late.popleft() if self._late else None

    def clear(self) -> None:
        """Drop all requests."""
        for line in (self._begun, self._proven, self._new, self._late):
            line.clear()
