"""The ring: fixed slots between the callers of collect() and the pump, with the byte budget.

Many producers on any thread, one consumer. One lock guards what several threads change (see
window.py). So it is exact whatever runs between two instructions: other threads, interpreters
without the GIL, tracers that are written in Python (a debugger, coverage), and signal handlers.

``put`` checks, stores and advances in one window. A call from inside a window, on the same thread,
is refused: only a tracer can bring one there, since nothing is called in a window
(tests/unit/core/test_ring.py checks the bytecode). A charge from there is made at the end of the
window. The pump takes without the lock: only the pump moves the head, and a producer that does not
see that yet refuses too early, never too late.

Invariants: ``head <= tail <= head + slots``; ``used`` is the sum of the accounts' ``used``;
``over`` is the sum over accounts of ``max(0, used - share)``, and ``shares`` that of the shares
which are kept. So ``shares - (used - over)`` is reserved: what accounts may still claim of theirs.

The budget: an account may use free budget beyond its share only as far as every other open account
keeps its share, so that one dead path cannot shut out the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from .window import Window

__all__ = ["ACCEPTED", "NESTED", "NO_BUDGET", "NO_SLOT", "Account", "Ring"]

# What put() returns. Plain ints: comparing with an enum member looks up an attribute per call.
ACCEPTED: Final = 0
NO_SLOT: Final = 1
NO_BUDGET: Final = 2
NESTED: Final = 3  # the call comes from inside another call's window


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
    """``slots`` calls (a power of two) and ``budget`` bytes from accept to settle."""

    __slots__ = (
        *("_head", "_mask", "_more", "_owed", "_size", "_slots", "_tail"),
        *("asleep", "budget", "over", "shares", "used", "window"),
    )

    def __init__(self, slots: int, *, budget: int) -> None:
        assert slots & (slots - 1) == 0, "slots must be a power of two"
        self.window = Window()
        self.asleep = True  # the pump waits for a wake
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
        self._owed: list[tuple[int, Account]] = []  # charges from inside of a window

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
        with self.window.lock:  # never between the two counts of a call
            return self._tail + self._more

    @property
    def reserved(self) -> int:
        """What the accounts can still claim of their shares."""
        return self.shares - (self.used - self.over)

    @property
    def taken(self) -> int:
        """How many calls the pump has taken so far."""
        return self._head

    def pressed(self, account: Account) -> bool:
        """Whether the account has used half of its share, and there is little beyond it: calls are
        charged with an estimate, so the next burst can need the other half."""
        free = self.budget - self.shares - self.over
        return account.used * 2 > account.share and free * 2 < account.share

    # Any thread ------------------------------------------------------------------------------

    def put(self, call: Any, rows: int, cost: int, account: Account) -> int:
        """Accept a call of ``rows`` rows whole, charging ``cost`` bytes, or say why not."""
        window = self.window
        with window.lock:
            if window.inside and window.nested():
                return NESTED
            try:
                window.inside = True
                tail, more = self._tail, self._more
                used, over = self.used, self.over
                before, share = account.used, account.share
                after, beyond = before + cost, over
                if after > share:
                    beyond += after - (before if before > share else share)
                if tail - self._head >= self._size:
                    verdict = NO_SLOT
                elif used + cost > self.budget or (
                    after > share and beyond > self.budget - self.shares
                ):
                    verdict = NO_BUDGET
                else:
                    verdict = ACCEPTED
                    try:
                        self.used = used + cost
                        self.over = beyond
                        account.used = after
                        self._more = more + rows - 1
                        self._slots[tail & self._mask] = call
                        self._tail = tail + 1  # from here on it is accepted
                    except BaseException:  # a tracer's own, or an interrupt that it let in
                        self.undo(tail, used, over, more, account, before)
                        raise
            finally:
                window.inside = False
            if self._owed:
                self._settle()
            return verdict

    def undo(
        self, tail: int, used: int, over: int, more: int, account: Account, before: int
    ) -> None:
        """A call was interrupted while it was put: take it back, unless it was already accepted."""
        if self._tail == tail:
            self._slots[tail & self._mask] = None
            self.used, self.over, self._more, account.used = used, over, more, before

    def charge(self, cost: int, account: Account) -> None:
        """Change an account's use by ``cost`` bytes (negative: release), without a check."""
        window = self.window
        with window.lock:
            self._owed.append((cost, account))
            if not window.inside or not window.nested():
                self._settle()

    def _settle(self) -> None:
        """Make the charges that are owed: outside a window, with the lock held."""
        window, owed = self.window, self._owed
        while owed:
            try:
                window.inside = True
                first = owed[0]
                cost, account = first
                used, over = self.used, self.over
                before, share = account.used, account.share
                after = before + cost
                try:
                    account.used = after
                    self.used = used + cost
                    self.over = over + (after if after > share else share)
                    self.over -= before if before > share else share
                    del owed[0]
                except BaseException:
                    if owed and owed[0] is first:
                        account.used, self.used, self.over = before, used, over
                    raise
            finally:
                window.inside = False

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
        """Refuse every call from now on, also from a thread that is about to put one."""
        with self.window.lock:
            # put() looks at the budget in its window: a call got in before, or never.
            self.budget = -1

    def open_again(self, accounts: Iterable[Account], *, budget: int) -> None:
        """Accept calls again, after everything was taken out; counts begin at 0."""
        with self.window.lock:
            self._empty(accounts)
            self.budget = budget

    def clear(self, accounts: Iterable[Account]) -> None:
        """Be empty: in a child process, in its only thread. A closed ring stays closed."""
        self.window.renew()
        self._empty(accounts)

    def _empty(self, accounts: Iterable[Account]) -> None:
        self._slots[:] = [None] * self._size
        self._head = self._tail = 0
        self.used = self.over = self.shares = self._more = 0
        self._owed.clear()
        for account in accounts:
            account.used = 0
            self.shares += account.share

    # Opening a stream ------------------------------------------------------------------------

    def keep_share(self, account: Account) -> None:
        """Keep the account's share free for it from now on; idempotent. From any thread."""
        with self.window.lock:
            if not account.kept:
                account.kept = True
                self.shares += account.share
