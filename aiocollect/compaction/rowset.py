"""A hash of which rows a table has, whatever their order: to see that none was lost or doubled on
its way into a file. Pure, over Arrow.

The hashes of the rows' ids and indexes are added up, so tables can be hashed piece by piece. It is
against faults, not against forgers. Ids of 36 bytes, as ours are, are hashed by Arrow, a few tables
at a time: of their nine words of four bytes those that tell rows apart (the end of the time, the
writer, the counter), each with a weight of its own, then mixed; a row costs some 15 ns.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from ..typing import METADATA

__all__ = ["RowSet"]

ID, _, ROW = METADATA
_WORDS: Final = 9
_USED: Final = (2, 4, 6, 7, 8)
# Rows that are hashed at a time: a call of Arrow costs as much as some hundred rows.
_AT_ONCE: Final = 2**16
_MODULUS: Final = 2**64
# Odd, and with bits everywhere: multiples of 2**64 divided by the golden ratio.
_WEIGHTS: Final = [
    pa.scalar((0x9E3779B97F4A7C15 * (2 * at + 1)) % _MODULUS, pa.uint64())
    for at in range(_WORDS + 2)
]
_HALF: Final = pa.scalar(32, pa.uint64())


class RowSet:
    """``count``: how many rows; ``text``: the hash, "" for rows without ids."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0
        self._has_ids = False
        self._waiting: list[tuple[Any, Any]] = []
        self._waits = 0

    def __repr__(self) -> str:
        return f"<RowSet of {self.count}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowSet) and (self.count, self.text) == (other.count, other.text)

    __hash__ = None  # type: ignore[assignment]

    @property
    def text(self) -> str:
        """The hash in 16 hexadecimal digits."""
        self._hash_all()
        return f"{self._sum:016x}" if self._has_ids and self.count else ""

    def add(self, table: Any) -> None:
        """Count and hash the rows of a table."""
        self.count += table.num_rows
        if ID not in table.column_names:
            return
        self._has_ids = True
        index = table[ROW] if ROW in table.column_names else pa.nulls(table.num_rows, pa.int64())
        self._waiting.append((table[ID], index))
        self._waits += table.num_rows
        if self._waits >= _AT_ONCE:
            self._hash_all()

    def merge(self, other: RowSet) -> None:
        """Add the rows of another one."""
        other._hash_all()
        self.count += other.count
        self._has_ids = self._has_ids or other._has_ids
        self._sum = (self._sum + other._sum) % _MODULUS

    def _hash_all(self) -> None:
        if self._waiting:
            ids, index = (_whole(columns) for columns in zip(*self._waiting, strict=True))
            self._sum = (self._sum + _hash(ids, index)) % _MODULUS
            self._waiting, self._waits = [], 0


def _whole(columns: Iterable[Any]) -> Any:
    """The cells of all of them in one array."""
    chunks = [
        chunk
        for column in columns
        for chunk in (column.chunks if isinstance(column, pa.ChunkedArray) else [column])
    ]
    return pa.concat_arrays(chunks) if len(chunks) > 1 else chunks[0]


def _hash(ids: Any, rows: Any) -> int:
    usual = pc.fill_null(pc.equal(pc.binary_length(ids), 4 * _WORDS), False)
    if pc.all(usual).as_py() is not False:
        return _usual(ids, rows)
    odd = pc.invert(usual)
    return _usual(ids.filter(usual), rows.filter(usual)) + sum(
        int.from_bytes(blake2b(f"{row} {id_}".encode(), digest_size=8).digest(), "little")
        for id_, row in zip(ids.filter(odd).to_pylist(), rows.filter(odd).to_pylist(), strict=True)
    )


def _usual(ids: Any, rows: Any) -> int:
    count = len(ids)
    if not count:
        return 0
    fixed = pc.cast(pc.cast(ids, pa.binary()), pa.binary(4 * _WORDS))
    words = pa.Array.from_buffers(
        pa.uint32(), count * _WORDS, [None, fixed.buffers()[1]], offset=fixed.offset * _WORDS
    )
    lists = pa.FixedSizeListArray.from_arrays(words, _WORDS)
    number = pc.cast(pc.fill_null(rows, -1), pa.uint64(), safe=False)
    mixed = pc.multiply(pc.add(number, _WEIGHTS[-1]), _WEIGHTS[_WORDS])
    for at in _USED:
        word = pc.cast(pc.list_element(lists, at), pa.uint64())
        mixed = pc.add(mixed, pc.multiply(word, _WEIGHTS[at]))
    for _ in range(2):
        mixed = pc.multiply(pc.bit_wise_xor(mixed, pc.shift_right(mixed, _HALF)), _WEIGHTS[-1])
    mixed = pc.bit_wise_xor(mixed, pc.shift_right(mixed, _HALF))
    return int(pc.sum(mixed).as_py())
