"""A run: rows that are encoded together."""

from __future__ import annotations

from .._core.ring import Account
from ..typing import Piece
from .channel import Channel
from .receipts import Receipt
from .stream import Stream

__all__ = ["Run"]


class Run:
    """Rows of one stream, channel and account. Rows of a call with a receipt have a run of their
    own."""

    __slots__ = ("account", "channel", "estimate", "pieces", "receipt", "stream")

    def __init__(
        self, channel: Channel, stream: Stream, account: Account, receipt: Receipt | None
    ) -> None:
        self.channel = channel
        self.stream = stream
        self.account = account
        self.receipt = receipt
        self.pieces: list[Piece] = []
        self.estimate = 0
