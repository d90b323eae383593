"""Path prices: what a path costs, and which account pays for it.

Channels take memory too, so the row that opens a path is charged for it, until the path is dropped.
A call is charged when it is accepted: with a broken clock each row in the ring could open a path.
"""

from __future__ import annotations

from .._core.calls import Call
from .._core.ring import Account, Ring
from .channel import Channel

__all__ = ["PathPrices"]

# So many paths are free: any pipeline may need them, and they take a fifth of a megabyte.
FREE_PATHS = 64


class PathPrices:
    """Charges ``path_cost`` bytes for each path to the account that opened it."""

    def __init__(self, ring: Ring, *, path_cost: int) -> None:
        self._ring = ring
        self._path_cost = path_cost
        self._hour = -1

    def __repr__(self) -> str:
        return f"<PathPrices, {self._path_cost} bytes each>"

    def priced(self, call: Call) -> Call:
        """The call, with the cost of the paths that it may open. From any thread."""
        correlation_id, time, hour, parts, rows, cost, account, receipt = call
        new = {stream for stream, *_ in parts if not stream.knows(hour)}
        cost += len(new) * self._path_cost
        return correlation_id, time, hour, parts, rows, cost, account, receipt

    def accepted(self, call: Call) -> None:
        """The call is in the ring: later calls of its hour open no path."""
        _, _, hour, parts, *_ = call
        if hour == self._hour:
            hour = self._hour  # one int object for all
        self._hour = hour
        for stream, *_ in parts:
            stream.seen = hour

    def opened(self, channel: Channel, account: Account, *, paths: int) -> None:
        """A row of the account goes through the channel, one of ``paths``; the first one pays."""
        if channel.payer is None and paths > FREE_PATHS:
            channel.payer = account
            self._ring.charge(self._path_cost, account)

    def forgotten(self, channel: Channel) -> None:
        """The channel was dropped."""
        if channel.payer is not None:
            self._ring.charge(-self._path_cost, channel.payer)
