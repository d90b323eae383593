"""Sources: the share of the budget and the gate of each collector and model.

The streams that they belong to hold them, so they live as long as these (_delivery/stream.py).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from .._core.gate import Gate, Gates
from .._core.ring import Account, Ring
from .._core.rings import new_account
from .._delivery.stream import Source, Stream

__all__ = ["Sources"]

# From so many accounts on the kept shares are added up again, each time their number has doubled.
COUNT_ABOVE = 256


class Sources:
    """Of one pipeline. ``streams`` are all of its streams; ``share`` is each account's share of the
    budget, in bytes."""

    def __init__(
        self,
        streams: Iterable[Stream],
        *,
        ring: Ring,
        gates: Gates,
        share: int,
    ) -> None:
        self._streams = streams
        self._ring = ring
        self._gates = gates
        self._share = share  # one int object for all accounts
        self._opening = threading.RLock()
        self._kept = 0
        self._count_at = COUNT_ABOVE
        gates.reach(self)

    def __repr__(self) -> str:
        return f"<Sources, {self._kept} accounts>"

    def of(
        self, streams: tuple[Stream, ...], *, label: str, sample_rate: float
    ) -> tuple[Account, Gate]:
        """The account and the gate of one collector or model: the same for the same streams, as
        long as these live. From any thread."""
        first = streams[0]
        with self._opening:
            account, gate = first.account, first.gate
            if len(streams) > 1:
                account = gate = None
                for source in first.models:
                    if source.streams == streams:
                        account, gate = source.account, source.gate
            if account is None or gate is None:
                gate = self._gates.open(label, sample_rate=sample_rate)
                account = new_account(self._share)
                if len(streams) > 1:
                    first.models += (Source(streams, account, gate),)
                else:
                    first.account, first.gate = account, gate
                self._keep_share(account)
        if gate.switch.sample_rate != sample_rate:
            gate.set(sample_rate=sample_rate)
        return account, gate

    def _keep_share(self, account: Account) -> None:
        self._ring.keep_share(account)
        self._kept += 1
        if self._kept >= self._count_at:
            # Accounts vanish with their collectors: now and then the rest is added up again.
            accounts = self._accounts()
            self._ring.shares = sum(one.share for one in accounts)
            self._kept = len(accounts)
            self._count_at = max(COUNT_ABOVE, 2 * len(accounts))

    def gates(self) -> list[Gate]:
        """The gates of all collectors and models."""
        return [gate for stream in self._streams for _, gate in stream.sources]

    def _accounts(self) -> list[Account]:
        return [account for stream in self._streams for account, _ in stream.sources]

    def begin_again(self, *, budget: int) -> None:
        """The pipeline starts again: no byte is used, and the ring is open."""
        self._ring.open_again(self._accounts(), budget=budget)

    def begin_in_child(self) -> None:
        """In a child process, which has one thread: no byte is used."""
        self._opening = threading.RLock()
        self._ring.clear(self._accounts())
