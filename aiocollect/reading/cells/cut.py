"""Where rows end: cutting a file into pieces of whole rows without parsing it. Pure.

RFC 4180: a line end between quotes belongs to its cell. A quote within quotes is doubled, so a byte
is within quotes exactly where the number of quotes before it, from the start of a row, is odd.
Nothing else is a border: a cell may hold text that looks like the end of a row.
"""

from __future__ import annotations

from ..._native import stands_in

__all__ = [
    "columns_in_quotes",
    "count_quotes",
    "last_row_end",
    "quoted_columns",
    "quotes_in",
    "skeleton",
    "sound_rows",
]


def last_row_end(data: bytes, *, quotes: bool, begin: int = 0, before: bytes = b"") -> int:
    """Where the last whole row of ``data`` ends; 0: no row ends there.

    A row begins with ``data``, or with ``before``, what there was of it earlier; then ``data`` is
    looked at from ``begin`` on. ``quotes``: line ends between quotes are none, as in CSV.
    """
    at = data.rfind(b"\n", begin)
    if not quotes or at < 0:
        return at + 1
    odd = (before.count(b'"') + _quotes(data, begin, at)) % 2
    while odd and at >= 0:
        line = data.rfind(b"\n", begin, at)
        odd = (odd + data.count(b'"', max(line, begin), at)) % 2
        at = line
    return at + 1


def _quotes(data: bytes, begin: int, end: int) -> int:
    # To see that there are none is much quicker than to count them.
    first = data.find(b'"', begin, end)
    return quotes_in(data, first, end) if first >= 0 else 0


def count_quotes(data: bytes, begin: int, end: int) -> int:
    """How many quotes are in that stretch, which lies within the data."""
    return data.count(b'"', begin, end)


def skeleton(rows: bytes) -> bytes:
    """The rows with one quote in place of each cell that is in quotes, whatever is in it.

    So a comma or a line end in it is a border, and a quote says that the cell is text.
    """
    if b'"' not in rows:
        return rows
    outside = rows.split(b'"')[::2]
    # Between the two halves of a doubled quote there is nothing.
    return b'"'.join([outside[0], *filter(None, outside[1:])])


def columns_in_quotes(rows: bytes) -> set[int]:
    """The columns, by their place, in which some cell is in quotes."""
    found: set[int] = set()
    place = end = 0  # the column that the text from ``end`` on begins in
    begin = rows.find(b'"')
    while begin >= 0:
        line = rows.rfind(b"\n", end, begin)
        if line >= 0:
            place = rows.count(b",", line, begin)
        else:
            place += rows.count(b",", end, begin)
        found.add(place)
        while True:
            last = rows.find(b'"', begin + 1)
            if last < 0:  # no whole row
                return found
            end = last + 1
            begin = rows.find(b'"', end)
            if begin != end:
                break  # else the other half of a doubled quote
    return found


# Where the native core was built, its own, which take a tenth and a third of the time and do not
# hold the interpreter (_native/quotes.cpp). Those above are the definitions.
quotes_in = stands_in("quotes_in", count_quotes)
quoted_columns = stands_in("quoted_columns", columns_in_quotes)


def sound_rows(rows: bytes) -> tuple[bytes, int]:
    """The rows that are UTF-8, and how many are not."""
    try:
        rows.decode()
    except UnicodeDecodeError:
        pass
    else:
        return rows, 0
    half = last_row_end(rows[: len(rows) // 2], quotes=True)
    if not half:
        half = last_row_end(rows[:-1], quotes=True)
        if not half:
            return b"", 1
    first, second = sound_rows(rows[:half]), sound_rows(rows[half:])
    return first[0] + second[0], first[1] + second[1]
