"""Sources: the share of the budget and the gate of each collector and model.

They live as long as the streams that they belong to, which hold them (_delivery/stream.py).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from .._core.gate import Gate, Gates
from .._core.ring import Account, Ring
from .._delivery.stream import Source, Stream

__all__ = ["Sources"]

# From so many accounts on the shares that are kept are counted anew, at twice as many as are left.
COUNT_ABOVE = 256


class Sources:
    """Of one pipeline. ``streams`` iterates over those that there are; ``share`` is what each
    account may use of the budget, in bytes."""

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
        self._share = share  # one number for all accounts
        self._opening = threading.RLock()
        self._kept = 0
        self._count_at = COUNT_ABOVE
        gates.reach(self)

    def __repr__(self) -> str:
        return f"<Sources, {self._kept} accounts>"

    def of(
        self, streams: tuple[Stream, ...], *, label: str, sample_rate: float
    ) -> tuple[Account, Gate]:
        """Share of the budget and gate of one collector or model; the same for the same streams,
        as long as these are there. From any thread."""
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
                account = Account(share=self._share)
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
            # Accounts go with their collectors: what is left of them is counted now and then.
            accounts = self._accounts()
            self._ring.shares = sum(one.share for one in accounts)
            self._kept = len(accounts)
            self._count_at = max(COUNT_ABOVE, 2 * len(accounts))

    def gates(self) -> list[Gate]:
        """Those of all collectors and models."""
        return [gate for stream in self._streams for _, gate in stream.sources]

    def _accounts(self) -> list[Account]:
        return [account for stream in self._streams for account, _ in stream.sources]

    def begin_again(self, *, budget: int) -> None:
        """The pipeline starts again: nothing is used; the ring is open."""
        self._ring.open_again(self._accounts(), budget=budget)

    def begin_in_child(self) -> None:
        """In a child process, whose one thread this is: nothing is charged."""
        self._opening = threading.RLock()
        self._ring.clear(self._accounts())
