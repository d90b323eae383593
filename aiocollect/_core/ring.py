"""The ring: fixed slots between the callers of collect() and the pump, with the byte budget.

Many producers on any thread, one consumer. There is no Python-level lock. CPython switches threads
and runs signal handlers only between certain instructions: after a call, at a function's start and
at a backward jump (``eval_breaker`` in Python/ceval.c, 3.11 to 3.13). So a stretch of code without
a call and without a loop is atomic, as long as nothing in it can run Python code underneath:

- the slots, the counters and the accounts are plain lists, ints and ``__slots__``;
- the slot that is written always holds None, so that storing frees no object (a ``__del__`` there
  could run anything);
- no container is made, so that no garbage collection starts.

``put`` checks, stores and advances in one such stretch. tests/unit/test_ring.py pins it over the
bytecode, and shows that one call inside loses rows. Interpreters without the GIL take LockedRing.

Invariants: ``head <= tail <= head + slots``; ``used`` is the sum of the accounts' ``used``;
``over`` is the sum over accounts of ``max(0, used - share)``, and ``shares`` that of the shares
which are kept. So ``shares - (used - over)`` is reserved: what accounts may still claim of theirs.

The budget: an account may use free budget beyond its share only as far as every other open account
keeps its share, so that one dead path cannot shut out the others.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Final

__all__ = ["ACCEPTED", "NO_BUDGET", "NO_SLOT", "Account", "LockedRing", "Ring"]

# What put() answers. Plain ints: comparing an enum's member would look up an attribute per call.
ACCEPTED: Final = 0
NO_SLOT: Final = 1
NO_BUDGET: Final = 2


class Account:
    """The share of the budget that one collector, or the streams of one model, uses. Bytes.

    ``kept``: the ring keeps the share free for it.
    """

    __slots__ = ("kept", "share", "used")

    def __init__(self, *, share: int) -> None:
        self.share = share
        self.used = 0
        self.kept = False

    def __repr__(self) -> str:
        return f"<Account {self.used} of a share of {self.share} bytes>"


class Ring:
    """``slots`` calls (a power of two) and ``budget`` bytes from accept to settle."""

    __slots__ = (
        *("_head", "_mask", "_more", "_size", "_slots", "_tail"),
        *("budget", "over", "shares", "used"),
    )

    def __init__(self, slots: int, *, budget: int) -> None:
        assert slots & (slots - 1) == 0, "slots must be a power of two"
        self._slots: list[Any] = [None] * slots
        self._size = slots
        self._mask = slots - 1
        self._head = 0
        self._tail = 0
        self.budget = budget
        self.used = 0
        self.over = 0
        self.shares = 0
        self._more = 0  # rows accepted so far, beyond one a call

    def __repr__(self) -> str:
        return f"<Ring {len(self)} of {self._size} slots, {self.used} of {self.budget} bytes>"

    def __len__(self) -> int:
        return self._tail - self._head

    @property
    def accepted(self) -> int:
        """How many calls were accepted so far: the number of the next one."""
        return self._tail

    @property
    def rows(self) -> int:
        """How many rows were accepted so far."""
        return self._tail + self._more

    @property
    def reserved(self) -> int:
        """What the accounts may still claim of their shares."""
        return self.shares - (self.used - self.over)

    @property
    def taken(self) -> int:
        """How many calls the pump has taken so far."""
        return self._head

    # Any thread ------------------------------------------------------------------------------

    def put(self, call: Any, rows: int, cost: int, account: Account) -> int:
        """Accept a call of ``rows`` rows whole, charging ``cost`` bytes, or say why not."""
        # From here to the last line: no call, no loop. See the head of the module.
        tail = self._tail
        if tail - self._head >= self._size:
            return NO_SLOT
        used = self.used + cost
        if used > self.budget:
            return NO_BUDGET
        before = account.used
        after = before + cost
        share = account.share
        if after > share:
            over = self.over + after - (before if before > share else share)
            if over > self.budget - self.shares:
                return NO_BUDGET
            self.over = over
        self.used = used
        account.used = after
        self._more += rows - 1
        self._slots[tail & self._mask] = call
        self._tail = tail + 1
        return ACCEPTED

    def charge(self, cost: int, account: Account) -> None:
        """Change an account's use by ``cost`` bytes (negative: release), without a check."""
        # Atomic like put(), since producers charge the same counters from other threads.
        before = account.used
        after = before + cost
        share = account.share
        account.used = after
        self.used += cost
        self.over += (after if after > share else share) - (before if before > share else share)

    # The pump alone --------------------------------------------------------------------------

    def take(self) -> Any:
        """The oldest call, or None."""
        head = self._head
        slot = head & self._mask
        call = self._slots[slot]
        if call is not None:
            self._slots[slot] = None
            self._head = head + 1
        return call

    def oldest(self, number: int) -> list[Any]:
        """The oldest calls, at most so many; they stay."""
        slot = self._head & self._mask
        return self._slots[slot : slot + min(number, self._tail - self._head)]

    def drop(self, number: int) -> None:
        """Take the oldest calls, which oldest() has given."""
        slot = self._head & self._mask
        self._slots[slot : slot + number] = [None] * number
        self._head += number

    def close(self) -> None:
        """Refuse every call from now on, also of a thread that is about to put one."""
        # The budget is looked at in put()'s window: a call gets in before this line, or not at all.
        self.budget = -1

    def clear(self, accounts: Iterable[Account]) -> None:
        """Be empty: in a child process, whose one thread this is. It stays closed if it was."""
        self._slots[:] = [None] * self._size
        self._head = self._tail = 0
        self.used = self.over = self.shares = self._more = 0
        for account in accounts:
            account.used = 0
            self.shares += account.share

    # Opening a stream ------------------------------------------------------------------------

    def keep_share(self, account: Account) -> None:
        """Keep the account's share free for it from now on; idempotent. From any thread."""
        # No call between reading and writing, as in put().
        if not account.kept:
            account.kept = True
            self.shares += account.share


class LockedRing(Ring):
    """The ring for interpreters without the GIL, where no stretch of code is atomic."""

    __slots__ = ("_lock",)

    def __init__(self, slots: int, *, budget: int) -> None:
        super().__init__(slots, budget=budget)
        self._lock = threading.Lock()

    def put(self, call: Any, rows: int, cost: int, account: Account) -> int:
        """See Ring.put."""
        with self._lock:
            return super().put(call, rows, cost, account)

    def charge(self, cost: int, account: Account) -> None:
        """See Ring.charge."""
        with self._lock:
            super().charge(cost, account)

    def take(self) -> Any:
        """See Ring.take."""
        with self._lock:
            return super().take()

    def clear(self, accounts: Iterable[Account]) -> None:
        """See Ring.clear."""
        self._lock = threading.Lock()  # a thread of the parent may have held it
        super().clear(accounts)
