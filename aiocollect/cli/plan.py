"""``aiocollect plan``: which settings a fleet needs, and what to expect of them.

Computed, from formulas that were compared with simulated fleets; nothing is asked over the network.
"""

from __future__ import annotations

import argparse
import json
import math
from typing import Any

from aiocollect.cli.plan_advice import FleetPlan, plan_of

__all__ = ["add_plan"]

CANNOT = 1


def add_plan(commands: Any) -> None:
    """Add the command to the parser's ``commands``."""
    command = commands.add_parser(
        "plan",
        help="say which settings a fleet needs, and what to expect of them",
        description=(
            "Computes which linger, writer, block size, memory, spool and how many accounts a "
            "fleet needs, and what follows: how old rows are when they are stored, appends, "
            "blocks, requests. Says which limit binds first. Asks no store: "
            "docs/explanation/scale.md has the simulated fleets that the formulas are held "
            "against. Exits with 1 if a limit does not hold, and says what to change."
        ),
    )
    for option, what in (
        ("--writers", "processes that write"),
        ("--streams", "streams that each of them writes"),
    ):
        command.add_argument(option, type=_count, required=True, metavar="N", help=what)
    command.add_argument(
        "--rows-per-second",
        type=_positive,
        required=True,
        metavar="R",
        help="rows a second of one stream, of all writers together",
    )
    command.add_argument(
        "--bytes-per-row",
        type=_positive,
        required=True,
        metavar="BYTES",
        help="bytes of the cells of a row, as text",
    )
    command.add_argument(
        "--round-trip",
        type=_positive,
        default=20.0,
        metavar="MS",
        help="of a request to the store, in milliseconds (default: %(default)g)",
    )
    command.add_argument(
        "--linger", type=_positive, metavar="SECONDS", help="keep to this one (default: chosen)"
    )
    command.add_argument(
        "--outage",
        type=_positive,
        default=600.0,
        metavar="SECONDS",
        help="of the store, that memory or the spool must hold rows for (default: %(default)g)",
    )
    mode = command.add_mutually_exclusive_group()
    mode.add_argument(
        "--shared",
        dest="shared",
        action="store_true",
        default=None,
        help='keep to writer="shared" (default: chosen)',
    )
    mode.add_argument(
        "--own", dest="shared", action="store_false", help='keep to writer="own" (default: chosen)'
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=_plan)


def _plan(options: argparse.Namespace) -> int:
    plan = plan_of(
        writers=options.writers,
        streams=options.streams,
        rows=options.rows_per_second,
        cells=options.bytes_per_row,
        trip=options.round_trip / 1000,
        shared=options.shared,
        linger=options.linger,
        outage=options.outage,
    )
    if options.json:
        print(json.dumps(_plain(plan)))
    else:
        print("\n".join(_lines(plan)))
    return 0 if plan.holds else CANNOT


def _lines(plan: FleetPlan) -> list[str]:
    """As people read it: settings, what is expected, the limit, warnings."""
    need, day = plan.need, plan.day
    first = plan.bounds[0]
    each = "all writers share one" if need.shared else "each writer has its own"
    lines = [
        f'writer            "{_writer(plan)}": of a stream, {each}',
        f"linger            {need.linger:g} s, at most {day.longest:.1f} at the end of a day",
        f"max_batch_bytes   {_size(need.batch)}; blocks begin with {_size(day.block)}",
        f"max_in_flight     {plan.in_flight}",
        f"max_memory_bytes  {_size(plan.memory)} for the outage, without a spool",
        f"max_spool_bytes   {_size(plan.spool)} for the outage, with one",
        f"accounts          {plan.accounts}",
        "",
        f"age of rows       {day.age:.1f} s at p99, from collect() to stored",
        f"appends a day     {day.appends:,.0f}, and {day.log:,.0f} of the log",
        f"blocks a day      {day.blocks:,.0f} of a file, in {_parts(day.parts)}",
        f"lost races        {day.lost:.1%} of appends are answered 412",
        f"rows that wait    {_size(day.waiting)} in each writer",
        f"requests          {day.requests:,.0f} a day, {plan.million:,.0f} a million rows",
        f"at the busiest    {day.peak:,.1f} requests a second",
        f"midnight          new files take an account {plan.midnight:.1f} s",
        "",
        f"binds first       {first.name}: {first.share:.0%} used",
    ]
    lines += [f"warning           {one}" for one in plan.warnings]
    lines.append("holds" if plan.holds else "does not hold")
    return lines


def _plain(plan: FleetPlan) -> dict[str, Any]:
    """As programs read it: seconds, bytes, counts and shares."""
    need, day = plan.need, plan.day
    return {
        "holds": plan.holds,
        "settings": {
            "writer": _writer(plan),
            "linger": need.linger,
            "max_batch_bytes": need.batch,
            "max_in_flight": plan.in_flight,
            "max_memory_bytes": plan.memory,
            "max_spool_bytes": plan.spool,
            "accounts": plan.accounts,
        },
        "expected": {
            **{name: round(value, 4) for name, value in day._asdict().items()},
            "midnight": round(plan.midnight, 4),
            "requests_a_million_rows": round(plan.million, 1),
        },
        "limits": [{"name": one.name, "used": round(one.share, 4)} for one in plan.bounds],
        "warnings": plan.warnings,
    }


def _writer(plan: FleetPlan) -> str:
    return "shared" if plan.need.shared else "own"


def _parts(parts: int) -> str:
    return "1 part" if parts == 1 else f"{parts} parts"


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count /= 1024
    return f"{count:.0f} {unit}" if count >= 100 or count == int(count) else f"{count:.1f} {unit}"


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _count(text: str) -> int:
    value = _positive(text)
    if value != int(value):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number")
    return int(value)
