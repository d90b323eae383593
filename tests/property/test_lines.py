"""Encoded rows together are the same rows, in Python and in the native core."""

from __future__ import annotations

import zlib
from array import array
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiocollect._core.lines import PythonLines, PythonOpenLines
from aiocollect._native import core

WAYS = [
    pytest.param((PythonLines, PythonOpenLines), id="python"),
    pytest.param(
        None if core is None else (core.Lines, core.OpenLines),
        id="native",
        marks=pytest.mark.skipif(core is None, reason="the native core was not built"),
    ),
]

lines = st.lists(st.binary(min_size=1, max_size=90), max_size=8)


def check(found: Any, rows: list[bytes]) -> None:
    """It is these rows, in whatever way somebody looks at it."""
    data = b"".join(rows)
    assert (list(found), len(found), found.size, found.data) == (rows, len(rows), len(data), data)
    assert found.lengths == array("I", map(len, rows)).tobytes()
    assert found.crc == zlib.crc32(data)


@pytest.mark.parametrize("way", WAYS)
@given(rows=lines, first=st.integers(0, 9), last=st.integers(0, 9), size=st.integers(0, 400))
@settings(max_examples=200, deadline=None)
def test_lines_are_a_list_of_rows(
    way: tuple[Any, Any], rows: list[bytes], first: int, last: int, size: int
) -> None:
    """Cuts are between rows, and what fits is counted in whole rows."""
    kind, _ = way
    found = kind.of(rows)
    check(found, rows)
    check(kind(found.data, found.lengths), rows)
    check(found.cut(first, last), rows[first:last])
    fits = max(n for n in range(len(rows) + 1) if sum(map(len, rows[:n])) <= size)
    assert found.fitting(size) == fits


@pytest.mark.parametrize("way", WAYS)
@given(most=st.integers(1, 300), runs=st.lists(lines, max_size=12))
@settings(max_examples=200, deadline=None)
def test_open_lines_take_what_fits(
    way: tuple[Any, Any], most: int, runs: list[list[bytes]]
) -> None:
    """Rows go on in order until the next one does not fit; the first one always fits."""
    kind, open_kind = way
    open_lines = open_kind(most)
    held: list[bytes] = []
    for run in runs:
        taken = open_lines.add(kind.of(run))
        for row in run[:taken]:
            assert not held or sum(map(len, held)) + len(row) <= most
            held.append(row)
        if taken < len(run):
            assert held, "the first row always fits"
            assert sum(map(len, held)) + len(run[taken]) > most
        assert (open_lines.rows, open_lines.size) == (len(held), sum(map(len, held)))
        check(open_lines.lines(), held)
    check(open_lines.close(), held)


@pytest.mark.parametrize("way", WAYS)
def test_a_block_of_a_mebibyte(way: tuple[Any, Any]) -> None:
    """Many slices become one block, whose bytes stay when more come into the next one."""
    kind, open_kind = way
    open_lines, held = open_kind(2**20), []
    for number in range(200):
        rows = [b"%d,%d\n" % (number, row) * 17 for row in range(30)]
        taken = open_lines.add(kind.of(rows))
        held += rows[:taken]
        if taken < len(rows):
            break
    closed = open_lines.close()
    check(closed, held)
    again = open_kind(2**20)
    again.add(kind.of([b"other\n"] * 1000))
    check(again.close(), [b"other\n"] * 1000)
    check(closed, held)


@pytest.mark.parametrize("way", WAYS)
def test_the_bytes_of_a_block_that_somebody_keeps_never_change(way: tuple[Any, Any]) -> None:
    """A block's memory is used again for later ones, unless a store, or who else, still has it."""
    kind, open_kind = way

    def block(letter: bytes) -> Any:
        open_lines = open_kind(2**20)
        open_lines.add(kind.of([letter * 999 + b"\n"] * 1000))
        return open_lines.close()

    kept = {letter: block(letter).data for letter in (b"a", b"b", b"c")}
    looked_at = memoryview(block(b"d").data)
    with_hash = block(b"e").data
    hash(with_hash)
    del with_hash
    for letter in (b"f", b"g", b"h"):
        data = block(letter).data
        assert data == (letter * 999 + b"\n") * 1000
        assert hash(data) == hash(bytes(bytearray(data)))
    for letter, data in kept.items():
        assert data == (letter * 999 + b"\n") * 1000
    assert looked_at == (b"d" * 999 + b"\n") * 1000


@pytest.mark.skipif(core is None, reason="the native core was not built")
def test_lengths_that_lie_are_refused() -> None:
    """Rows are cut by their lengths, so these must be the bytes' own."""
    for data, lengths in ((b"abc", [2]), (b"abc", [2, 2]), (b"", [1]), (b"abc", [])):
        with pytest.raises(ValueError, match="do not add up"):
            core.Lines(data, array("I", lengths).tobytes())
    with pytest.raises(TypeError):
        core.Lines.of(["text"])
    with pytest.raises(TypeError):
        core.OpenLines(5).add([b"row\n"])
