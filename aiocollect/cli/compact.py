"""``aiocollect compact``: what was collected, as Parquet or as Delta tables.

What was done goes to stdout, notices to stderr.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from aiocollect import compact as compact_
from aiocollect import streams
from aiocollect.cli.names import named
from aiocollect.cli.progress import Progress
from aiocollect.cli.store import where_of
from aiocollect.cli.table import print_table
from aiocollect.compaction import Compaction, NewFile
from aiocollect.errors import ConfigError

__all__ = ["compact"]

NOTHING = 3  # the exit code where there is nothing


def compact(options: argparse.Namespace) -> int:
    """Compact the models that are named, or all; returns the exit code."""
    where = where_of(options)
    names = options.name or [None]
    if not streams(**where):
        print("aiocollect: there is nothing in the store to compact", file=sys.stderr)
        return NOTHING
    for name in names:
        model, version, stream = named(name)
        if stream is not None:
            raise ConfigError(
                f"compact takes MODEL or MODEL/VERSION, not {name}: all streams of a version are "
                "compacted together"
            )
        with Progress(f"compacting {name or 'all models'}", unit="bytes") as progress:
            done = compact_(
                target=options.to,
                model=model,
                version=version,
                until=options.until,
                format=options.format,
                remove_after=options.remove_after,
                dry_run=options.dry_run,
                progress=progress.at,
                **where,
            )
        _tell(done, as_json=options.json)
    return 0


def _tell(done: Compaction, *, as_json: bool) -> None:
    if as_json:
        for file in done.files:
            print(json.dumps({"kind": "file", **file._asdict(), "dry_run": done.dry_run}))
        for path in done.removed:
            print(json.dumps({"kind": "removed", "path": path, "dry_run": done.dry_run}))
        for path, why in done.kept:
            print(json.dumps({"kind": "kept", "path": path, "why": why}))
    elif done.files:
        print_table(["stream", "day", "rows", "bytes", "from bytes"], map(_line, done.files))
    elif not done.removed:
        print("aiocollect: everything up to then is compacted already", file=sys.stderr)
    for note in done.notes:
        print(f"aiocollect: {note}", file=sys.stderr)
    if as_json:
        return
    would = "would be " if done.dry_run else ""
    for path in done.removed:
        print(f"{would}removed: {path}")
    for path, why in done.kept:
        print(f"aiocollect: kept {path}: {why}", file=sys.stderr)


def _line(file: NewFile) -> tuple[Any, ...]:
    name = f"{file.model}/{file.version}/{file.stream}"
    rows = "?" if file.rows is None else f"{file.rows:,}"
    return name, file.day, rows, f"{file.bytes:,}", f"{file.source_bytes:,}"
