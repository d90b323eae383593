"""What is sealed and not yet final: what a flush waits for, and how old the oldest row is.

Batches are numbered by sealing, so a flush waits for a number, not for a list of batches.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

__all__ = ["Unsettled"]

# So many entries that are final stay in the heap: rebuilding it for fewer costs more than it frees.
FEW = 64


class Unsettled:
    """The batches between seal and final, in the order of their serial numbers."""

    __slots__ = ("_born", "_heap", "_serial")

    def __init__(self) -> None:
        self._born: dict[int, float] = {}
        # By age. Entries that are final are removed at the top, or when they are the majority.
        self._heap: list[tuple[float, int]] = []
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
        heap = self._heap
        while heap and heap[0][1] not in self._born:
            heappop(heap)
        return heap[0][0] if heap else None

    def next_serial(self) -> int:
        """The number for the next batch."""
        self._serial += 1
        return self._serial

    def add(self, serial: int, *, born: float) -> None:
        """A batch was sealed, whose first row was taken at ``born``."""
        self._born[serial] = born
        heap = self._heap
        if len(heap) > 2 * len(self._born) + FEW:
            heap[:] = [(when, number) for number, when in self._born.items()]
            heapify(heap)
        else:
            heappush(heap, (born, serial))

    def remove(self, serial: int) -> None:
        """All rows of the batch are final: exactly once."""
        del self._born[serial]

    def settled(self, serial: int) -> bool:
        """Whether every batch up to ``serial`` is final."""
        # Dictionaries keep their order of insertion, and serial numbers only grow.
        first = next(iter(self._born), None)
        return first is None or first > serial
