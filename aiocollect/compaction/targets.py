"""Where compacted files go: how a file is named, which types its columns have, and what makes it
count. Parquet: the file itself, put under the next free number of its day. Delta: delta.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, Final, Protocol

import pyarrow as pa  # type: ignore[import-untyped]

from ..errors import ConfigError, SchemaConflict
from ..reading.compacted.files import Fold
from ..reading.compacted.footer import Footer
from ..reading.rows.stream import StreamReader
from ..typing import METADATA, ObjectStore

__all__ = ["FileTarget", "ParquetFiles", "plain_floats"]

ID, TIME, ROW = METADATA
CONTENT_TYPE: Final = "application/vnd.apache.parquet"


class FileTarget(Protocol):
    """Of one stream."""

    def take(self, fold: Fold) -> None:
        """Go on from what is there. Raises ConfigError where it is of the other kind."""

    def path(self, day: str, fold: Fold) -> str:
        """The name of the next file of a day."""

    def fit(self, reader: StreamReader) -> None:
        """Have the columns in the types that the target has them in. Raises SchemaConflict."""

    def refused(self, conflict: SchemaConflict) -> SchemaConflict:
        """What to tell where a cell is not of its column's type."""

    def encodings(self, schema: Any) -> Mapping[str, str]:
        """How columns are encoded that are not encoded by dictionaries."""

    async def put(self, path: str, day: str, file: IO[bytes], length: int, footer: Footer) -> bool:
        """Make the file count. False: others were faster, and what is there has changed."""


def plain_floats(schema: Any) -> dict[str, str]:
    """Floats as they are. A dictionary of digits that hardly repeat takes a quarter more, and so
    does one that is given up halfway. As streams of their bytes digits that are random would take
    a twentieth less, and those of rounded numbers two thirds more; and Spark's vectorized reader
    does not know such streams (SPARK-56894)."""
    return {field.name: "PLAIN" for field in schema if pa.types.is_floating(field.type)}


class ParquetFiles:
    """The put is the commit: only if nobody has made a file of this name."""

    def __init__(self, store: ObjectStore, folder: str) -> None:
        self._store = store
        self._folder = folder

    def __repr__(self) -> str:
        return f"<ParquetFiles of {self._folder}>"

    def take(self, fold: Fold) -> None:
        """See FileTarget."""
        if fold.table is not None:
            raise ConfigError(
                f"the target has a Delta table in {self._folder}; use format='delta', or another "
                "target"
            )

    def path(self, day: str, fold: Fold) -> str:
        """See FileTarget."""
        return f"{self._folder}date={day}/{fold.free.get(day, 0)}.parquet"

    def fit(self, reader: StreamReader) -> None:
        """Each file has types of its own."""

    def refused(self, conflict: SchemaConflict) -> SchemaConflict:
        """See FileTarget."""
        return conflict

    def encodings(self, schema: Any) -> Mapping[str, str]:
        """Times and ids as differences to the one before: what is written in order of time is
        small like that."""
        ours = {ID: "DELTA_BYTE_ARRAY", TIME: "DELTA_BINARY_PACKED"}
        found = {name: ours[name] for name in schema.names if name in ours}
        return found | plain_floats(schema)

    async def put(self, path: str, day: str, file: IO[bytes], length: int, footer: Footer) -> bool:
        """See FileTarget."""
        return await self._store.put(path, file, length=length, content_type=CONTENT_TYPE)
