"""Compacted files as a Delta table, one for each stream, for Databricks, Fabric and Spark.

The version of the log is the commit: a file counts once the log names it, and a version is put only
if nobody has put it. What is planned from a version of the log is put as the next one, so that a
run that was overtaken by whoever it was plans again; a run that is killed leaves at most a file
that nothing names, which VACUUM removes. The library writes each version on a copy of the log
(reading/compacted/delta_log.py): it is the one that knows the protocol.

Only plain encodings and dictionaries: every reader of these engines knows them.
"""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from ..errors import ConfigError, OutcomeUnknown, SchemaConflict, StoreBusy
from ..reading.cells.csv_rows import ColumnType
from ..reading.cells.types import FIXED
from ..reading.compacted.delta_log import (
    DATE,
    FOLDER,
    PLACES,
    TableLog,
    import_delta,
    left_out_of,
    mark_of,
)
from ..reading.compacted.files import Fold
from ..reading.compacted.footer import Footer
from ..reading.rows.stream import StreamReader
from ..typing import METADATA, ObjectStore
from .targets import CONTENT_TYPE, plain_floats

__all__ = ["DeltaTable"]

_, TIME, _ = METADATA
# Each so many versions a checkpoint, so that readers fetch few files (Delta's own default).
CHECKPOINT: Final = 10
_JSON: Final = "application/json"


class _Add(NamedTuple):
    """A file to be named by the log: below the table, its length in bytes, its day and schema."""

    path: str
    length: int
    day: str
    schema: Any
    footer: Footer
    times: tuple[str, str] | None


class DeltaTable:
    """The table of a stream in ``folder``. ``places``: what the paths of its parts begin with."""

    def __init__(self, store: ObjectStore, folder: str, places: str) -> None:
        import_delta()
        self._store = store
        self._folder = folder
        self._places = places
        self._log = TableLog({})
        self._version = -1
        self._columns: Mapping[str, Any] = {}
        self._found: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        return f"<DeltaTable of {self._folder}, version {self._version}>"

    def take(self, fold: Fold) -> None:
        """See FileTarget."""
        if fold.table is None:
            if fold.free:
                raise ConfigError(
                    f"the target has Parquet files in {self._folder}; use format='parquet', or "
                    "another target"
                )
            self._log, self._version, self._columns = TableLog({}), -1, {}
            return
        assert fold.state is not None
        if fold.state.places != self._places:
            raise ConfigError(
                f"the target has a table in {self._folder} that is not of this store's workspace, "
                "service and layout; use another target"
            )
        self._log, self._version = fold.table, fold.state.version
        self._columns = {field.name: field.type for field in fold.state.schema}

    def path(self, day: str, fold: Fold) -> str:
        """A name that nobody else makes: what counts is in the log."""
        return f"{self._folder}date={day}/{self._version + 1}-{os.urandom(8).hex()}.parquet"

    def fit(self, reader: StreamReader) -> None:
        """A table has one type for a column. A cell that is not of this type ends the run."""
        folded = {name.lower(): name for name in self._columns}
        self._found = {name: column.type for name, column in reader.columns.items()}
        for name, column in reader.columns.items():
            other = folded.setdefault(name.lower(), name)
            if other != name or name.lower() == DATE:
                raise SchemaConflict(
                    f"{reader.name}: a Delta table cannot have the columns {other!r} and {name!r}, "
                    "which differ in upper and lower case alone; use format='parquet'"
                )
            if name not in FIXED:
                type_ = self._columns.get(name)
                type_ = _storable(column.type) if type_ is None else type_
                reader.columns[name] = ColumnType(type_)

    def refused(self, conflict: SchemaConflict) -> SchemaConflict:
        """Name the columns whose cells are of another type, with both types."""
        others = [
            f"column {name!r} is {type_} in the table, and {self._found[name]} in its parts"
            for name, type_ in self._columns.items()
            if name not in FIXED and self._found.get(name, type_) not in (type_, pa.null())
        ]
        return SchemaConflict(
            f"{self._folder}: {'; '.join(others) or conflict}. A column of a Delta table has one "
            "type: declare it for the pipeline (inputs={…}) and compact into another target, or "
            "use format='parquet'"
        )

    def encodings(self, schema: Any) -> Mapping[str, str]:
        """Plain, and what repeats by dictionaries."""
        return plain_floats(schema)

    async def put(self, path: str, day: str, file: IO[bytes], length: int, footer: Footer) -> bool:
        """See FileTarget."""
        schema, times = await asyncio.to_thread(_look_into, file)
        if footer.rows:
            await self._store.put(path, file, length=length, content_type=CONTENT_TYPE)
        add = _Add(path.removeprefix(self._folder), length, day, schema, footer, times)
        versions, checkpoint = await asyncio.to_thread(self._written, add)
        for name, data in versions.items():
            if not await self._put(name, data, _JSON):
                return False
        self._version += len(versions)
        self._columns = {**{field.name: field.type for field in schema}, **self._columns}
        for name, data in checkpoint.items():
            # A help for readers: whoever writes the next one makes up for it.
            with suppress(OutcomeUnknown, StoreBusy):
                await self._put(name, data, CONTENT_TYPE)
        return True

    async def _put(self, name: str, data: bytes, content_type: str) -> bool:
        path = f"{self._folder}{FOLDER}{name}"
        file = io.BytesIO(data)
        made = await self._store.put(path, file, length=len(data), content_type=content_type)
        if made:
            self._log.files[name] = data
        return made

    def _written(self, add: _Add) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """What the library adds to the log: the new versions, in order, of which the first can be
        the table itself or new columns, on which no row hangs; and a checkpoint."""
        delta = import_delta()
        with tempfile.TemporaryDirectory() as directory:
            self._log.unpacked(directory)
            log = Path(directory, FOLDER)
            try:
                table = self._opened(delta, directory, add.schema)
                _commit(delta, table, add)
                names = sorted({path.name for path in log.iterdir()} - self._log.files.keys())
                versions = {name: (log / name).read_bytes() for name in names}
                checkpoint = {}
                last = self._version + len(versions)
                if last // CHECKPOINT > max(self._version, 0) // CHECKPOINT:
                    delta.DeltaTable(directory).create_checkpoint()
                    checkpoint = {
                        path.name: path.read_bytes()
                        for path in log.glob("*.checkpoint.parquet")
                        if path.name not in self._log.files
                    }
            except delta.exceptions.DeltaError as error:
                raise ConfigError(f"the Delta table in {self._folder}: {error}") from None
        return versions, checkpoint

    def _opened(self, delta: Any, directory: str, schema: Any) -> Any:
        if not self._log.files:
            return delta.DeltaTable.create(
                directory,
                schema.append(pa.field(DATE, pa.date32())),
                partition_by=[DATE],
                configuration={PLACES: self._places},
                raise_if_key_not_exists=False,
            )
        table = delta.DeltaTable(directory)
        new = pa.schema([field for field in schema if field.name not in self._columns])
        if len(new):
            table.alter.add_columns(delta.Schema.from_arrow(new).fields)
            table = delta.DeltaTable(directory)
        return table


