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

    def after_doubt(self) -> Stand:
        """Where to go on when nobody knows whether rows landed at the position: a lane that may
        read looks there; without that right it takes the next part, which is untouched."""
        return self._replace(part=self.part + 1, position=None) if self.blind else self
