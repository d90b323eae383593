"""The accumulator: rows become batches, whole, in order, without gaps."""

from __future__ import annotations

import zlib

from aiocollect._core.accumulator import Accumulator
from aiocollect._core.lines import Lines
from aiocollect._core.ring import Account
from tests.support.batches import limits


def test_coalesces_until_full() -> None:
    """Lines are taken as long as they fit; the first always fits; none is split."""
    accumulator = Accumulator(limits(10))
    account = Account(share=100)
    assert accumulator.add(Lines.of([b"aaa\n", b"bbb\n", b"ccc\n"]), account=account, now=1.0) == 2
    batch = accumulator.seal(serial=1)
    assert (batch.block.data, batch.block.rows, batch.born) == (b"aaa\nbbb\n", 2, 1.0)
    assert batch.charges == ((account, 8),)
    assert accumulator.add(Lines.of([b"x" * 50 + b"\n"]), account=account, now=2.0) == 1
    assert accumulator.add(Lines.of([b"y\n"]), account=account, now=2.0) == 0


def test_rows_are_numbered_without_gaps() -> None:
    """The batches of a lane form one sequence, and their CRC is of their bytes."""
    accumulator = Accumulator(limits(100))
    account = Account(share=100)
    spans = []
    for size in (1, 3, 2):
        accumulator.add(Lines.of([b"row\n"] * size), account=account, now=0.0)
        block = accumulator.seal(serial=size).block
        spans.append((block.first, block.last))
        assert block.crc == zlib.crc32(b"row\n" * size)
    assert spans == [(0, 0), (1, 3), (4, 5)]


def test_halves_are_whole_rows_in_order() -> None:
    """Halving to single rows gives back every row and number, in order."""
    accumulator = Accumulator(limits(100))
    lines = [b"a\n", b"bb\n", b"ccc\n", b"dddd\n", b"eeeee\n"]
    accumulator.add(Lines.of(lines), account=Account(share=1), now=0.0)
    todo, done = [accumulator.seal(serial=1).block], []
    while todo:
        block = todo.pop(0)
        if block.rows == 1:
            done.append((block.first, block.data))
        else:
            todo[:0] = block.halve()
    assert done == list(enumerate(lines))
