"""A run: rows that are encoded together."""

from __future__ import annotations

from typing import Any

from .._core.ring import Account
from ..typing import Piece
from .channel import Channel
from .receipts import Receipt
from .stream import Stream

__all__ = ["Run"]


class Run:
    """Rows of one stream, channel and account. Rows of a call with a receipt have a run of their
    own, and so have those of the fast path, in ``columns``."""

    __slots__ = ("account", "channel", "columns", "estimate", "pieces", "receipt", "stream")

    def __init__(
        self, channel: Channel, stream: Stream, account: Account, receipt: Receipt | None
    ) -> None:
        self.channel = channel
        self.stream = stream
        self.account = account
        self.receipt = receipt
        self.columns: list[tuple[Any, ...]] = []
        self.pieces: list[Piece] = []
        self.estimate = 0
