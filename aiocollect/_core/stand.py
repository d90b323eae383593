"""Where a lane stands, as the spool writes it down and another life of it begins."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Stand"]


class Stand(NamedTuple):
    """Where a lane stands: its part, and in it the position, where it is known.

    ``own`` and ``blind`` as in Lane and Parts; ``created`` tells a replaced blob.
    """

    part: int
    own: bool
    blind: bool
    position: int | None
    created: str
