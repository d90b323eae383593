"""The log of a Delta table of compact(): which files count, and what of the parts is in them.

The protocol is read and written by the library ``deltalake`` alone, on a copy of the log in a
temporary directory: so a table is wherever our stores are, under the same credential, and what is
added to its log is put by the store, only if nobody else has put the same version.

How far a part is in the table stands in the table's own log, as a transaction of an application
(``txn``): ``aiocollect:<part>@<created>`` has the number of bytes as its version. It outlives the
files that it came with, which others may merge into larger ones.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import pyarrow as pa  # type: ignore[import-untyped]

from ...errors import ConfigError
from ...typing import Listed
from ..fetch.fetcher import Fetcher
from ..parts.plan import PlannedPart

__all__ = [
    "DATE",
    "FOLDER",
    "PLACES",
    "TableLog",
    "TableState",
    "import_delta",
    "left_out_of",
    "mark_of",
    "needed",
]

FOLDER: Final = "_delta_log/"
# The partition: the day of the folder, which is that of the scoring and not always that of the
# row's time. No feature has such a name, and Delta has no two columns of one.
DATE: Final = "$aml_dc_date"
# A property of the table: what the paths of its parts begin with.
PLACES: Final = "aiocollect.places"

_commit: Final = re.compile(r"(\d{20})\.json").fullmatch
# Of one piece, of several, and of the second version, which has a name of its own.
_checkpoint: Final = re.compile(
    r"(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10})|\.[0-9a-f-]{36})?\.(?:parquet|json)"
).fullmatch


class TableState(NamedTuple):
    """``version``: of the log. ``places``: the table's property PLACES. ``files``: by their names
    below the table, the days of the files that count. ``schema``: Arrow's, without DATE.
    ``marks``: by path and creation time of the parts that were asked for, how far they are in the
    table; ``unread``: those of them of which rows could not be read."""

    version: int
    places: str
    files: Mapping[str, str]
    schema: Any
    marks: Mapping[tuple[str, str], int]
    unread: frozenset[tuple[str, str]]


class TableLog:
    """The files of a log by their names: those from the last checkpoint on."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)

    def __repr__(self) -> str:
        return f"<TableLog of {len(self.files)} files>"

    @classmethod
    async def fetched(cls, fetcher: Fetcher, folder: str, listed: Sequence[Listed]) -> TableLog:
        """The log of the table in this folder, of which all blobs are listed."""
        begin = folder + FOLDER
        blobs = {one.path.removeprefix(begin): one for one in listed if one.path.startswith(begin)}
        files = {}
        for name in needed(blobs):
            one = blobs[name]
            part = PlannedPart("", one.path, one.length, one.created, "", 0, 0)
            pieces = [stretch.data async for stretch in fetcher.stretches([part])]
            files[name] = b"".join(pieces)
        return cls(files)

    def unpacked(self, directory: str) -> None:
        """Put the log into an empty directory, as the library reads it."""
        for name, data in self.files.items():
            path = Path(directory, FOLDER, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def state(self, parts: Iterable[tuple[str, str]]) -> TableState:
        """What it says, and how far these parts are in the table. Raises ConfigError."""
        delta = import_delta()
        with tempfile.TemporaryDirectory() as directory:
            self.unpacked(directory)
            try:
                table = delta.DeltaTable(directory)
                return _state(table, parts)
            except delta.exceptions.DeltaError as error:
                raise ConfigError(f"a Delta table among the compacted files: {error}") from None


def _state(table: Any, parts: Iterable[tuple[str, str]]) -> TableState:
    if "deletionVectors" in (table.protocol().reader_features or ()) and any(
        batch.num_rows for batch in pa.RecordBatchReader.from_stream(table.deletion_vectors())
    ):
        raise ConfigError(
            "a Delta table among the compacted files has deletion vectors, which are not read "
            "here; have their rows removed from the files first: REORG TABLE … APPLY (PURGE)"
        )
    found = pa.table(table.get_add_actions(flatten=True))
    days = found[f"partition.{DATE}"] if f"partition.{DATE}" in found.column_names else None
    names = found["path"].to_pylist()
    said = [""] * len(names) if days is None else map(str, days.to_pylist())
    marks, unread = {}, set()
    for path, created in parts:
        mark = table.transaction_version(mark_of(path, created))
        if mark is not None:
            marks[path, created] = mark
        if table.transaction_version(left_out_of(path, created)):
            unread.add((path, created))
    fields = [
        pa.field(field.name, _plain(field.type))
        for field in pa.schema(table.schema().to_arrow())
        if field.name != DATE
    ]
    return TableState(
        table.version(),
        table.metadata().configuration.get(PLACES, ""),
        {unquote(name): day for name, day in zip(names, said, strict=True)},
        pa.schema(fields),
        marks,
        frozenset(unread),
    )


def mark_of(path: str, created: str) -> str:
    """The application whose version is how far the part is in the table."""
    return f"aiocollect:{path}@{created}"


def left_out_of(path: str, created: str) -> str:
    """The application whose version is how often something of the part could not be read."""
    return f"aiocollect.left_out:{path}@{created}"


def needed(names: Iterable[str]) -> list[str]:
    """Of the names in a log those that are read: from the last whole checkpoint on."""
    names = sorted(names)
    pieces: dict[tuple[int, int], int] = {}
    for name in names:
        found = _checkpoint(name)
        if found is not None:
            key = int(found[1]), int(found[3] or 1)
            pieces[key] = pieces.get(key, 0) + 1
    whole = [version for (version, count), there in pieces.items() if there >= count]
    first = max(whole, default=0)
    return [name for name in names if _version(name) >= first]


def _version(name: str) -> int:
    """-1: not part of the log, as checksums are not. Sidecars belong to checkpoints."""
    found = _commit(name) or _checkpoint(name)
    if found is not None:
        return int(found[1])
    return 2**63 if name.startswith("_sidecars/") else -1


def _plain(type_: Any) -> Any:
    """The type as our readers call it."""
    return pa.string() if pa.types.is_large_string(type_) or str(type_) == "string_view" else type_


def import_delta() -> Any:
    """The library. ConfigError where it is not installed."""
    try:
        import deltalake
        import deltalake.exceptions
        import deltalake.transaction
    except ImportError:
        raise ConfigError(
            'a Delta table needs deltalake: pip install "aiocollect[delta]"'
        ) from None
    return deltalake
