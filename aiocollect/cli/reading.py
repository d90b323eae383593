"""``aiocollect ls``, ``head`` and ``cat``: what a store holds, and its rows.

Rows go to stdout, everything else to stderr. CSV and JSON lines are written as a pipeline writes
them. In a table what a terminal would obey is shown as an escape.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from aiocollect import AioCollectError, ConfigError, read, streams
from aiocollect.encoders import CsvEncoder, JsonlEncoder
from aiocollect.reading import Dataset, StreamInfo, options_from_env
from aiocollect.typing import Piece, Schema

__all__ = ["cat", "ls"]

NOTHING = 3  # the exit code where there is nothing
# Of a cell in a table: two of them and an id stand side by side in a terminal of 120 columns.
_WIDEST = 40
_ROWS = 4096


def ls(options: argparse.Namespace) -> int:
    """List the streams; returns the exit code."""
    model, version, stream = _names(options.name)
    try:
        found = streams(model=model, version=version, **_where(options))
    except AioCollectError as error:
        return _failed(error)
    found = [info for info in found if stream in (None, info.stream)]
    if not found:
        print("aiocollect: nothing in the store has this name", file=sys.stderr)
        return NOTHING
    if options.json:
        for info in found:
            print(json.dumps(info._asdict() | {"begin": str(info.begin), "end": str(info.end)}))
        return 0
    _print_table(["stream", "parts", "bytes", "from", "until"], map(_line, found))
    return 0


def cat(options: argparse.Namespace) -> int:
    """Write rows; returns the exit code."""
    model, version, stream = _names(options.name)
    assert model is not None
    if options.rows is not None and options.rows < 0:
        raise ConfigError("-n must be 0 or more")
    try:
        dataset = read(
            model=model,
            version=version,
            streams=stream,
            start=options.since,
            end=options.until,
            columns=options.columns.split(",") if options.columns else None,
            **_where(options),
        )
        # A cell far down may be of another kind than the first ones.
        dataset = dataset.typed() if options.rows is None else dataset.head(options.rows)
        _write(dataset, "jsonl" if options.json else options.format)
        for note in dataset.notes:
            print(f"aiocollect: {note}", file=sys.stderr)
    except BrokenPipeError:
        # Whoever reads has read enough. The interpreter would complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except AioCollectError as error:
        return _failed(error)
    return 0


def _names(name: str | None) -> tuple[str | None, str | None, str | None]:
    parts = name.split("/") if name else []
    if len(parts) > 3 or not all(parts):
        raise ConfigError(f"{name} is not a name; use MODEL, MODEL/VERSION or MODEL/VERSION/STREAM")
    model, version, stream = [*parts, None, None, None][:3]
    return model, version, stream


def _where(options: argparse.Namespace) -> dict[str, Any]:
    given = {
        name: getattr(options, name)
        for name in ("store", "container", "workspace", "service", "layout")
        if getattr(options, name) is not None
    }
    return options_from_env(os.environ, **given)


def _failed(error: AioCollectError) -> int:
    print(f"aiocollect: {error or type(error).__name__}", file=sys.stderr)
    return 1


def _line(info: StreamInfo) -> tuple[Any, ...]:
    name = "/".join(filter(None, (info.model, info.version, info.stream)))
    return name, info.parts, f"{info.bytes:,}", f"{info.begin:%Y-%m-%d}", f"{info.end:%Y-%m-%d}"


def _write(dataset: Dataset, form: str) -> None:
    names = dataset.schema.names
    if form == "table":
        rows = [row for batch in dataset for row in _rows(batch)]
        _print_table(names, rows)
        return
    encoder = CsvEncoder() if form == "csv" else JsonlEncoder()
    schema = Schema(tuple(names), ids=False)
    out = sys.stdout.buffer
    out.write(encoder.header(schema))
    for batch in dataset:
        for first in range(0, batch.num_rows, _ROWS):
            piece = Piece(tuple(_rows(batch.slice(first, _ROWS))), "", "", 0)
            out.writelines(encoder.encode([piece], schema))
    out.flush()


def _rows(batch: Any) -> Iterable[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _print_table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    table = [list(map(_shown, names)), *([_shown(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _shown(cell: Any) -> str:
    text = "" if cell is None else str(cell)
    if not text.isprintable():
        text = text.encode("unicode_escape").decode()
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
