"""One compacted file: written to a temporary file, and read back from there before it is put.

zstd 3, and the encodings of the target (targets.py).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from typing import IO, Any, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from ..errors import AioCollectError
from ..reading.cells.looks import Looks
from ..reading.compacted.footer import KEY, Footer, looks_of_column
from .rowset import RowSet

__all__ = ["FileWriter"]

# A row group: as much as a reader holds of a file at a time.
GROUP_ROWS: Final = 2**17
GROUP_BYTES: Final = 16 * 2**20
_LEVEL: Final = 3


class FileWriter:
    """A file of these columns. ``encodings``: those that are not by dictionaries, of a schema;
    ``rows``: what was written so far."""

    def __init__(self, schema: Any, encodings: Callable[[Any], Mapping[str, str]]) -> None:
        # A column in which everything is missing is text for those that need a type.
        self.schema = pa.schema(
            [
                pa.field(field.name, pa.string() if pa.types.is_null(field.type) else field.type)
                for field in schema
            ]
        )
        self.rows = RowSet()
        self._looks: dict[str, Looks] = dict.fromkeys(self.schema.names, frozenset())
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - close() does
        self._waiting: list[Any] = []
        self._count = self._size = 0
        self._writer = self._opened(encodings(self.schema))

    def __repr__(self) -> str:
        return f"<FileWriter: {self.rows.count:,} rows>"

    def close(self) -> None:
        """Give up the temporary file."""
        self._writer.close()
        self._file.close()

    def add(self, table: Any) -> None:
        """Write rows after those before."""
        table = table.cast(self.schema)
        self.rows.add(table)
        for name in self.schema.names:
            self._looks[name] |= looks_of_column(table[name])
        for first in range(0, table.num_rows, GROUP_ROWS):
            piece = table.slice(first, GROUP_ROWS)
            self._waiting.append(piece)
            self._count += piece.num_rows
            self._size += piece.nbytes
            if self._count >= GROUP_ROWS or self._size >= GROUP_BYTES:
                self._write_group()

    def finish(self, footer: Footer) -> tuple[IO[bytes], int, Footer]:
        """The file from its beginning, its length, and the footer with rows and types in it.

        Raises AioCollectError where the file, read back, does not have the rows that were written.
        """
        self._write_group()
        footer = footer._replace(
            rows=self.rows.count,
            keys=self.rows.text,
            looks=dict(self._looks),
        )
        self._writer.add_key_value_metadata({KEY: footer.packed()})
        self._writer.close()
        found = RowSet()
        self._file.seek(0)
        file = pq.ParquetFile(pa.PythonFile(self._file, mode="r"))
        for number in range(file.num_row_groups):
            found.add(file.read_row_group(number, use_threads=False))
        if found != self.rows:
            raise AioCollectError(
                "a compacted file does not have the rows that were written to it; nothing was "
                "stored. Check the disk and the memory of this machine"
            )
        length = self._file.seek(0, 2)
        self._file.seek(0)
        return self._file, length, footer

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
