"""One compacted file: written to a temporary file, and read back from there before it is put.

zstd 3, and the encodings of the target (targets.py).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from typing import IO, Any, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from ..errors import AioCollectError
from ..reading.cells.looks import Looks
from ..reading.compacted.footer import KEY, Footer, looks_of_column
from ..reading.fetch.positioned import Positioned
from .rowset import RowSet

__all__ = ["FileWriter"]

# A row group: as much as a reader holds of a file at a time.
GROUP_ROWS: Final = 2**17
GROUP_BYTES: Final = 16 * 2**20
_LEVEL: Final = 3
_BATCH_ROWS: Final = 2**14


class FileWriter:
    """A file of these columns. ``encodings``: those that are not by dictionaries, of a schema."""

    def __init__(self, schema: Any, encodings: Callable[[Any], Mapping[str, str]]) -> None:
        # A column in which everything is missing is text for those that need a type.
        self.schema = pa.schema(
            [
                pa.field(field.name, pa.string() if pa.types.is_null(field.type) else field.type)
                for field in schema
            ]
        )
        self._rows = 0
        self._looks: dict[str, Looks] = dict.fromkeys(self.schema.names, frozenset())
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - close() does
        self._waiting: list[Any] = []
        self._count = self._size = 0
        self._writer = self._opened(encodings(self.schema))

    def __repr__(self) -> str:
        return f"<FileWriter: {self._rows:,} rows>"

    def close(self) -> None:
        """Give up the temporary file."""
        self._writer.close()
        self._file.close()

    def add(self, table: Any) -> None:
        """Write rows after those before."""
        if table.schema != self.schema:
            table = table.cast(self.schema)
        self._rows += table.num_rows
        for name in self.schema.names:
            self._looks[name] |= looks_of_column(table[name])
        for first in range(0, table.num_rows, GROUP_ROWS):
            piece = table.slice(first, GROUP_ROWS)
            self._waiting.append(piece)
            self._count += piece.num_rows
            self._size += piece.nbytes
            if self._count >= GROUP_ROWS or self._size >= GROUP_BYTES:
                self._write_group()

    def finish(self, footer: Footer, source: RowSet) -> tuple[IO[bytes], int, Footer]:
        """The file from its beginning, its length, and the footer with rows and types in it.

        ``source``: the rows that it must have. Raises AioCollectError where the file, read back,
        does not have them.
        """
        self._write_group()
        footer = footer._replace(rows=source.count, keys=source.text, looks=dict(self._looks))
        self._writer.add_key_value_metadata({KEY: footer.packed()})
        self._writer.close()
        length = self._file.seek(0, 2)
        self._file.flush()
        if self._read_back(length) != source:
            raise AioCollectError(
                "a compacted file does not have the rows of its parts; nothing was stored. Check "
                "the disk and the memory of this machine"
            )
        self._file.seek(0)
        return self._file, length, footer

    def _read_back(self, length: int) -> RowSet:
        """The rows of the file: all of its cells are decoded, a few rows at a time."""
        found = RowSet()
        source = pa.PythonFile(_Positions(self._file.fileno(), length), mode="r")
        # Without pre_buffer, which fetches all of the groups at once.
        opened = pq.ParquetFile(source, pre_buffer=False)
        for number in range(opened.num_row_groups):
            for batch in opened.iter_batches(_BATCH_ROWS, row_groups=[number], use_threads=False):
                found.add(pa.Table.from_batches([batch]))
        return found

    def _write_group(self) -> None:
        if self._waiting:
            table = pa.concat_tables(self._waiting)
            self._writer.write_table(table, row_group_size=max(1, table.num_rows))
            self._waiting, self._count, self._size = [], 0, 0

    def _opened(self, encodings: Mapping[str, str]) -> Any:
        return pq.ParquetWriter(
            pa.PythonFile(self._file, mode="w"),
            self.schema,
            compression="zstd",
            compression_level=_LEVEL,
            use_dictionary=[name for name in self.schema.names if name not in encodings],
            column_encoding=dict(encodings) or None,
            write_statistics=True,
        )


class _Positions(Positioned):
    """A file with a position of its own. Nobody else reads it meanwhile: not every system has
    pread."""

    closed = False

    def __init__(self, file: int, length: int) -> None:
        super().__init__(length)
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes."""
        left = self._length - self._at
        os.lseek(self._file, self._at, os.SEEK_SET)
        data = os.read(self._file, left if size < 0 else min(size, left))
        self._at += len(data)
        return data

    def flush(self) -> None:
        """Nothing is written."""

    def close(self) -> None:
        """The file is somebody else's."""
