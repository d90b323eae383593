"""The fault plan of one life: which request meets what, drawn from the seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

from aiocollect.testing import Fault, FaultKind, Operation

# How likely each kind is when a fault strikes. Those that end a blob are rarer, or nothing would
# ever be appended.
WEIGHTS = {
    FaultKind.SLOW: 4,
    FaultKind.NOT_SENT: 6,
    FaultKind.LOST_ANSWER: 10,
    FaultKind.LATE: 10,
    FaultKind.RESENT: 8,
    FaultKind.HANG: 2,
    FaultKind.HANG_APPLIED: 2,
    FaultKind.BUSY: 5,
    FaultKind.READER: 4,
    FaultKind.READER_APPLIED: 4,
    FaultKind.ERROR: 4,
    FaultKind.ERROR_APPLIED: 6,
    FaultKind.CREDENTIAL: 1.5,
    FaultKind.CONTAINER: 1.5,
    FaultKind.LEASED: 1,
    FaultKind.TOO_LARGE: 0.5,
    FaultKind.INVALID: 1,
    FaultKind.UNSUPPORTED: 0.7,
    FaultKind.IMMUTABLE: 0.7,
    FaultKind.OVERWRITE: 2,
    FaultKind.NO_RIGHT: 0.5,
    FaultKind.VANISHED: 1,
    FaultKind.OTHER: 2,
    FaultKind.OTHER_APPLIED: 3,
    FaultKind.MIXED_UP: 2,
    FaultKind.STALE: 4,
    FaultKind.WEAK: 2,
    FaultKind.TOUCHED: 3,
    FaultKind.SEALED: 0.7,
    FaultKind.DELETED: 0.7,
    FaultKind.REPLACED: 0.7,
    FaultKind.RETYPED: 0.5,
    FaultKind.TORN: 0.7,
    FaultKind.FROZEN: 1,
    FaultKind.EMPTIED: 0.2,
}
APPEND, CREATE = {Operation.APPEND}, {Operation.CREATE}
LOOKS = {Operation.OPEN, Operation.READ}
# Which requests a kind can happen to, where it is not all of them. Only an append can be refused
# for its size; nobody could know that a blob stands which is told to be missing in the midst of it.
ONLY = {
    FaultKind.TOO_LARGE: APPEND,
    FaultKind.READER: APPEND,
    FaultKind.READER_APPLIED: APPEND,
    FaultKind.LEASED: APPEND,
    FaultKind.IMMUTABLE: APPEND,
    FaultKind.OVERWRITE: CREATE,
    FaultKind.NO_RIGHT: LOOKS,
    FaultKind.VANISHED: {Operation.OPEN},
    FaultKind.STALE: LOOKS,
    FaultKind.WEAK: LOOKS,
}
# A blind writer cannot tell a blob that was made anew, or torn, from its own that grew: a
# documented limit.
UNSEEN = {FaultKind.REPLACED, FaultKind.RETYPED, FaultKind.EMPTIED, FaultKind.TORN}
# What happens to one request after the other for a while: an account that is set up anew, a right
# that is missing, a cache that is out of date, a proxy that rewrites.
SPELLS = [
    *(FaultKind.INVALID, FaultKind.UNSUPPORTED, FaultKind.IMMUTABLE, FaultKind.OVERWRITE),
    *(FaultKind.CREDENTIAL, FaultKind.CONTAINER, FaultKind.LEASED, FaultKind.NO_RIGHT),
    *(FaultKind.VANISHED, FaultKind.STALE, FaultKind.WEAK, FaultKind.MIXED_UP, FaultKind.OTHER),
]


class FaultPlan:
    """Strikes a share of all requests until it is told to stop, and in half of the lives, for a
    while, each one of a kind. ``now``: virtual seconds."""

    def __init__(
        self,
        random: Random,
        *,
        readable: bool,
        now: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self._random = random
        self._now = now
        self._say = say
        self.active = True
        self.requests = 0
        self.struck: Counter[FaultKind] = Counter()
        # A right that is late makes a writer blind for a while.
        self.right_is_late = readable and random.random() < 0.15
        left_out = UNSEEN if self.right_is_late or not readable else {FaultKind.NO_RIGHT}
        self._kinds = [kind for kind in WEIGHTS if kind not in left_out]
        if random.random() < 0.5:
            # Half of the lives suffer from a few kinds only, so that rare pairs meet.
            self._kinds = random.sample(self._kinds, random.randint(2, 6))
        self._weights = [WEIGHTS[kind] for kind in self._kinds]
        self.rate = random.choice([0.3, 0.4, 0.55, 0.7])
        self._spell = random.choice(SPELLS) if random.random() < 0.5 else None
        if self._spell in left_out:
            self._spell = None
        begin = random.choice([0.0, random.uniform(0, 20)])  # before there is a blob, or after
        # A cache that is out of date for longer than a lane waits for it cannot be told from truth.
        longest = 4.0 if self._spell is FaultKind.STALE else 1000.0
        self._spell_of = begin, begin + min(longest, random.choice([0.5, 5.0, 1000.0]))

    def leave_out(self, kind: FaultKind) -> None:
        """It never strikes."""
        found = [(k, w) for k, w in zip(self._kinds, self._weights, strict=True) if k is not kind]
        self._kinds, self._weights = [k for k, _ in found], [w for _, w in found]

    def __call__(self, operation: Operation, path: str) -> Fault | None:
        """The script of a MemoryStore."""
        random = self._random
        self.requests += 1
        if not self.active:
            return None
        begin, end = self._spell_of
        if self._spell is not None and begin <= self._now() < end:
            kind = self._spell
        elif random.random() >= self.rate:
            return None
        else:
            (kind,) = random.choices(self._kinds, self._weights)
        if kind in ONLY and operation not in ONLY[kind]:
            return None
        self.struck[kind] += 1
        # Late requests arrive up to several attempts and waits later.
        delay = random.choice([0.01, 0.2, 1.0, 5.0, 30.0]) * random.random()
        self._say(f"fault {kind.value} at {operation.value} {path}, {delay:.3f} s")
        return Fault(kind, delay)
