"""Spike (b): which ring stands between the callers of collect() and the pump.

Many producers, one consumer, fixed slots. Three questions, about 10 s in all:

- what does one put cost, as a ratio to asyncio.Queue.put_nowait in the same run;
- do producers on several threads lose, double or reorder anything, with the interpreter switching
  threads as often as it can;
- what do collect() and the encoding of a row cost on top.

Run: ``python loadtest/spikes/ring_designs.py``. Figures are medians of interleaved rounds, since
the machine's speed drifts by more than the designs differ.
"""

from __future__ import annotations

import asyncio
import itertools
import platform
import queue
import random
import statistics
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import orjson

from aiocollect._core.ids import Ids, timestamp_text
from aiocollect._core.ring import ACCEPTED, Account, Ring
from aiocollect.encoders import CsvEncoder
from aiocollect.typing import Piece, Schema

SLOTS = 2**12
ROUNDS = 60
PRODUCERS = 8
SECONDS = 1.0  # of threads putting, per design


def open_account(ring: Ring, share: int) -> Account:
    account = Account(share=share)
    ring.keep_share(account)
    return account


class Design(Protocol):
    """A bounded hand-over; ``take`` gives None where there is nothing to take now."""

    def put(self, item: Any) -> bool:
        """Accept the item, or answer False."""
        ...

    def take(self) -> Any:
        """The oldest item, or None."""
        ...


class Indexed:
    """(i) A list, a mask, head and tail; no call from reading the tail to writing it."""

    __slots__ = ("_head", "_mask", "_size", "_slots", "_tail")

    def __init__(self) -> None:
        self._slots: list[Any] = [None] * SLOTS
        self._size = SLOTS
        self._mask = SLOTS - 1
        self._head = 0
        self._tail = 0

    def put(self, item: Any) -> bool:
        """See Design."""
        tail = self._tail
        if tail - self._head >= self._size:
            return False
        self._slots[tail & self._mask] = item
        self._tail = tail + 1
        return True

    def take(self) -> Any:
        """See Design."""
        head = self._head
        slot = head & self._mask
        item = self._slots[slot]
        if item is not None:
            self._slots[slot] = None
            self._head = head + 1
        return item


class IndexedWithCall(Indexed):
    """(i) spoilt: one Python call inside the window, where the interpreter may switch threads."""

    __slots__ = ()

    def put(self, item: Any) -> bool:
        """See Design."""
        tail = self._tail
        if self._full(tail):
            return False
        self._slots[tail & self._mask] = item
        self._tail = tail + 1
        return True

    def _full(self, tail: int) -> bool:
        return tail - self._head >= self._size


class Deque:
    """(ii) collections.deque behind a look at its length."""

    __slots__ = ("_items",)

    def __init__(self) -> None:
        self._items: deque[Any] = deque()

    def put(self, item: Any) -> bool:
        """See Design."""
        items = self._items
        if len(items) >= SLOTS:
            return False
        items.append(item)
        return True

    def take(self) -> Any:
        """See Design."""
        return self._items.popleft() if self._items else None


class Simple:
    """(iii) queue.SimpleQueue behind a look at its size."""

    __slots__ = ("_items",)

    def __init__(self) -> None:
        self._items: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def put(self, item: Any) -> bool:
        """See Design."""
        items = self._items
        if items.qsize() >= SLOTS:
            return False
        items.put(item)
        return True

    def take(self) -> Any:
        """See Design."""
        return None if self._items.empty() else self._items.get_nowait()


class Claimed(Indexed):
    """(iv) Claim a slot by itertools.count, publish into it later."""

    __slots__ = ("_claim",)

    def __init__(self) -> None:
        super().__init__()
        self._claim = itertools.count().__next__

    def put(self, item: Any) -> bool:
        """See Design."""
        if self._tail - self._head >= self._size:
            return False
        claimed = self._claim()
        self._slots[claimed & self._mask] = item
        self._tail = claimed + 1
        return True


DESIGNS: dict[str, Callable[[], Design]] = {
    "(i) list, mask, head and tail": Indexed,
    "(i) with one call inside": IndexedWithCall,
    "(ii) deque and length": Deque,
    "(iii) SimpleQueue and size": Simple,
    "(iv) claim, then publish": Claimed,
}


# What one costs -------------------------------------------------------------------------------


def medians(cases: dict[str, Callable[[], Callable[[Any], Any]]]) -> dict[str, float]:
    """Nanoseconds per call of what each case makes, over interleaved rounds of 2,000 calls."""
    items = [(number,) for number in range(2_000)]
    spent: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, make in cases.items():
            call = make()
            begin = time.perf_counter_ns()
            for item in items:
                call(item)
            spent[name].append((time.perf_counter_ns() - begin) / len(items))
    return {name: statistics.median(times) for name, times in spent.items()}


def ring_with_budget() -> Callable[[Any], Any]:
    """The ring of the package: design (i) with the byte budget in the same window."""
    ring = Ring(SLOTS, budget=2**30)
    account: Account = open_account(ring, 2**20)
    put = ring.put
    return lambda item: put(item, 1, 500, account)


