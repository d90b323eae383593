"""The page of fleets: its record, its tables between two marks, and its pictures."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from loadtest.endpoint.plots import Line, draw

__all__ = ["PAGE", "RECORD", "tables", "write"]

ROOT: Final = Path(__file__).resolve().parents[2]
RECORD: Final = "docs/explanation/scale.json"
PAGE: Final = "docs/explanation/scale.md"
PICTURES: Final = "docs/explanation"
BEGIN, END = "<!-- fleets -->", "<!-- /fleets -->"


def write(lines: list[dict[str, Any]]) -> None:
    """Write the record, the tables in the page, and the pictures."""
    text = "[\n" + ",\n".join(f" {json.dumps(line)}" for line in lines) + "\n]\n"
    (ROOT / RECORD).write_text(text, encoding="utf-8")
    page = ROOT / PAGE
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{tables(lines)}\n{END}{after}", encoding="utf-8")
    for name, picture in _pictures(lines).items():
        (ROOT / PICTURES / name).write_text(picture, encoding="utf-8")


def tables(lines: Iterable[dict[str, Any]]) -> str:
    """The days, and the events."""
    lines = list(lines)
    days = [
        (
            "| writers | streams | parts | round trip | rows/s | simulated | age p99 | expected | "
            "appends a day | expected | blocks a file | 412 | 503 | memory | per 10^6 rows |"
        ),
        "|---:|---:|---|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    events = [
        (
            "| event | writers | parts | rows/s | simulated | age p99 before | after | 412 | 503 | "
            "most requests in a second |"
        ),
        "|---|---:|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    for line in lines:
        kind = f"{line['writer']}"
        what = _simulated(line)
        if line["case"] == "day":
            told = line["expected"]
            days.append(
                f"| {line['writers']:,} | {line['streams']} | {kind} "
                f"| {1000 * line['round_trip']:g} ms | {line['rate']:g} | {what} "
                f"| {line['age_p99']:.1f} s | {told['age_p99']:.1f} s | {line['appends']:,} "
                f"| {told['appends']:,} | {line['blocks']:,} | {line['lost_share']:.1%} "
                f"| {line['busy_share']:.1%} | {line['memory']:,} B "
                f"| {line['requests_a_million_rows']:,} |"
            )
        else:
            before = f"{line['age_p99']:.1f} s" if line["case"] != "restarts" else "-"
            events.append(
                f"| {line['case']} | {line['writers']:,} | {kind} | {line['rate']:g} | {what} "
                f"| {before} | {line['after_p99']:.1f} s | {line['lost_share']:.1%} "
                f"| {line['busy_share']:.1%} | {line['peak']:,} |"
            )
    return "\n".join([*days, "", *events, ""])


def _simulated(line: dict[str, Any]) -> str:
    writers = "whole" if line["simulated"] == line["writers"] else f"{line['simulated']:,} of them"
    return f"{writers}, {line['seconds']:,.0f} s"


def _pictures(lines: list[dict[str, Any]]) -> dict[str, str]:
    days = [
        line
        for line in lines
        if line["case"] == "day" and line["streams"] == 1 and line["rate"] == 1
    ]

    def by_writers(writer: str, key: str) -> list[tuple[float, float]]:
        found = {
            line["writers"]: line[key]
            for line in days
            if line["writer"] == writer and line["round_trip"] == 0.02 and line["seconds"] != 20
        }
        return sorted(found.items())

    kinds = (("shared", "C1"), ("own", "C0"))
    return {
        name: draw(
            [Line(writer, color, by_writers(writer, key)) for writer, color in kinds],
            x="writers",
            y=word,
            log_x=True,
            log_y=True,
        )
        for name, key, word in (
            ("scale-age.svg", "age_p99", "age of rows at p99, s"),
            ("scale-requests.svg", "requests_a_million_rows", "requests a million rows"),
        )
    }
