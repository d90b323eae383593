"""The place of a lane as the spool keeps it, so that another process can go on from there."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Stand"]


class Stand(NamedTuple):
    """Part, and the position in it; None: unknown. ``own`` as in Parts, ``blind`` as in Lane. The
    blob's creation time, ``created``, shows whether it was replaced."""

    part: int
    own: bool
    blind: bool
    position: int | None
    created: str

    def after_doubt(self) -> Stand:
        """Where to go on when it is unknown whether rows landed at the position: a lane that may
        read looks there; without that right it takes the next part, which is untouched."""
        return self._replace(part=self.part + 1, position=None) if self.blind else self