def show_puts() -> None:
    """The table of puts."""
    cases: dict[str, Callable[[], Callable[[Any], Any]]] = {
        "asyncio.Queue.put_nowait": lambda: asyncio.Queue(SLOTS).put_nowait,
        **{name: lambda make=make: make().put for name, make in DESIGNS.items()},  # type: ignore[misc]
        "the package's Ring, in a lambda": ring_with_budget,
        "an empty lambda": lambda: lambda item: None,
    }
    found = medians(cases)
    base = found["asyncio.Queue.put_nowait"]
    print(f"{'put':38}{'ns':>7}{'ratio':>8}")
    for name, ns in found.items():
        print(f"{name:38}{ns:7.0f}{ns / base:8.2f}")


# What threads do to it ------------------------------------------------------------------------


def hammer(make: Callable[[], Design]) -> tuple[int, int, int, int, bool]:
    """Accepted, lost, doubled, out of order; and whether the consumer stood before a hole."""
    design = make()
    accepted: list[list[int]] = [[] for _ in range(PRODUCERS)]
    taken: list[tuple[int, int]] = []
    stop = time.monotonic() + SECONDS

    def produce(me: int) -> None:
        mine = accepted[me]
        put = design.put
        for number in itertools.count():
            if put((me, number)):
                mine.append(number)
            if not number % 64 and time.monotonic() > stop:
                return

    threads = [threading.Thread(target=produce, args=(me,)) for me in range(PRODUCERS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        while (item := design.take()) is not None:
            taken.append(item)
    while (item := design.take()) is not None:
        taken.append(item)
    # A hole: nothing to take at the head, yet items behind it.
    slots = getattr(design, "_slots", ())
    stuck = any(slot is not None for slot in slots)
    offered = {(me, number) for me, numbers in enumerate(accepted) for number in numbers}
    wrong_order = 0
    last = [-1] * PRODUCERS
    for me, number in taken:
        wrong_order += number < last[me]
        last[me] = number
    lost = len(offered - set(taken))
    return len(offered), lost, len(taken) - len(set(taken)), wrong_order, stuck


def show_threads() -> None:
    """The table of losses."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    print(f"\n{PRODUCERS} threads, {SECONDS:g} s each; switch interval 1 µs")
    print(f"{'':38}{'accepted':>9}{'lost':>7}{'doubled':>9}{'disorder':>9}  stuck")
    try:
        for name, make in DESIGNS.items():
            accepted, lost, doubled, disorder, stuck = hammer(make)
            print(f"{name:38}{accepted:9}{lost:7}{doubled:9}{disorder:9}  {stuck}")
    finally:
        sys.setswitchinterval(before)


# What a row costs -----------------------------------------------------------------------------


def show_rows() -> None:
    """The table of collect() and encode, for rows of ten floats."""
    chance = random.Random(7)
    rows = [[chance.random() * 100 for _ in range(10)] for _ in range(256)]
    frozen = [tuple(row) for row in rows]
    ids = Ids("0123456789")
    moment = timestamp_text(1_769_903_998_123_456)
    schema = Schema(tuple(f"f{number}" for number in range(10)))
    pieces = [Piece((row,), ids.id(index), moment, 0) for index, row in enumerate(frozen)]
    encode = CsvEncoder().encode

    def collect_into() -> Callable[[Any], Any]:
        ring = Ring(SLOTS, budget=2**30)
        account = open_account(ring, 2**20)

        def collect(item: tuple[int]) -> str | None:
            row = tuple(rows[item[0] & 255])
            now = ids.time(time.time_ns() // 1000)
            text = ids.id(now)
            call = (text, now, 0, ((None, (row,), 1),), 1, 570, account)
            return text if ring.put(call, 1, 570, account) == ACCEPTED else None

        return collect

    assert collect_into()((0,)) is not None
    found = medians(
        {
            "bare orjson.dumps of a row": lambda: lambda item: orjson.dumps(frozen[item[0] & 255]),
            "minimal collect(): freeze, id, time, put": collect_into,
            "encode, a row at a time": lambda: (
                lambda item: encode((pieces[item[0] & 255],), schema)
            ),
        }
    )
    found["encode, 256 calls at a time"] = statistics.median(
        timed(lambda: encode(pieces, schema)) / len(pieces) for _ in range(ROUNDS)
    )
    run = [Piece(tuple(frozen), "some-id", moment, 0)]
    found["encode, one call of 256 rows"] = statistics.median(
        timed(lambda: encode(run, schema)) / len(frozen) for _ in range(ROUNDS)
    )
    print(f"\n{'a row of ten floats':42}{'ns':>6}")
    for name, ns in found.items():
        print(f"{name:42}{ns:6.0f}")


def timed(call: Callable[[], Any]) -> int:
    """Nanoseconds of one call."""
    begin = time.perf_counter_ns()
    call()
    return time.perf_counter_ns() - begin


def main() -> None:
    """Print the tables."""
    print(f"{platform.python_implementation()} {platform.python_version()}, {SLOTS} slots\n")
    show_puts()
    show_threads()
    show_rows()


if __name__ == "__main__":
    main()
