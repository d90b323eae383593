"""The native intake: what has left the ring goes on its way, whatever comes after it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from aiocollect._core.lines import Lines
from aiocollect._delivery.native_intake import NativeIntake

ROWS = Lines.of([b"1\n", b"2\n"])


class Ring:
    """Gives one run, and asks where the next one goes; then it has no memory for more."""

    def __init__(self, error: BaseException, *, runs: int = 1) -> None:
        self.taken = 0
        self._error = error
        self._runs = runs

    def drain(self, rows: int, size: int, lets_go: bool) -> tuple[list[Any], Any]:
        if not self._runs:
            raise self._error
        self._runs -= 1
        self.taken += 2
        origin = SimpleNamespace(stream=None, account=None)
        return [(origin, None, 100, ROWS)], None

    def take_object(self) -> None:
        return None

    def __len__(self) -> int:
        return 1


def intake(ring: Any) -> NativeIntake:
    nothing: Any = None
    return NativeIntake(ring, channels=nothing, settling=nothing, own_thread=False)


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt()])
def test_encoded_rows_survive_what_follows(error: BaseException) -> None:
    """They have left the ring: an error or an interrupt after them must not cost them."""
    taking = intake(Ring(error))
    assert [lines for _, lines in taking.take()] == [ROWS]
    assert taking.calls == 2
    if isinstance(error, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            taking.raise_interrupt()
    taking.raise_interrupt()
    with pytest.raises(type(error)):
        taking.take()  # with nothing encoded it is told


def test_a_slice_ends_where_it_is_full() -> None:
    """Of runs and rows of the Python way together."""
    ring = Ring(AssertionError("taken from after the slice was full"), runs=128)
    assert sum(len(lines) for _, lines in intake(ring).take()) == 256
