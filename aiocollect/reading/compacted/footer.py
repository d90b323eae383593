"""What a compacted file says of itself, in the footer of Parquet: which bytes of which parts are in
it. Pure.

An append blob only grows, so (part, creation time, end) is a watermark: the rows of a part up to
the largest end that any footer names are in the files, those behind it are not. A blob that was
deleted and made again has another creation time, so nothing of it is in them. There is no other
index: a file that is there counts, and one that is not was never made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from ..cells.looks import Looks

__all__ = [
    "KEY",
    "Footer",
    "Marks",
    "PartBytes",
    "footer_of",
    "looks_of_column",
    "looks_of_file",
    "marks_of",
]

KEY: Final = b"aiocollect"
_VERSION: Final = 1
_EXACT: Final = 2**53

# By path and creation time of a part: as far as its rows are in compacted files.
Marks = Mapping[tuple[str, str], int]


class PartBytes(NamedTuple):
    """The bytes of a part that a file has the rows of: from ``begin`` until before ``end``."""

    part: str
    created: str
    begin: int
    end: int


class Footer(NamedTuple):
    """``keys``: a hash of the ids and row indexes, in whatever order (rowset.py). ``looks``: of the
    columns, what looks.py calls so. ``left_out``: rows of the sources that could not be read.
    ``begin``, ``end``: the time of the folders, in microseconds since 1970."""

    sources: tuple[PartBytes, ...]
    rows: int
    keys: str
    looks: dict[str, Looks]
    left_out: int
    begin: int
    end: int

    def packed(self) -> bytes:
        """As the value of KEY in the file's metadata."""
        return orjson.dumps(
            {
                "version": _VERSION,
                "sources": [list(source) for source in self.sources],
                "rows": self.rows,
                "set": self.keys,
                "types": {name: sorted(looks) for name, looks in self.looks.items()},
                "left_out": self.left_out,
                "span": [self.begin, self.end],
            }
        )


def footer_of(metadata: Mapping[bytes, bytes] | None) -> Footer | None:
    """The footer among the metadata of a Parquet file; None where it is none of ours."""
    try:
        said = orjson.loads((metadata or {})[KEY])
        if said["version"] != _VERSION:
            return None
        return Footer(
            tuple(PartBytes(*source) for source in said["sources"]),
            said["rows"],
            said["set"],
            {name: frozenset(looks) for name, looks in said["types"].items()},
            said["left_out"],
            *said["span"],
        )
    except (KeyError, TypeError, ValueError):
        return None


def marks_of(footers: Iterable[Footer]) -> dict[tuple[str, str], int]:
    """As far as the parts are in the files of these footers."""
    marks: dict[tuple[str, str], int] = {}
    for footer in footers:
        for part, created, _, end in footer.sources:
            key = part, created
            marks[key] = max(marks.get(key, 0), end)
    return marks


def looks_of_column(cells: Any) -> Looks:
    """The looks that lead to the type of a column that was read."""
    if pa.types.is_null(cells.type) or cells.null_count == len(cells):
        return frozenset()
    if not _is_whole(cells.type):
        return _looks_of_type(cells.type)
    found = pc.min_max(cells).as_py()
    return _looks_between(int(found["min"]), int(found["max"]))


def looks_of_file(metadata: Any) -> dict[str, Looks]:
    """The looks of the columns of a file that is not ours, from a ``FileMetaData``: whole numbers
    are as large as the statistics say, or as the type allows."""
    found = {}
    for at, field in enumerate(metadata.schema.to_arrow_schema()):
        found[field.name] = _looks_of_type(field.type)
        if _is_whole(field.type):
            groups = range(metadata.num_row_groups)
            seen = [metadata.row_group(one).column(at).statistics for one in groups]
            known = [one for one in seen if one is not None]
            ends = [int(end) for one in known if one.has_min_max for end in (one.min, one.max)]
            if len(known) == len(seen) and all(
                one.has_min_max or not one.num_values for one in known
            ):
                found[field.name] = _looks_between(min(ends), max(ends)) if ends else frozenset()
    return found


def _is_whole(type_: Any) -> bool:
    return bool(pa.types.is_integer(type_) or (pa.types.is_decimal(type_) and not type_.scale))


def _looks_between(low: int, high: int) -> Looks:
    signs = {"negative"} if low < 0 else set[str]()
    if low >= -_EXACT and high <= _EXACT:
        return frozenset(signs | {"int53"})
    if low >= -(2**63) and high < 2**63:
        return frozenset(signs | {"int64"})
    return frozenset(signs | {"uint64" if low >= 0 and high < 2**64 else "decimal"})


def _looks_of_type(type_: Any) -> Looks:
    if pa.types.is_timestamp(type_):
        return frozenset({"moment" if type_.tz is None else "instant"})
    for is_one, looks in (
        (pa.types.is_uint64, {"uint64"}),
        (pa.types.is_integer, {"int64", "negative"}),
        (pa.types.is_decimal, {"decimal", "negative"}),
        (pa.types.is_floating, {"float"}),
        (pa.types.is_boolean, {"bool"}),
        (pa.types.is_date, {"day"}),
    ):
        if is_one(type_):
            return frozenset(looks)
    return frozenset({"text"})
