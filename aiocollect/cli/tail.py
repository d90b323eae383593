"""``aiocollect tail``: the last rows of a stream, and with ``-f`` those that land from then on.

The last rows are those of the position at which following goes on, so that no row is shown twice
and none is left out. Rows go to stdout, everything else to stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import select
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiocollect import ConfigError, follow, read
from aiocollect.cli.names import named
from aiocollect.cli.progress import Progress
from aiocollect.cli.rows import RowsOut
from aiocollect.cli.store import where_of
from aiocollect.reading import Dataset, Follower
from aiocollect.typing import METADATA

__all__ = ["tail"]

_TIME = METADATA[1]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds between two looks at the pipe and the notices.
_LOOK = 0.5
_LAST = 10


def tail(options: argparse.Namespace) -> int:
    """Write rows; returns the exit code."""
    model, version, stream = named(options.name)
    if model is None or stream is None:
        raise ConfigError(f"{options.name} is not a stream; use MODEL/VERSION/STREAM")
    if options.rows is not None and options.rows < 0:
        raise ConfigError("-n must be 0 or more")
    where = {**where_of(options), "model": model, "version": version}
    out = RowsOut("jsonl" if options.json or options.format == "jsonl" else "csv")
    position = asyncio.run(_present(where, stream, waits=options.follow))
    if position is not None:
        with Progress(f"reading {options.name}", shows_rows=True):
            _write_last(options, {**where, "streams": stream}, position, out)
        out.flush()
    if options.follow:
        follower = follow(stream=stream, columns=_columns(options), since=position, **where)
        asyncio.run(_watched(follower, out))
    return 0


def _columns(options: argparse.Namespace) -> list[str] | None:
    return options.columns.split(",") if options.columns else None


async def _present(where: dict[str, Any], stream: str, *, waits: bool) -> str | None:
    """The position of everything that is there; None where nothing is, which is waited for."""
    try:
        async with follow(stream=stream, since="now", poll=None, **where) as follower:
            async for _ in follower:
                pass
            return follower.position
    except ConfigError as error:
        if not waits:
            raise
        print(f"aiocollect: {error}; waiting for its first row", file=sys.stderr)
        return None


def _write_last(
    options: argparse.Namespace, what: dict[str, Any], position: str, out: RowsOut
) -> None:
    columns = _columns(options)
    if options.since is not None:
        dataset = read(as_of=position, start=options.since, **what).typed()
        if options.rows is None:
            dataset = dataset if columns is None else dataset.select(*columns)
            out.begin(dataset.schema.names)
            for batch in dataset:
                out.write(batch)
            return
        _write_some(dataset, options.rows, columns, out)
        return
    rows = _LAST if options.rows is None else options.rows
    if rows:
        dataset = read(as_of=position, **what)
        begins = sorted({part.begin for part in dataset.parts if part.length}, reverse=True)
        folders = 1
        while folders <= len(begins):
            start = _EPOCH + timedelta(microseconds=begins[folders - 1])
            dataset = read(as_of=position, start=start, **what)
            if folders == len(begins) or dataset.count() >= rows:
                break
            folders = min(2 * folders, len(begins))
        _write_some(dataset.typed(), rows, columns, out)


def _write_some(dataset: Dataset, rows: int, columns: list[str] | None, out: RowsOut) -> None:
    """The last rows by their time; of one time, the last ones in the files."""
    import pyarrow as pa  # type: ignore[import-untyped]

    names = dataset.schema.names
    if columns is not None:
        # The time is read too, by which the last rows are told.
        names = columns
        timed = [_TIME] if _TIME in dataset.schema.names else []
        dataset = dataset.select(*dict.fromkeys([*columns, *timed]))
    kept = dataset.schema.empty_table()
    for batch in dataset:
        kept = pa.concat_tables([kept, pa.Table.from_batches([batch])])
        if _TIME in kept.column_names:
            place = pa.array(range(len(kept)), pa.int64())
            order = kept.append_column("place", place).select([_TIME, "place"])
            kept = kept.take(order.sort_by([(_TIME, "ascending"), ("place", "ascending")])["place"])
        kept = kept.slice(max(0, len(kept) - rows))
    out.begin(names)
    for batch in kept.select(names).to_batches():
        out.write(batch)


async def _watched(follower: Follower, out: RowsOut) -> None:
    """Follow until the pipe is closed."""
    tasks = [asyncio.create_task(_follow(follower, out)), asyncio.create_task(_watch(follower))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await follower.aclose()


async def _follow(follower: Follower, out: RowsOut) -> None:
    async for batch in follower:
        out.write(batch.rows)
        out.flush()


async def _watch(follower: Follower) -> None:
    """Say what the follower notes. Raises BrokenPipeError when nobody reads any more."""
    is_closed = _pipe_watcher()
    said = 0
    while True:
        for note in follower.notes[said:]:
            print(f"aiocollect: {note}", file=sys.stderr)
        said = len(follower.notes)
        if is_closed():
            raise BrokenPipeError
        await asyncio.sleep(_LOOK)


def _pipe_watcher() -> Callable[[], bool]:
    """Whether the other end of stdout is closed, without writing to it."""
    poller = select.poll()
    try:
        poller.register(sys.stdout.fileno(), 0)  # errors and hang-ups alone
    except (OSError, ValueError):
        return lambda: False
    return lambda: bool(poller.poll(0))
