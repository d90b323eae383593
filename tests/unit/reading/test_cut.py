"""Where rows end; the oracle is Python's csv module, which reads a file from its start."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aiocollect.reading.cells.cut import (
    columns_in_quotes,
    last_row_end,
    quoted_columns,
    quotes_in,
    skeleton,
    sound_rows,
)

CELLS = st.text(alphabet='a,"\n', max_size=6)
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=6)


def written(rows: list[list[str]]) -> bytes:
    """As csv.writer has it, all in quotes where it must be."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@given(ROWS, st.integers(0, 200))
@example([["a", '\n"\n'], ["b", "c"]], 7)
def test_what_is_cut_off_is_whole_rows(rows: list[list[str]], at: int) -> None:
    """The rows that end within any beginning of a file, and no other."""
    data = written(rows)
    head = data[:at]
    ends = {len(written(rows[:count])) for count in range(len(rows) + 1)}
    end = last_row_end(head, quotes=True)
    assert end == max(one for one in ends if one <= len(head))
    assert read(head[:end]) == rows[: len(read(head[:end]))]


@given(ROWS, st.integers(0, 200), st.integers(0, 200), st.integers(0, 9))
@example([["a", '\n"\n'], ["b", "c"]], 7, 9, 0)
def test_a_row_that_began_before_ends_where_it_ends(
    rows: list[list[str]], at: int, until: int, header: int
) -> None:
    """What is left of one stretch is the beginning of the next; what stands before is no row."""
    data = written(rows)
    end = last_row_end(data[:at], quotes=True)
    rest, following = data[end:at], b'"' * header + data[at : at + until]
    found = last_row_end(following, quotes=True, begin=header, before=rest)
    want = last_row_end(data[: at + until], quotes=True)
    assert found == (want - at + header if want > end else 0)


@given(ROWS)
def test_a_skeleton_has_the_same_rows_and_no_text_in_quotes(rows: list[list[str]]) -> None:
    """Each cell in quotes is one quote; the others stay as they are."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    lines = skeleton(text.getvalue().encode()).decode().split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        cells = line.split(",")
        assert len(cells) == len(row)
        for cell, given_ in zip(cells, row, strict=True):
            quoted = set(given_) & set(',"\n')
            assert cell == ('"' if quoted else given_)


@given(ROWS)
def test_the_columns_that_have_cells_in_quotes(rows: list[list[str]]) -> None:
    """By their place in the row."""
    want = {at for row in rows for at, cell in enumerate(row) if set(cell) & set(',"\n')}
    assert columns_in_quotes(written(rows)) == quoted_columns(written(rows)) == want


@given(st.lists(st.sampled_from(['"', '""', ",", "\n", "a", "a" * 7, "b,\n"]), max_size=60))
def test_the_native_core_finds_the_same_columns(pieces: list[str]) -> None:
    """Whatever the bytes are, also where a quote has no partner."""
    rows = "".join(pieces).encode()
    assert quoted_columns(rows) == columns_in_quotes(rows)


@given(st.binary(max_size=40), st.integers(0, 300), st.integers(0, 60))
@example(b"", 5000, 1)
def test_the_native_core_counts_the_same_quotes(some: bytes, many: int, begin: int) -> None:
    """Anywhere between other bytes, and more of them than fit a byte."""
    data = some + b'"' * many + some
    begin = min(begin, len(data))
    end = max(begin, len(data) - 3)
    assert quotes_in(data, begin, end) == data[begin:end].count(b'"')


def test_jsonl_ends_at_line_ends_alone() -> None:
    """A quote in JSON says nothing about lines."""
    assert last_row_end(b'{"a":"\\""}\n{"b', quotes=False) == 11
    assert last_row_end(b'"\n"\n', quotes=False) == 4
    assert last_row_end(b"", quotes=True) == 0


@pytest.mark.parametrize("bad", [b"\xff", b'"\xc3"', b"\xed\xa0\x80"])
def test_rows_that_are_no_text_are_left_out_alone(bad: bytes) -> None:
    """Their neighbours stay, also those with line ends in their cells."""
    rows = [b'1,"a\nb"\n', b"2," + bad + b"\n", b"3,\n", b"4," + bad + b"\n", b'5,"\n\n"\n']
    assert sound_rows(b"".join(rows)) == (b"".join(rows[::2]), 2)
    assert sound_rows(b"1,2\n") == (b"1,2\n", 0)
    assert sound_rows(b"2," + bad + b"\n") == (b"", 1)
