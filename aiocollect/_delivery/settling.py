"""The way back of a row: what its parts report when it has become final, or its lane is idle.

Rows go forward by calls from one part to the next: pump, backlog, senders. These two calls are all
that comes back, and Delivery answers both (delivery.py).
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

from .._core.commands import Finish, Note, Release
from .channel import Channel

__all__ = ["Ends", "Settling"]

# What has become final, in order, and what is to be reported with it.
Ends: TypeAlias = list[Finish | Release | Note]


class Settling(Protocol):
    """Delivery, as pump, backlog and senders know it."""

    def settle(self, ends: Ends, channel: Channel | None = None) -> None:
        """These rows are final. ``channel``: theirs; None where they never came to one."""

    def rested(self, channel: Channel) -> None:
        """The channel's lane is idle, and can take the next batch."""
