"""Streams side by side, row by row: inputs, predictions, the labels that came. Pure, over Arrow.

A row is known by its correlation id and its index within the call. What was recorded together
stands in the same order in its files, so comparing the two columns is nearly always enough; where
it is not, rows are looked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from ...typing import METADATA

__all__ = [
    "Joined",
    "Labelled",
    "complete_keys",
    "has_others",
    "is_ours",
    "join",
    "keys_of",
    "label",
    "numbered",
    "same_rows",
]

ID, TIME, ROW = METADATA


class Joined(NamedTuple):
    """``table``: id, row and time, then the columns of all streams. ``missing``: how many of its
    rows each stream does not have. ``doubled``: rows of a stream whose id and row came before."""

    table: Any
    missing: dict[str, int]
    doubled: int


def is_ours(ids: Any) -> Any:
    """Which ids carry the time of their scoring (_core/ids.py), as a mask."""
    return pc.and_(
        pc.equal(pc.binary_length(ids), 36),
        pc.and_(
            pc.equal(pc.utf8_slice_codeunits(ids, 14, 15), "8"),
            pc.equal(pc.utf8_slice_codeunits(ids, 19, 21), "ac"),
        ),
    )


def has_others(table: Any) -> bool:
    """Whether any id is not ours, or missing."""
    return bool(pc.any(pc.invert(pc.fill_null(is_ours(table[ID]), False))).as_py())


def keys_of(*tables: Any) -> list[Any]:
    """A key for each row of each table: equal for equal ids and rows, and for those alone."""
    if all(len(table) == 0 or pc.max(table[ROW]).as_py() in (0, None) for table in tables):
        return [table[ID] for table in tables]
    return [
        pc.binary_join_element_wise(
            pc.cast(pc.fill_null(table[ROW], 0), pa.string()), table[ID], "/"
        )
        for table in tables
    ]


def numbered(table: Any, counts: dict[str, int]) -> Any:
    """Rows without an index, as collectors before us wrote them, get one: their place among those
    of their id. ``counts`` are kept from one table to the next."""
    if ROW not in table.column_names:
        table = table.append_column(ROW, pa.nulls(len(table), pa.int64()))
    if not table[ROW].null_count:
        return table
    rows = table[ROW].to_pylist()
    for at, (id_, row) in enumerate(zip(table[ID].to_pylist(), rows, strict=True)):
        if row is None:
            rows[at] = counts[id_] = counts.get(id_, -1) + 1
    return table.set_column(table.column_names.index(ROW), ROW, pa.array(rows, pa.int64()))


def same_rows(tables: Mapping[str, Any]) -> bool:
    """Whether all have the same rows in the same order."""
    first, *others = tables.values()
    return all(
        len(first) == len(other) and first[ROW].equals(other[ROW]) and first[ID].equals(other[ID])
        for other in others
    )


def complete_keys(tables: Sequence[Any]) -> list[Any]:
    """For each table a mask of the rows that all the others have, too."""
    keys = keys_of(*tables)
    masks = []
    for at, mine in enumerate(keys):
        mask = pa.chunked_array([pa.repeat(pa.scalar(True), len(mine))], pa.bool_())
        for other, theirs in enumerate(keys):
            if other != at:
                mask = pc.and_(mask, pc.is_in(mine, value_set=_one(theirs)))
        masks.append(mask)
    return masks


def join(tables: dict[str, Any]) -> Joined:
    """One row for each that any of the streams has, in the order of the first one."""
    names = list(tables)
    first, *others = tables.values()
    if same_rows(tables):
        table = _frame(first)
        for other in others:
            table = _beside(table, other)
        return Joined(table, dict.fromkeys(names, 0), 0)
    keys = [_one(key) for key in keys_of(*tables.values())]
    wanted = keys[0]
    for key in keys[1:]:
        # Rows that only this stream has stand after the others.
        more = pc.unique(key.filter(pc.invert(pc.is_in(key, value_set=wanted))))
        wanted = pa.concat_arrays([wanted, more]) if len(more) else wanted
    table, missing, doubled = None, {}, 0
    frame: dict[str, Any] = {}
    for name, stream, key in zip(names, tables.values(), keys, strict=True):
        places = pc.index_in(wanted, value_set=key)
        if name == names[0]:
            places = pa.concat_arrays(
                [pa.array(range(len(key)), pa.int32()), places.slice(len(key))]
            )
        missing[name] = places.null_count
        doubled += len(stream) - pc.count_distinct(places).as_py()
        taken = stream.take(places)
        for column in (ID, ROW, TIME):
            known = frame.get(column)
            frame[column] = taken[column] if known is None else pc.coalesce(known, taken[column])
        columns = taken.drop_columns([ID, ROW, TIME])
        table = columns if table is None else _beside(table, columns)
    assert table is not None
    head = pa.table({column: frame[column] for column in (ID, ROW, TIME)})
    for column in table.column_names:
        head = head.append_column(table.schema.field(column), table[column])
    return Joined(head, missing, doubled)


class Labelled(NamedTuple):
    """The rows with their labels beside them; which of the rows have one, and which labels belong
    to one of the rows, as masks."""

    table: Any
    has_one: Any
    belongs: Any


def label(rows: Any, labels: Any, *, which: str) -> Labelled:
    """The label of each row beside it, or missing cells.

    ``which`` of several counts: the "latest" by its time, the "first", or "all", each on a row of
    its own. Of equal times it is the one that stands later in the files, or sooner. A label whose
    cells are all missing is none. Labels without a row are for every row of their id.
    """
    if ROW in labels.column_names:
        mine, theirs = map(_one, keys_of(rows, labels))
    else:
        mine, theirs = _one(rows[ID]), _one(labels[ID])
    columns = labels.select([name for name in labels.column_names if name not in METADATA])
    says = None
    for column in columns.columns:
        valid = pc.is_valid(column)
        says = valid if says is None else pc.or_(says, valid)
    count = len(labels)
    times = labels[TIME] if TIME in labels.column_names else pa.nulls(count, pa.int64())
    numbered = pa.table({"key": theirs, "time": times, "place": pa.array(range(count), pa.int64())})
    if says is not None:
        numbered = numbered.filter(says)
    order = "descending" if which == "latest" else "ascending"
    numbered = numbered.sort_by([("time", order), ("place", order)])
    keys = _one(numbered["key"])
    # Of equal keys index_in() finds the first.
    found = pc.index_in(mine, value_set=keys)
    belongs = pc.is_in(theirs, value_set=mine)
    if which != "all":
        taken = columns.take(pc.take(numbered["place"], found))
        return Labelled(_beside(rows, taken), pc.is_valid(found), belongs)
    pairs = pa.table({"label": numbered["place"], "row": pc.index_in(keys, value_set=mine)})
    pairs = pairs.filter(pc.is_valid(pairs["row"]))
    alone = pc.indices_nonzero(
        pc.invert(pc.is_in(pa.array(range(len(rows)), pa.int32()), value_set=_one(pairs["row"])))
    ).cast(pa.int32())
    alone = pa.table({"label": pa.nulls(len(alone), pa.int64()), "row": alone})
    pairs = pa.concat_tables([pairs, alone])
    order_of = pc.sort_indices(pairs, sort_keys=[("row", "ascending")])
    pairs = pairs.take(order_of)
    table = _beside(rows.take(pairs["row"]), columns.take(pairs["label"]))
    return Labelled(table, pc.is_valid(pairs["label"]), belongs)


def _one(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _frame(table: Any) -> Any:
    others = [name for name in table.column_names if name not in (ID, ROW, TIME)]
    return table.select([ID, ROW, TIME, *others])


def _beside(table: Any, other: Any) -> Any:
    for name in other.column_names:
        if name not in (ID, ROW, TIME):
            table = table.append_column(other.schema.field(name), other[name])
    return table
