"""What is sealed and not yet final: what a flush waits for, and how old the oldest row is.

Batches are numbered by sealing, so a flush waits for a number, not for a list of batches.
"""

from __future__ import annotations

__all__ = ["Unsettled"]


class Unsettled:
    """The batches between seal and final, in the order of their serial numbers."""

    __slots__ = ("_born", "_serial")

    def __init__(self) -> None:
        self._born: dict[int, float] = {}
        self._serial = 0

    def __repr__(self) -> str:
        return f"<Unsettled {len(self._born)} batches>"

    def __len__(self) -> int:
        return len(self._born)

    @property
    def serial(self) -> int:
        """The serial number of the batch sealed last; 0 before the first."""
        return self._serial

    @property
    def oldest(self) -> float | None:
        """When the oldest batch was born, or None."""
        return min(self._born.values(), default=None)

    def next_serial(self) -> int:
        """The number for the next batch."""
        self._serial += 1
        return self._serial

    def add(self, serial: int, *, born: float) -> None:
        """A batch was sealed, whose first row was taken at ``born``."""
        self._born[serial] = born

    def remove(self, serial: int) -> None:
        """All rows of the batch are final: exactly once."""
        del self._born[serial]

    def settled(self, serial: int) -> bool:
        """Whether every batch up to ``serial`` is final."""
        # Dictionaries keep their order of insertion, and serial numbers only grow.
        first = next(iter(self._born), None)
        return first is None or first > serial
