"""What was seen while reading and is not in the rows: notes, each with its code. Pure."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ReadNote", "Notes"]


class ReadNote(NamedTuple):
    """``code`` is for programs, ``text`` for people: ``mixed``, ``declared``, ``absent``, ``torn``,
    ``rows`` (left out), ``part`` (left out), ``foreign``, ``labels``, ``doubled``, ``span``,
    ``times``, ``compacted``; of a follower ``removed``, ``replaced``, ``unreachable``,
    ``waiting``."""

    code: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text


class Notes:
    """Notes of one read, each once, in the order in which they were made."""

    def __init__(self) -> None:
        self._notes: dict[tuple[str, str], ReadNote] = {}

    def __repr__(self) -> str:
        return f"<Notes: {len(self._notes)}>"

    def add(self, code: str, where: str, text: str) -> None:
        """Another look at the same thing says it anew, in the place of the first."""
        self._notes[code, where] = ReadNote(code, where, text)

    @property
    def all(self) -> tuple[ReadNote, ...]:
        """Everything noted so far."""
        return tuple(self._notes.values())
