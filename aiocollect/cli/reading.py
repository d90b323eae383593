"""``aiocollect ls``, ``head`` and ``cat``: what a store holds, and its rows.

Rows go to stdout, everything else to stderr. CSV and JSON lines are written as a pipeline writes
them.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiocollect import ConfigError, read, streams
from aiocollect.cli.names import meant, named
from aiocollect.cli.progress import Progress
from aiocollect.cli.rows import RowsOut, cells_of
from aiocollect.cli.store import where_of
from aiocollect.cli.table import print_table

if TYPE_CHECKING:  # ls needs no pyarrow, and a dataset does
    from aiocollect.reading import Dataset, StreamInfo

__all__ = ["cat", "ls"]

NOTHING = 3  # the exit code where there is nothing


def ls(options: argparse.Namespace) -> int:
    """List the streams; returns the exit code."""
    model, version, stream = named(options.name)
    where = where_of(options)
    found = [
        info
        for info in streams(model=model, version=version, **where)
        if stream in (None, info.stream)
    ]
    if not found:
        print(f"aiocollect: {_nothing(options.name, streams(**where))}", file=sys.stderr)
        return NOTHING
    if options.json:
        for info in found:
            print(json.dumps(info._asdict(), default=datetime.isoformat))
        return 0
    now = datetime.now(UTC)
    names = ["stream", "parts", "bytes", "from", "until", "compacted", "stored"]
    print_table(names, [_line(info, now) for info in found])
    return 0


def cat(options: argparse.Namespace) -> int:
    """Write rows; returns the exit code."""
    model, version, stream = named(options.name)
    assert model is not None
    if options.rows is not None and options.rows < 0:
        raise ConfigError("-n must be 0 or more")
    dataset = read(
        model=model,
        version=version,
        streams=stream,
        start=options.since,
        end=options.until,
        columns=options.columns.split(",") if options.columns else None,
        **where_of(options),
    )
    with Progress(f"reading {options.name}", shows_rows=True) as progress:
        # A cell far down may be of another kind than the first ones.
        dataset = dataset.typed() if options.rows is None else dataset.head(options.rows)
        _write(dataset, "jsonl" if options.json else options.format, progress)
    for note in dataset.notes:
        print(f"aiocollect: {note}", file=sys.stderr)
    return 0


def _nothing(name: str | None, there: list[StreamInfo]) -> str:
    if name is None or not there:
        return "there is nothing under this workspace, service and layout in the store"
    depth = name.count("/") + 1
    names = {"/".join((one.model, one.version, one.stream)[:depth]) for one in there}
    return f"nothing in the store has the name {name}{meant(name, names)}"


def _line(info: StreamInfo, now: datetime) -> tuple[Any, ...]:
    name = "/".join(filter(None, (info.model, info.version, info.stream)))
    return (
        name,
        info.parts,
        f"{info.bytes:,}",
        f"{info.begin:%Y-%m-%d}",
        f"{info.end:%Y-%m-%d}",
        "-" if info.compacted is None else f"until {info.compacted:%Y-%m-%d}",
        "-" if info.changed is None else _ago((now - info.changed).total_seconds()),
    )


def _ago(seconds: float) -> str:
    """How long ago, in the largest unit of which there are two."""
    seconds = max(0.0, seconds)  # the store has a clock of its own
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def _write(dataset: Dataset, form: str, progress: Progress) -> None:
    names = dataset.schema.names
    if form == "table":
        print_table(names, [row for batch in dataset for row in cells_of(batch)])
        return
    out = RowsOut("csv" if form == "csv" else "jsonl")
    out.begin(names)
    done = 0
    for batch in dataset:
        out.write(batch)
        done += batch.num_rows
        progress.at(done)
    out.flush()
