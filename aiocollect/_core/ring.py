"""The ring: the calls between the callers of collect() and the pump, with the byte budget.

Many producers on any thread, one consumer. One lock guards what several threads change: the budget
here, ids and times (ids.py), and the counts of a correlation(). It is re-entrant, since a signal
handler, or a tracer, may collect in the midst of the very call that holds it: that one finds it
``held`` and is refused, since what it would change may be half written. The pump takes without it.

Where the native core runs, its own ring has the same names and does the same (_native/ring.cpp).

Invariants: ``used`` is the sum of the accounts' ``used``; ``over`` is the sum over accounts of
``max(0, used - share)``, and ``shares`` that of the shares which are kept. So
``shares - (used - over)`` is reserved: what accounts may still claim of theirs.

The budget: an account may use free budget beyond its share only as far as every other open account
keeps its share, so that one dead path cannot shut out the others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, Final

from .lock import new_lock

__all__ = ["ACCEPTED", "NESTED", "NO_BUDGET", "NO_SLOT", "Account", "Ring"]

# What put() returns. Plain ints: comparing with an enum member looks up an attribute per call.
ACCEPTED: Final = 0
NO_SLOT: Final = 1
NO_BUDGET: Final = 2
NESTED: Final = 3  # the call comes from inside another call, which holds the lock


class Account:
    """What one collector, or the streams of one model, uses of the budget. In bytes.

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
    """``slots`` calls and ``budget`` bytes from accept to settle."""

    __slots__ = (
        *("_accepted", "_calls", "_more", "_slots", "_taken"),
        *("asleep", "budget", "held", "lock", "over", "shares", "used"),
    )

    def __init__(self, slots: int, *, budget: int) -> None:
        self._begin_lock()
        self.asleep = True  # the pump waits for a wake
        self.budget = budget
        self.used = 0
        self.over = 0
        self.shares = 0
        self._slots = slots
        self._calls: deque[Any] = deque()
        self._accepted = 0
        self._taken = 0
        self._more = 0  # rows accepted so far, beyond one a call

    def __repr__(self) -> str:
        return f"<Ring {len(self)} of {self._slots} slots, {self.used} of {self.budget} bytes>"

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def accepted(self) -> int:
        """How many calls it has accepted so far."""
        return self._accepted

    @property
    def rows(self) -> int:
        """How many rows it has accepted so far."""
        with self.lock:  # not between the two counts of a call
            return self._accepted + self._more

    @property
    def taken(self) -> int:
        """How many calls the pump has taken so far."""
        return self._taken

    @property
    def reserved(self) -> int:
        """What the accounts can still claim of their shares."""
        return self.shares - (self.used - self.over)

    def pressed(self, account: Account) -> bool:
        """Whether the account has used half of its share, and there is little beyond it: calls are
        charged with an estimate, so the next burst can need the other half."""
        free = self.budget - self.shares - self.over
        return account.used * 2 > account.share and free * 2 < account.share

    # Any thread ------------------------------------------------------------------------------

    def put(self, call: Any, rows: int, cost: int, account: Account) -> int:
        """Accept a call of ``rows`` rows whole, charging ``cost`` bytes, or say why not."""
        if self.held():
            return NESTED
        with self.lock:
            if len(self._calls) >= self._slots:
                return NO_SLOT
            before, share = account.used, account.share
            after, over = before + cost, self.over
            if after > share:
                over += after - max(before, share)
                if over > self.budget - self.shares:
                    return NO_BUDGET
            if self.used + cost > self.budget:
                return NO_BUDGET
            self.used += cost
            self.over = over
            account.used = after
            self._more += rows - 1
            self._accepted += 1
            self._calls.append(call)  # last: whoever sees it sees all of it
            return ACCEPTED

    def charge(self, cost: int, account: Account) -> None:
        """Change an account's use by ``cost`` bytes (negative: release), without a check."""
        with self.lock:
            before, share = account.used, account.share
            after = account.used = before + cost
            self.used += cost
            self.over += (after if after > share else share) - (before if before > share else share)

    # The pump alone --------------------------------------------------------------------------

    def take(self) -> Any:
        """The oldest call, or None."""
        if not self._calls:
            return None
        self._taken += 1
        return self._calls.popleft()

    def close(self) -> None:
        """Refuse every call from now on, also from a thread that is about to put one."""
        with self.lock:
            # put() looks at the budget with the lock: a call got in before, or never.
            self.budget = -1

    def open_again(self, accounts: Iterable[Account], *, budget: int) -> None:
        """Accept calls again, after everything was taken out; counts begin at 0."""
        with self.lock:
            self._empty(accounts)
            self.budget = budget

    def clear(self, accounts: Iterable[Account]) -> None:
        """Be empty: in a child process, in its only thread. A closed ring stays closed."""
        self._begin_lock()  # a thread of the parent can have held the other one
        self._empty(accounts)

    def _begin_lock(self) -> None:
        # held(): whether this very thread is in the midst of a call.
        self.lock, self.held = new_lock()

    def _empty(self, accounts: Iterable[Account]) -> None:
        self._calls.clear()
        self._accepted = self._taken = self._more = 0
        self.used = self.over = self.shares = 0
        for account in accounts:
            account.used = 0
            self.shares += account.share

    # Opening a stream ------------------------------------------------------------------------

    def keep_share(self, account: Account) -> None:
        """Keep the account's share free for it from now on; idempotent. From any thread."""
        with self.lock:
            if not account.kept:
                account.kept = True
                self.shares += account.share
