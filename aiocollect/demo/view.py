"""The demo's output: plain lines under 100 columns, for a terminal, a pipe or a file.

No colours, no cursor movements.
"""

from __future__ import annotations

import io
import shlex
import sys
from collections.abc import Iterable
from itertools import islice
from typing import Any, BinaryIO

from ..stats import CORE
from .audit import AuditResult

__all__ = [
    "beginning",
    "ending",
    "excerpt",
    "heading",
    "restarted",
    "second",
    "stopped",
    "verdict_lines",
]

_COLUMNS = (
    ("second", 6),
    ("requests/s", 12),
    ("p50 ms", 9),
    ("p99 ms", 9),
    ("budget used", 18),
    ("appends", 9),
    ("rows collected", 16),
    ("rows stored", 13),
)


def beginning(*, rate: float, seconds: float, url: str, where: str, loop: str) -> list[str]:
    """What is about to happen."""
    return [
        "",
        (
            f"aiocollect demo: a model server answers {rate:g} requests per second for "
            f"{seconds:g} s,"
        ),
        (
            "and every row it scores is recorded. Half-way through, SIGTERM stops it under "
            "load, and it is"
        ),
        "started again. At the end an auditor compares the clients' answers with the files.",
        "",
        f"  server   {url}  (aiohttp on {loop}; logistic regression, 30 features)",
        f"  core     {CORE}",
        ("  load     open-loop: requests are sent at fixed times, however slow the answers are"),
        f"  store    {where}",
        "",
        "  requests/s      answered with 200 in that second",
        "  p50, p99        how long answers took, counted from when each request was due",
        ("  budget used     share of the memory budget used by rows on their way to the store"),
        "  appends         blocks written so far, of many rows each",
        "  rows collected  so far; a scored row counts twice: its inputs and its prediction",
        "  rows stored     of these, how many the store has acknowledged",
        "",
    ]


def heading() -> str:
    """The names of the columns."""
    return "".join(f"{name:>{width}}" for name, width in _COLUMNS)


def second(
    number: int,
    *,
    answered: int,
    p50: float | None,
    p99: float | None,
    budget_used: int,
    budget: int,
    appends: int,
    collected: int,
    stored: int,
) -> str:
    """One line of the table."""
    share = f"{100 * budget_used / budget:.1f} %" if budget else "-"
    cells = (
        f"{number}",
        f"{answered:,}",
        _milliseconds(p50),
        _milliseconds(p99),
        f"{share} ({budget_used / 1024:,.0f} KiB)",
        f"{appends:,}",
        f"{collected:,}",
        f"{stored:,}",
    )
    return "".join(f"{cell:>{width}}" for cell, (_, width) in zip(cells, _COLUMNS, strict=True))


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def stopped(seconds: float, report: dict[str, Any] | None) -> str:
    """The server has ended under load. It has no report where it did not end in order."""
    line = f"        SIGTERM under load: the server ended after {seconds:.2f} s"
    if report is None:
        return f"{line}, without a report: it was killed, or it failed"
    return f"{line}, with {report['stored']:,} of {report['accepted']:,} rows stored"


def restarted(seconds: float) -> str:
    """The next server takes requests."""
    return f"        started again in {seconds:.2f} s; the socket stayed open, and requests waited"


def verdict_lines(verdict: AuditResult, load: dict[str, Any]) -> list[str]:
    """What the auditor found, and how the load fared."""
    v = verdict
    lines = ["", f"Verdict: {'good' if v.good else 'BAD'}", ""]
    lines += [
        (
            f"  The clients hold {v.requests:,} answers with 200, for {v.rows:,} rows. The "
            "files hold"
        ),
        f"  {v.inputs:,} of {v.rows:,} inputs and {v.predictions:,} of {v.rows:,} predictions,",
        "  each once, with every value as it was sent and answered.",
        f"  lost {v.lost}   doubled {v.doubled}   torn {v.torn}   wrong {v.wrong}",
    ]
    if v.misplaced:
        lines.append(f"  stored in the folder of another day: {v.misplaced}")
    if v.unrecorded:
        lines.append(f"  answers without an id, because the pipeline was full: {v.unrecorded:,}")
    if v.unclaimed:
        lines.append(
            f"  Also stored: {v.unclaimed:,} rows for which no client holds an answer: the "
            "answer was lost on its way, or the rows come from an earlier run."
        )
    lines += [f"    {example}" for example in v.examples]
    lines += [
        "",
        (
            f"  Of {load['scheduled']:,} requests {load['answered']:,} were answered, "
            f"{load['failed']:,} failed, {load['unsent']:,} could not be sent."
        ),
        (
            f"  All answers, the restart included: p50 {_milliseconds(load['p50_ms'])} ms, "
            f"p99 {_milliseconds(load['p99_ms'])} ms, longest {_milliseconds(load['max_ms'])} ms."
        ),
    ]
    if load["failures"]:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(load["failures"].items()))
        lines.append(f"  Failed: {kinds}")
    return lines


def excerpt(path: str, file: BinaryIO, *, rows: int = 2) -> list[str]:
    """The first lines of a stored file, with the middle columns left out where there are many."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    lines = [_shortened(line.rstrip("\n")) for line in islice(text, rows + 1)]
    text.detach()
    return [f"  {path}", *(f"    {line}" for line in lines), ""]


def _shortened(line: str) -> str:
    cells = line.split(",")
    if len(cells) <= 6:
        return line
    return ",".join([*cells[:2], f" … {len(cells) - 5} more … ", *cells[-3:]])


def ending(*, folder: str, local: str | None, files: Iterable[str]) -> list[str]:
    """What to try next."""
    python = shlex.quote(sys.executable)  # the one that has the package, installed or not
    lines = ["Try next", ""]
    predictions = [path for path in files if "/predictions/" in f"/{path}"]
    if local is not None and predictions:
        path = f"{local}/{predictions[-1]}"
        code = f"import pandas; print(pandas.read_csv({path!r}).describe())"
        plain = not set(path) & set("\"'$`\\!")  # then double quotes do, and read better
        quoted = f'"{code}"' if plain else shlex.quote(code)
        lines += [f"  {python} -c {quoted}", "      (needs pandas)"]
    if local is not None:
        lines += [
            f"  {python} -m aiocollect.demo.audit {shlex.quote(folder)}",
            "      audits the same files again; damage one first, and the audit finds it",
        ]
    lines += [f"  {python} -m aiocollect.cli demo --seconds 60", "      the same for a minute", ""]
    return lines
