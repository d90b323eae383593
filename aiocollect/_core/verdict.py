"""What a range that was read back says about an append in doubt.

The four verdicts are the rows of the table at the head of states.py; lane.py acts on them.
"""

from __future__ import annotations

import enum

from ..typing import Range

__all__ = ["Verdict", "judge"]


class Verdict(enum.Enum):
    """Whether the append in doubt is in the blob."""

    LANDED = "landed"
    NEVER = "never"  # somebody else's bytes stand at its position
    UNDECIDED = "undecided"  # the blob still ends at its position
    REPLACED = "replaced"  # it is another blob, or was cut off


def judge(found: Range, *, position: int, body: bytes, created: str) -> Verdict:
    """Compare what was found, from one byte before ``position`` on, with the whole ``body``.

    ``created`` is the creation time of the blob that the append was sent to.
    """
    before = min(position, 1)
    # Equal bytes first: where they stand they landed, whatever else has happened to the blob.
    if found.length > position and found.data[before:] == body:
        return Verdict.LANDED
    if found.created != created or found.length < position:
        return Verdict.REPLACED
    return Verdict.NEVER if found.length > position else Verdict.UNDECIDED
