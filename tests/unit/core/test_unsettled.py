"""What is sealed and not settled: what a flush waits for."""

from __future__ import annotations

import pytest

from aiocollect._core.accumulator import Accumulator
from aiocollect._core.lines import Lines
from aiocollect._core.ring import Account
from aiocollect._core.unsettled import Unsettled
from tests.support.batches import limits


def test_a_flush_waits_for_what_was_sealed_before() -> None:
    """Settled up to a number is settled, whatever was sealed after it."""
    unsettled = Unsettled()
    accumulator = Accumulator(limits(100))
    batches = []
    for born in (5.0, 3.0, 9.0):
        accumulator.add(Lines.of([b"r\n"]), account=Account(share=1), now=born)
        batches.append(accumulator.seal(serial=unsettled.next_serial()))
        unsettled.add(batches[-1].serial, born=batches[-1].born)
    assert (unsettled.oldest, unsettled.serial, len(unsettled)) == (3.0, 3, 3)
    unsettled.remove(batches[1].serial)
    assert not unsettled.settled(2)
    unsettled.remove(batches[0].serial)
    assert unsettled.settled(2)
    assert not unsettled.settled(3)
    with pytest.raises(KeyError):
        unsettled.remove(batches[0].serial)