def _commit(delta: Any, table: Any, add: _Add) -> None:
    """A version of the log with the file, and how far its parts are in the table with it."""
    footer = add.footer
    apps = {mark_of(one.part, one.created): one.end for one in footer.sources}
    if footer.left_out:
        apps |= {left_out_of(one.part, one.created): footer.left_out for one in footer.sources}
    files = []
    if footer.rows:
        stats: dict[str, Any] = {"numRecords": footer.rows}
        if add.times is not None:
            first, last = add.times
            stats |= {"minValues": {TIME: first}, "maxValues": {TIME: last}}
        files = [
            delta.transaction.AddAction(
                add.path,
                add.length,
                {DATE: add.day},
                time.time_ns() // 1_000_000,
                True,
                orjson.dumps(stats).decode(),
            )
        ]
    table.create_write_transaction(
        files,
        "append",
        table.schema(),
        partition_by=[DATE],
        commit_properties=delta.CommitProperties(
            app_transactions=[delta.Transaction(app, version) for app, version in apps.items()]
        ),
        post_commithook_properties=delta.transaction.PostCommitHookProperties(
            create_checkpoint=False, cleanup_expired_logs=False
        ),
    )


def _look_into(file: IO[bytes]) -> tuple[Any, tuple[str, str] | None]:
    """The schema of a file, and its first and last time as statistics have them: in milliseconds,
    rounded outwards."""
    opened = pq.ParquetFile(pa.PythonFile(file, mode="r"))
    schema, metadata = opened.schema_arrow.remove_metadata(), opened.metadata
    file.seek(0)
    if TIME not in schema.names:
        return schema, None
    at = schema.names.index(TIME)
    groups = [metadata.row_group(one).column(at) for one in range(metadata.num_row_groups)]
    seen = [one.statistics for one in groups if one.statistics is not None]
    if len(seen) < len(groups) or not all(one.has_min_max for one in seen):
        return schema, None
    if not seen:
        return schema, None
    first, last = min(one.min for one in seen), max(one.max for one in seen)
    last += timedelta(microseconds=-last.microsecond % 1000)
    return schema, (_milliseconds(first), _milliseconds(last))


def _milliseconds(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _storable(type_: Any) -> Any:
    """The type that Delta has for it: it knows no numbers without a sign, and no type of nothing
    but missing cells."""
    if pa.types.is_null(type_):
        return pa.string()
    return pa.decimal128(20, 0) if pa.types.is_uint64(type_) else type_
