"""What a range that was read back says about the appends in doubt at a position.

The verdicts are the rows of the table at the head of states.py; lane.py acts on them.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

from ..typing import Range

__all__ = ["CROWD", "OVERLOOK", "Sighting", "ends_a_line", "judge"]

# How many bytes more than the append are read back: one page, mostly up to the end of what others
# wrote, so that it is known without a second look whether a line ends there.
OVERLOOK = 4096
# As many where others append to the part too, and nothing of ours was sent: fifty writers of a
# kilobyte each have then written no more since.
CROWD = 64 * 1024


class Sighting(enum.Enum):
    """Whether an append in doubt is in the blob."""

    LANDED = "landed"
    NEVER = "never"  # other bytes are at its position
    UNDECIDED = "undecided"  # the blob still ends at its position
    SHORTER = "shorter"  # it ends before: an old view of it, or it was emptied
    REPLACED = "replaced"  # it is another blob


def judge(
    found: Range, *, position: int, bodies: Sequence[bytes], created: str
) -> tuple[Sighting, int]:
    """Compare what was found, from one byte before ``position`` on, with whole ``bodies``: the
    appends in doubt at this position, of which one at most has landed. With LANDED, its index.

    ``created`` is the creation time of the blob that they were sent to.
    """
    # Equal bytes first: if they are there they landed, whatever else has happened to the blob. The
    # longest first: the half of a block begins like the whole.
    if found.length > position:
        data = found.data[min(position, 1) :]
        for index in sorted(range(len(bodies)), key=lambda one: -len(bodies[one])):
            if data.startswith(bodies[index]):
                return Sighting.LANDED, index
    if found.created != created:
        return Sighting.REPLACED, -1
    if found.length < position:
        return Sighting.SHORTER, -1
    return (Sighting.NEVER if found.length > position else Sighting.UNDECIDED), -1


def ends_a_line(found: Range, *, start: int) -> bool | None:
    """Whether the blob ends with a line end. None: the range from ``start`` on does not show its
    end."""
    if start + len(found.data) != found.length or not found.data:
        return None
    return found.data.endswith(b"\n")
