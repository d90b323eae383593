"""The demo's output: plain lines under 100 columns, for a terminal, a pipe or a file.

No colours, no cursor movements.
"""

from __future__ import annotations

import textwrap
from functools import partial
from typing import Any

from .audit import AuditResult
from .panel import DemoVerdict, NextCommand

__all__ = ["beginning", "ending", "happened", "heading", "outcome_of", "second", "stopped"]

_COLUMNS = (
    ("second", 6),
    ("requests/s", 12),
    ("p50 ms", 8),
    ("p99 ms", 9),
    ("budget used", 21),
    ("appends", 9),
    ("rows collected", 15),
    ("rows stored", 13),
)


def beginning(*, rate: float, seconds: float, page: str, opens: bool, where: str) -> list[str]:
    """What is about to happen, in four lines."""
    return [
        (
            f"two models answer {rate:g} requests a second for {seconds:g} s, recorded, with "
            "faults on the way; then an audit"
        ),
        f"page  {page}" + ("  (opens; --no-browser)" if opens else ""),
        f"rows  {where}",
        "Ctrl-C ends it; the page has buttons that make it fail",
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


def happened(words: str) -> str:
    """A line between those of the seconds."""
    return f"        {words}"


def stopped(ended: float, started: float, report: dict[str, Any] | None) -> str:
    """The server has ended under load, and another one takes requests. It has no report where it
    did not end in order."""
    if report is None:
        return f"ended after {ended:.2f} s without a report: it was killed, or it failed"
    return (
        f"ended after {ended:.2f} s with {report['stored']:,} of {report['accepted']:,} rows "
        f"stored; started again in {started:.2f} s"
    )


def outcome_of(
    found: AuditResult, load: dict[str, Any], next_: list[NextCommand], core: str
) -> DemoVerdict:
    """What the auditor found, and how the load fared."""
    v = found
    stored = ", ".join(f"{count:,} of {name}" for name, count in v.stored.items())
    lines = [
        (
            f"The clients hold {v.requests:,} answers, for {v.rows:,} rows. Stored as they were "
            f"sent and answered, each once: {stored}."
        ),
        f"lost {v.lost}, doubled {v.doubled}, torn {v.torn}, wrong {v.wrong}",
    ]
    if v.misplaced:
        lines.append(f"stored in the folder of another day: {v.misplaced}")
    if v.unrecorded:
        lines.append(f"answers without an id, because the pipeline was full: {v.unrecorded:,}")
    if v.unclaimed:
        lines.append(
            f"Also stored: {v.unclaimed:,} rows for which no client holds an answer: the "
            "answer was lost on its way, or the rows come from an earlier run."
        )
    lines += v.examples
    lines.append(
        f"Of {load['scheduled']:,} requests {load['answered']:,} were answered, "
        f"{load['failed']:,} failed, {load['unsent']:,} could not be sent. Answers, faults and "
        f"restart included: p50 {_milliseconds(load['p50_ms'])} ms, p99 "
        f"{_milliseconds(load['p99_ms'])} ms, longest {_milliseconds(load['max_ms'])} ms. "
        f"Core: {core}."
    )
    if load["failures"]:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(load["failures"].items()))
        lines.append(f"Failed: {kinds}")
    words = f"{'good' if v.good else 'BAD'}: lost {v.lost}, doubled {v.doubled}"
    return DemoVerdict(v.good, words, lines, next_)


_wrap = partial(
    textwrap.wrap,
    width=98,
    initial_indent="  ",
    subsequent_indent="  ",
    break_long_words=False,
    break_on_hyphens=False,
)


def ending(outcome: DemoVerdict) -> list[str]:
    """The verdict, and what to try next."""
    lines = ["", f"Verdict: {outcome.words}"]
    for text in outcome.lines:
        lines += _wrap(text)
    if outcome.next:
        lines += ["", "Try next"]
    for each in outcome.next:
        lines += [f"  {each.what.rstrip(': ')}", f"    {each.command}"]
    return lines
