"""Sources: the share of the budget and the gate of each collector and model.

They live as long as the streams that they belong to, which hold them (stream.py). What a row of an
hour costs that may open a path is said here too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from .._core.calls import Call
from .._core.gate import Gate, Gates
from .._core.ring import Account, Ring
from .._delivery.channel import Channel
from .._delivery.stream import Source, Stream

__all__ = ["Sources"]

# From so many accounts on the shares that are kept are counted anew, at twice as many as are left.
COUNT_ABOVE = 256
# As many paths as any pipeline may have are not charged to the budget: a fifth of a megabyte.
FREE_PATHS = 64


class Sources:
    """Of one pipeline. ``streams`` iterates over those that there are; a path is charged
    ``path_cost`` bytes, an account has a ``share``."""

    def __init__(
        self,
        streams: Iterable[Stream],
        *,
        ring: Ring,
        gates: Gates,
        share: int,
        path_cost: int,
    ) -> None:
        self._streams = streams
        self._ring = ring
        self._gates = gates
        self._share = share  # one number for all accounts
        self._path_cost = path_cost
        self._opening = threading.RLock()
        self._kept = 0
        self._count_at = COUNT_ABOVE
        self._hour = -1
        gates.reach(lambda: [gate for stream in streams for _, gate in stream.sources])

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

    def _accounts(self) -> list[Account]:
        return [account for stream in self._streams for account, _ in stream.sources]

    def begin_again(self, *, budget: int) -> None:
        """In another life of the pipeline: nothing is used; the ring is open."""
        self._ring.open_again(self._accounts(), budget=budget)

    def begin_in_child(self) -> None:
        """In a child process, whose one thread this is: nothing is charged."""
        self._opening = threading.RLock()
        self._ring.clear(self._accounts())

    # Paths ------------------------------------------------------------------------------------

    def priced(self, call: Call) -> Call:
        """The call, with the cost of the paths that it may open: rows of as many hours as a broken
        clock has may be in the ring before the pump sees the first of them. From any thread."""
        new = {part[0] for part in call[3] if not part[0].knows(call[2])}
        return (*call[:5], call[5] + len(new) * self._path_cost, call[6], call[7])

    def accepted(self, call: Call) -> None:
        """The call is in the ring: later ones of its hour open nothing."""
        hour = call[2]
        if hour == self._hour:
            hour = self._hour  # one number for all
        self._hour = hour
        for part in call[3]:
            part[0].seen = hour

    def opened(self, channel: Channel, account: Account, *, paths: int) -> None:
        """A row has found its channel, of so many; who opened it pays for it."""
        if channel.payer is None and paths > FREE_PATHS:
            channel.payer = account
            self._ring.charge(self._path_cost, account)

    def forgotten(self, channel: Channel) -> None:
        """Nobody needs the channel any more."""
        if channel.payer is not None:
            self._ring.charge(-self._path_cost, channel.payer)
