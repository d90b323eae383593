"""Rows that wait on the disk, in shares: each row's share follows from its id and its place in the
call, so that rows that belong together are in shares of one number.

The file has no name: it is gone with the process, however that ends. It lies where TMPDIR says.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any, Final
from zlib import crc32

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from ...errors import ConfigError
from ...typing import METADATA

__all__ = ["KEY", "Spill", "divided", "merged"]

ID, _, ROW = METADATA
# The column by which runs are sorted.
KEY: Final = "$aml_key"
# Rows that are collected before they are divided, in bytes: pieces of a share that are too small
# cost more than their rows.
GATHERED: Final = 8 * 2**20
_ODD: Final = 0x9E3779B1


class Spill:
    """Tables of one schema, by share."""

    def __init__(self, schema: Any, shares: int) -> None:
        self._schema = schema
        self._places: list[list[tuple[int, int]]] = [[] for _ in range(shares)]
        self._end = 0
        self._file = tempfile.TemporaryFile(prefix="aiocollect-", buffering=0)  # noqa: SIM115

    def __repr__(self) -> str:
        return f"<Spill of {len(self._places)} shares, {self._end} bytes>"

    def put(self, share: int, table: Any) -> None:
        """Keep the rows, behind those that the share has. ConfigError where the disk is full."""
        for batch in table.combine_chunks().to_batches():
            data = batch.serialize()
            try:
                self._write(data)
            except OSError as error:
                raise ConfigError(
                    f"rows that are joined wait in {tempfile.gettempdir()}, which cannot be "
                    f"written: {error.strerror}; free some space there, or set TMPDIR"
                ) from None
            self._places[share].append((self._end, data.size))
            self._end += data.size

    def _write(self, data: Any) -> None:
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]

    def batches(self, share: int) -> Iterator[Any]:
        """The batches of a share, in the order in which they came; each is read when it is its
        turn. Nothing is put while one reads."""
        for offset, size in self._places[share]:
            self._file.seek(offset)
            data = bytearray(size)
            left = memoryview(data)
            while left:
                left = left[self._file.readinto(left) or size :]
            yield pa.ipc.read_record_batch(pa.py_buffer(data), self._schema)

    def table(self, share: int) -> Any:
        """All rows of a share."""
        return pa.Table.from_batches(list(self.batches(share)), schema=self._schema)

    def close(self) -> None:
        """Give the space back."""
        self._file.close()


def divided(table: Any, shares: int) -> list[Any]:
    """The rows of each share, in their order."""
    if shares == 1:
        return [table]
    ids = table[ID].cast(pa.large_binary()).to_pylist()
    rows = table[ROW].to_pylist()
    numbers = pa.array(
        [
            (crc32(id_ or b"") ^ ((row or 0) * _ODD & 0xFFFFFFFF)) % shares
            for id_, row in zip(ids, rows, strict=True)
        ],
        pa.int32(),
    )
    sorted_ = table.take(pc.sort_indices(numbers))  # which keeps the order of equal ones
    counts = {one["values"]: one["counts"] for one in pc.value_counts(numbers).to_pylist()}
    found, at = [], 0
    for share in range(shares):
        count = counts.get(share, 0)
        found.append(sorted_.slice(at, count))
        at += count
    return found


def merged(runs: Spill, shares: int, *, least: int) -> Iterator[Any]:
    """All rows in the order of their keys, in tables of at least so many bytes but for the last;
    those of each share are sorted. At a time two batches of each are held."""
    some: list[Any] = []
    size = 0
    left = [runs.batches(share) for share in range(shares)]
    held: list[Any] = [next(one, None) for one in left]
    after: list[Any] = [next(one, None) for one in left]
    while any(batch is not None for batch in held):
        # No later batch of any run has a key that is not above this one.
        lasts = [
            batch[KEY][-1].as_py()
            for batch, more in zip(held, after, strict=True)
            if batch is not None and more is not None
        ]
        for at, batch in enumerate(held):
            if batch is None:
                continue
            count = len(batch)
            if lasts:
                count = pc.sum(pc.less_equal(batch[KEY], min(lasts))).as_py() or 0
            if count:
                some.append(batch.slice(0, count))
                size += batch.nbytes * count // len(batch)
            held[at] = batch.slice(count) if count < len(batch) else None
            if held[at] is None:
                held[at], after[at] = after[at], next(left[at], None)
        if size >= least:
            yield _sorted(some)
            some, size = [], 0
    if some:
        yield _sorted(some)


def _sorted(batches: list[Any]) -> Any:
    # Each step's keys are above those of the step before; within one they are mixed.
    table = pa.Table.from_batches(batches).sort_by(KEY)
    pa.default_memory_pool().release_unused()
    return table
