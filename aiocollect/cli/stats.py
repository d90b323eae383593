"""``aiocollect stats``: how many rows there are, what they lack, how late labels come, how the
columns are spread; and with ``--against`` how that differs from a baseline.

No cell is shown unless ``--values`` asks for it.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable
from typing import Any

from aiocollect import ConfigError, read
from aiocollect.cli.names import named
from aiocollect.cli.progress import Progress
from aiocollect.cli.reading import NOTHING
from aiocollect.cli.store import where_of
from aiocollect.cli.table import print_table
from aiocollect.reading import ColumnDrift, ColumnProfile, Dataset, Profile

__all__ = ["stats"]

# Of days and of new categories; --json has all.
DAYS = 31
NAMES = 5
# Below so many rows, on either side, chance alone makes an index of 0.1 of ten bins.
FEW = 200
BARS = "▁▂▃▄▅▆▇█"


def stats(options: argparse.Namespace) -> int:
    """Show what the rows are like; returns the exit code."""
    baseline = None
    now = _dataset(options, options.since, options.until)
    if options.against is not None:
        begin, dots, end = options.against.partition("..")
        if not dots or not begin or not end:
            raise ConfigError(
                f"--against {options.against} is not a span; use FROM..UNTIL, such as "
                "2026-10-01..2026-10-08 or 14d..7d"
            )
        baseline = _dataset(options, begin, end)
    with Progress(f"reading {options.name}") as progress:
        profile = now.profile(progress.at)
        before = None if baseline is None else baseline.profile(progress.at)
    for dataset in filter(None, (now, baseline)):
        for note in dataset.notes:
            print(f"aiocollect: {note}", file=sys.stderr)
    for what, one in (("", profile), (" to compare with", before)):
        if one is not None and not one.rows:
            print(f"aiocollect: there are no rows{what} in this span", file=sys.stderr)
            return NOTHING
    drift = profile.drift_from(Profile() if before is None else before)
    if options.json:
        said = _summary(profile) | {"columns": [_column(one, options.values) for one in drift]}
        if before is not None:
            said["against"] = _summary(before)
        print(json.dumps(said))
        return 0
    _show(profile, "")
    if before is not None:
        _show(before, "against ")
        _show_drift(drift, few=min(profile.rows, before.rows) < FEW, values=options.values)
    else:
        _show_columns(profile.columns.values())
    return 0


def _dataset(options: argparse.Namespace, begin: str | None, end: str | None) -> Dataset:
    model, version, stream = named(options.name)
    assert model is not None
    where = where_of(options)
    return read(model=model, version=version, streams=stream, start=begin, end=end, **where)


# As JSON ------------------------------------------------------------------------------------------


def _summary(profile: Profile) -> dict[str, Any]:
    return {
        "rows": profile.rows,
        "paired_share": profile.paired_share,
        "labelled_share": profile.labelled_share,
        "label_delay_seconds": {
            "p50": _number(profile.delays.quantile(0.5)),
            "p90": _number(profile.delays.quantile(0.9)),
        },
        "days": [
            {
                "day": str(day.day),
                "rows": day.rows,
                "paired_share": day.paired_share,
                "labelled_share": day.labelled_share,
            }
            for day in profile.days
        ],
    }


def _column(drift: ColumnDrift, values: bool) -> dict[str, Any]:
    now, baseline = drift.now, drift.baseline
    said: dict[str, Any] = {"column": drift.name}
    for name, one in (("now", now), ("against", baseline)):
        if one is not None:
            said[name] = {
                "type": one.type,
                "missing_share": one.missing_share,
                "nan_share": one.nan_share,
                "different": one.different,
            }
    if baseline is not None:
        said |= {"psi": drift.psi, "new_categories": len(drift.new), "new_share": drift.new_share}
        if drift.bins is not None:
            said["bins"] = {"now": drift.bins[0], "against": drift.bins[1]}
        if values:
            said["new"] = drift.new
    return said


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


# As text ------------------------------------------------------------------------------------------


def _show(profile: Profile, what: str) -> None:
    days = profile.days
    span = f"{days[0].day} to {days[-1].day}" if days else "days unknown"
    parts = [f"{what}{span}: {profile.rows:,} rows"]
    for name, share in (
        ("paired", profile.paired_share),
        ("labelled", profile.labelled_share),
    ):
        if share is not None:
            parts.append(f"{share:.1%} {name}")
    if profile.delays.count:
        p50, p90 = (_span(profile.delays.quantile(share)) for share in (0.5, 0.9))
        parts.append(f"labels after {p50} (half of them), {p90} (nine of ten)")
    print(", ".join(parts))
    if what:
        return
    print_table(
        ["day", "rows", "paired", "labelled"],
        [
            (
                day.day,
                f"{day.rows:,}",
                _share(day.paired_share),
                _share(day.labelled_share),
            )
            for day in days[-DAYS:]
        ],
    )
    print()


def _show_columns(columns: Iterable[ColumnProfile]) -> None:
    print_table(
        ["column", "type", "missing", "NaN", "different"],
        [
            (
                one.name,
                one.type,
                f"{one.missing_share:.1%}",
                f"{one.nan_share:.1%}" if one.numbers else "",
                "many" if one.different is None else one.different,
            )
            for one in columns
        ],
    )


def _show_drift(drift: list[ColumnDrift], *, few: bool, values: bool) -> None:
    print()
    print_table(
        ["column", "PSI", "missing", "NaN", "bins then", "bins now", "new categories"],
        [_drift_row(one, values) for one in drift],
    )
    if few:
        print(
            f"aiocollect: with fewer than {FEW} rows chance alone makes a PSI of 0.1",
            file=sys.stderr,
        )


def _drift_row(one: ColumnDrift, values: bool) -> tuple[Any, ...]:
    now, then = one.now, one.baseline
    if now is None or then is None:
        return one.name, "only then" if now is None else "only now", "", "", "", "", ""
    new = f"{len(one.new)} ({one.new_share:.1%})" if one.new else ""
    if new and values:
        named_ = sorted(one.new, key=lambda name: -one.new[name])[:NAMES]
        new += f": {', '.join(named_)}{', …' if len(one.new) > NAMES else ''}"
    return (
        one.name,
        _psi(one, now, then),
        f"{then.missing_share:.1%} → {now.missing_share:.1%}",
        f"{then.nan_share:.1%} → {now.nan_share:.1%}" if now.numbers and then.numbers else "",
        _bars(one.bins[1]) if one.bins else "",
        _bars(one.bins[0]) if one.bins else "",
        new,
    )


def _psi(one: ColumnDrift, now: ColumnProfile, then: ColumnProfile) -> str:
    if one.psi is not None:
        return f"{one.psi:.3f}"
    return "" if now.type == then.type else f"{then.type} → {now.type}"


def _bars(shares: tuple[float, ...]) -> str:
    """Bins as a line of bars; of many, the first ones."""
    highest = max(shares[:20], default=0.0) or 1.0
    return "".join(
        BARS[min(len(BARS) - 1, math.ceil(share / highest * len(BARS)) - 1)] if share else " "
        for share in shares[:20]
    )


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _span(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"
