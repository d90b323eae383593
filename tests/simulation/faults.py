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
    FaultKind.TOUCHED: 3,
    FaultKind.SEALED: 0.7,
    FaultKind.DELETED: 0.7,
    FaultKind.REPLACED: 0.7,
    FaultKind.RETYPED: 0.5,
}
# Only an append can be refused for its size, and 413 for good would dead-letter rows at random.
APPEND_ONLY = {FaultKind.TOO_LARGE, FaultKind.READER, FaultKind.READER_APPLIED, FaultKind.LEASED}
# What ends a blob with rows in it.
DESTRUCTIVE = {FaultKind.DELETED, FaultKind.REPLACED, FaultKind.RETYPED}


class FaultPlan:
    """Strikes a share of all requests until it is told to stop."""

    def __init__(self, random: Random, *, readable: bool, say: Callable[[str], None]) -> None:
        self._random = random
        self._say = say
        self.active = True
        self.requests = 0
        self.struck: Counter[FaultKind] = Counter()
        # A blind writer cannot tell a replaced blob from its own: a documented limit.
        left_out = DESTRUCTIVE - {FaultKind.DELETED} if not readable else set()
        self._kinds = [kind for kind in WEIGHTS if kind not in left_out]
        if random.random() < 0.5:
            # Half of the lives suffer from a few kinds only, so that rare pairs meet.
            self._kinds = random.sample(self._kinds, random.randint(2, 6))
        self._weights = [WEIGHTS[kind] for kind in self._kinds]
        self.rate = random.choice([0.3, 0.4, 0.55, 0.7])

    def __call__(self, operation: Operation, path: str) -> Fault | None:
        """The script of a MemoryStore."""
        random = self._random
        self.requests += 1
        if not self.active or random.random() >= self.rate:
            return None
        (kind,) = random.choices(self._kinds, self._weights)
        if kind in APPEND_ONLY and operation is not Operation.APPEND:
            return None
        self.struck[kind] += 1
        # Late requests arrive up to several attempts and waits later.
        delay = random.choice([0.01, 0.2, 1.0, 5.0, 30.0]) * random.random()
        self._say(f"fault {kind.value} at {operation.value} {path}, {delay:.3f} s")
        return Fault(kind, delay)
