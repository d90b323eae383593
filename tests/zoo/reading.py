"""Bugs of readers: what a row, its cells and its partners are taken for."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["READING"]

_OWN: Final = "own: a reader's risk"

READING: Final[list[Mutant]] = [
    Mutant(
        "a file is cut at any line end",
        "apache/datafusion#11472",  # line ends within cells, known from a survey
        "reading/cells/cut.py",
        "    odd = (before.count(b'\"') + _quotes(data, begin, at)) % 2\n",
        "    odd = 0\n",
        ("reading",),
        "Misfit",
    ),
    Mutant(
        "text in quotes becomes a number",
        _OWN,
        "reading/cells/csv_rows.py",
        "            if names.index(name) in quoted and not (",
        "            if False and names.index(name) in quoted and not (",
        ("reading parts",),
        "== ['1999', '007']",
    ),
    Mutant(
        "a whole number among floats is rounded",
        _OWN,
        "reading/cells/csv_rows.py",
        "        if looks - (",
        "        if not looks - (",
        ("reading parts",),
        "9007199254740992.0",
    ),
    Mutant(
        "parts in the order of their names",
        _OWN,
        "reading/parts/plan.py",
        "    return place.begin, place.writer, place.ordinal, place.number, path\n",
        "    return place.begin, '', 0, 0, path\n",
        ("reading parts",),
        "assert [0, 1, 2, 3, 20, 21",
    ),
    Mutant(
        "a column that only a later part has is dropped",
        "duckdb/duckdb#24139",  # a later file's columns "silently dropped"
        "reading/rows/stream.py",
        "        for looks in reversed(seen):\n",
        "        for looks in seen[:1]:\n",
        ("reading parts",),
        "== ['c', 'b', 'a",
    ),
    Mutant(
        "a blob is known by its name",
        "apache/iceberg#12357",  # a source that was made anew is taken for the old one
        "reading/fetch/fetcher.py",
        "            if found.created != part.created:\n",
        "            if False:\n",
        ("reading while written",),
        "DID NOT RAISE SnapshotGone",
    ),
    Mutant(
        "a read trusts ETags",
        "Azure/azure-sdk-for-python#39817",  # chunks of a growing blob: ConditionNotMet
        "reading/fetch/fetcher.py",
        "            if found.created != part.created:\n",
        "            etag = self.__dict__.setdefault(part.path, found.etag)\n"
        "            if found.created != part.created or etag != found.etag:\n",
        ("reading while written",),
        "was replaced after it was listed",
    ),
    Mutant(
        "a read waits for ever",
        _OWN,
        "reading/fetch/patience.py",
        "            async with asyncio.timeout(self.timeout) as limit:\n",
        "            async with asyncio.timeout(None) as limit:\n",
        ("fetch",),
        "virtual time cannot advance",
    ),
    Mutant(
        "rows are joined by their place",
        _OWN,
        "reading/join/matching.py",
        "        len(first) == len(other) and first[ROW].equals(other[ROW]) and "
        "first[ID].equals(other[ID])\n",
        "        len(first) == len(other)\n",
        ("reading joined",),
        "(1, 1.0)",
    ),
    Mutant(
        "a prediction without its inputs vanishes",
        _OWN,
        "reading/join/matching.py",
        "        wanted = pa.concat_arrays([wanted, more]) if len(more) else wanted\n",
        "",
        ("reading joined",),
        "one more item: (None, 1.0)",
    ),
    Mutant(
        "the label that is stored last counts",
        "feast-dev/feast#3360",  # the wrong one of three by time, known from a survey
        "reading/join/matching.py",
        '    numbered = numbered.sort_by([("time", order), ("place", order)])\n',
        '    numbered = numbered.sort_by([("place", order)])\n',
        ("reading joined",),
        "assert [1, 5, None, None]",
    ),
    Mutant(
        "a late label is of the time when it came",
        _OWN,
        "reading/join/times.py",
        "    mask = pc.if_else(pc.fill_null(is_ours(ids), False), pc.and_(after, before), own)\n",
        "    mask = own\n",
        ("reading while written",),
        "assert [None] == [1]",
    ),
    Mutant(
        "a torn tail is a row",
        _OWN,
        "stores/local/reader.py",
        "        return Listed(name, record.length, created, modified=status.st_mtime)\n",
        "        return Listed(name, status.st_size, created, modified=status.st_mtime)\n",
        ("reading parts",),
        "code='torn'",
    ),
    Mutant(
        "shares are merged as far as the longest one has come",
        _OWN,
        "reading/join/spill.py",
        "                count = pc.sum(pc.less_equal(batch[KEY], min(lasts))).as_py() or 0\n",
        "                count = pc.sum(pc.less_equal(batch[KEY], max(lasts))).as_py() or 0\n",
        ("reading large",),
        "equals(pyarrow.Table",
    ),
    Mutant(
        "streams in another order are read side by side",
        _OWN,
        "reading/join/large.py",
        " or not same_rows(tables):\n                return False\n            if pool",
        ":\n                return False\n            if pool",
        ("reading large",),
        "equals(pyarrow.Table",
    ),
]
