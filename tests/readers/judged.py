"""Runs each library on each form, and judges its cells by the rows that were collected."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from testkit.emulator import emulator, missing

from . import known
from .cells import change, tagged

__all__ = ["LIBRARIES", "RESULTS", "judge", "run"]

ROOT: Final = Path(__file__).resolve().parents[2]
RESULTS: Final = Path(__file__).with_name("results.json")
_READERS: Final = ROOT / ".venv-readers/bin/python"
_SPARK: Final = ROOT / ".venv-spark/bin/python"
LIBRARIES: Final = {
    "pandas": _READERS,
    "pyarrow": _READERS,
    "polars": _READERS,
    "duckdb": _READERS,
    "spark": _SPARK,
}
_ID, _ROW = "$aml_dc_correlation_id", "$aml_dc_row"
# As many different changes of a column are named.
_MOST: Final = 2

Verdict = dict[str, list[str]] | str


def judge(rows: Any) -> Verdict:
    """What became of the cells, by column: nothing where all are right. A text: why there are no
    rows."""
    if isinstance(rows, str):
        return rows
    due = known.expected()
    if len(rows) != len(due):
        return f"{len(rows)} rows instead of {len(due)}"
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows:
        name = (row.get(_ID) or ["", ""])[-1]
        # What reads an id as a number is told so in its own column.
        found[name.rjust(4, "0"), row[_ROW][-1].removesuffix(".0")] = row
    changes: dict[str, list[str]] = {}
    for (name, index), cells in due.items():
        read = found.get((name, str(index)))
        if read is None:
            return f"row {index} of {name} is not among the rows"
        for column in known.COLUMNS:
            told = change(tagged(cells[column]), read.get(column), floats=column == "price")
            kept = changes.setdefault(column, [])
            if told and told not in kept and len(kept) < _MOST:
                kept.append(told)
    return {column: told for column, told in changes.items() if told}


async def _ask(library: str, files: Mapping[str, list[str]], connection: str) -> Any:
    process = await asyncio.create_subprocess_exec(
        *(LIBRARIES[library], "-m", f"tests.readers.ways.with_{library}"),
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "AZURE_STORAGE_CONNECTION_STRING": connection,
        },
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, wrong = await process.communicate(json.dumps(files).encode())
    if process.returncode:
        sys.exit(f"{library} failed: {wrong.decode()[-3000:]}")
    return json.loads(out.decode().splitlines()[-1])


async def run(folder: Path) -> None:
    """Ask each library that is installed, and keep what is known of the others."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    files = await known.write(folder)
    today = datetime.now(UTC).date().isoformat()
    obstacle = missing()
    if obstacle:
        sys.exit(obstacle)
    with emulator() as running:
        async with AsyncExitStack() as stack:
            names = await known.write_remote(running.connection_string, "logs", stack)
            files["blob"] = [f"logs/{name}" for name in names]
            for library, python in LIBRARIES.items():
                if not python.exists():
                    print(f"{library}: not installed; its result of an earlier day stays")
                    continue
                told = await _ask(library, files, running.connection_string)
                results[library] = {
                    "date": today,
                    "versions": told["versions"],
                    "found": {
                        form: {way: judge(rows) for way, rows in ways.items()}
                        for form, ways in told["found"].items()
                    },
                }
                print(library, json.dumps(results[library]["found"], indent=1))
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
