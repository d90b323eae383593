"""What ``aiocollect top`` looks like: figures as tables of rich's.

Texts of status files are shown as text, never as markup, and what a terminal would obey is escaped.
A narrow terminal has fewer columns; what needs an operator is never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, Generic, NamedTuple, TypeVar

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from aiocollect.cli.table import escaped
from aiocollect.cli.top_figures import Figures, Level, ProcessFigures, StreamFigures
from aiocollect.stats import StreamState

__all__ = ["on_screen", "view"]

_STYLES: Final[dict[Level, str]] = {"good": "green", "warn": "yellow", "bad": "bold red"}
_Row = TypeVar("_Row")
# A frame has the verdict, the sums, two headers, two lines on what was left out, three empty lines,
# and the last line.
_AROUND: Final = 10
# Of the streams that have the same code.
_NAMES: Final = 3
# So many rows each table has at least; a screen that is too small cuts the frame off.
_FEW: Final = 3


class _TopColumn(NamedTuple, Generic[_Row]):
    """``least``: how wide the terminal must be for the column to be shown. ``cell`` gives the text
    and its style."""

    name: str
    least: int
    cell: Callable[[_Row], tuple[str, str]]
    right: bool = True


@contextmanager
def on_screen() -> Iterator[Callable[[Figures, str], None]]:
    """A screen of its own, as long as the block lasts; the terminal is as before afterwards."""
    console = Console()
    with Live(console=console, screen=True, auto_refresh=False) as live:

        def draw(figures: Figures, hint: str) -> None:
            width, height = console.size
            live.update(view(figures, hint, width=width, height=height), refresh=True)

        yield draw


def view(figures: Figures, hint: str, *, width: int, height: int | None) -> RenderableType:
    """One frame, for a terminal of so many columns and lines; None: as many as it takes."""
    when = datetime.fromtimestamp(figures.at, UTC).strftime("%H:%M:%S UTC")
    parts: list[RenderableType] = [
        Text.assemble((figures.verdict, _STYLES[figures.level]), (f"   {when}", "dim"))
    ]
    for name, why in figures.unreadable:
        parts.append(Text(f"{escaped(name)}: {escaped(why)}", style=_STYLES["warn"]))
    if not figures.processes:
        parts.append(Text(hint))
    else:
        parts.append(_sums(figures))
        needs = list(_needs(figures))
        for headline, remedy in needs:
            parts += ["", headline, Padding(remedy, (0, 0, 0, 4))]
        free = None
        if height is not None:
            lines = sum(3 + len(remedy) // max(1, width - 4) for _, remedy in needs)
            free = max(2 * _FEW, height - _AROUND - lines)
        processes, streams = figures.processes, figures.streams
        many = len(processes) if free is None else max(_FEW, min(len(processes), free // 2))
        parts += ["", *_table(_PROCESS, processes[:many], width)]
        parts += _more(len(processes) - many, "processes")
        many = len(streams) if free is None else max(_FEW, free - min(len(processes), many))
        parts += ["", *_table(_STREAM, streams[:many], width)]
        parts += _more(max(0, len(streams) - many) + figures.more_streams, "streams")
    if height is not None:
        parts += ["", Text("Ctrl-C ends", style="dim")]
    return Group(*parts)


def _sums(figures: Figures) -> Text:
    """All processes together."""
    of = figures.processes
    ages = [one.oldest_age for one in of if one.oldest_age is not None]
    lost = sum(one.lost for one in of)
    said = [
        f"{len(of)} process{'' if len(of) == 1 else 'es'}",
        f"accepted {_rate(_sum(one.accepted_rate for one in of))}/s",
        f"stored {_rate(_sum(one.stored_rate for one in of))}/s",
        f"waiting {sum(one.waiting for one in of):,}",
        f"oldest {_age(max(ages, default=None))}",
    ]
    return Text.assemble(
        "   ".join(said), "   ", (f"lost {lost:,}", _STYLES["bad"] if lost else "")
    )


def _needs(figures: Figures) -> Iterator[tuple[Text, Text]]:
    """What does not move, by its code: which ones, how many rows wait, and what to do."""
    for name, (code, remedy) in figures.held_elsewhere.items():
        yield Text(f"{escaped(name)}: {escaped(code)}", style=_STYLES["bad"]), Text(escaped(remedy))
    groups: dict[tuple[StreamState, str], list[StreamFigures]] = {}
    for one in figures.streams:
        if one.code:
            groups.setdefault((one.state, one.code), []).append(one)
    for (state, code), streams in groups.items():
        names = list(dict.fromkeys(map(_name, streams)))
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        rows = sum(one.waiting for one in streams)
        line = f"{', '.join(names[:_NAMES])}{more} {state}: {escaped(code)}, {rows:,} rows wait"
        yield (
            Text(line, style=_STYLES["bad" if state == "held" else "warn"]),
            Text(escaped(streams[0].remedy)),
        )


def _table(
    columns: Sequence[_TopColumn[_Row]], rows: Sequence[_Row], width: int
) -> Iterator[RenderableType]:
    """The columns that there is room for."""
    if not rows:
        return
    chosen = [column for column in columns if column.least <= width]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in chosen:
        table.add_column(
            column.name,
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in rows:
        table.add_row(*[Text(*column.cell(row)) for column in chosen])
    yield table


def _more(count: int, what: str) -> Iterable[RenderableType]:
    return [Text(f"and {count:,} more {what}", style="dim")] if count > 0 else []


def _name(one: StreamFigures) -> str:
    return escaped(one.stream) or "adopted from a spool"


def _state(one: StreamFigures) -> tuple[str, str]:
    if one.sample_rate == 0:
        return f"{one.state}, off", "yellow"
    return one.state, "" if not one.code else _STYLES["bad" if one.state == "held" else "warn"]


def _recorded(rate: float | None) -> str:
    if rate is None:
        return "-"
    return {0.0: "off", 1.0: "all"}.get(rate, f"{100 * rate:.2g} %")


def _sum(rates: Iterable[float | None]) -> float | None:
    known = [rate for rate in rates if rate is not None]
    return sum(known) if known else None


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:,.0f}"


def _age(age: float | None) -> str:
    if age is None:
        return "-"
    if age < 120:
        return f"{age:.1f} s" if age < 10 else f"{age:.0f} s"
    return f"{age / 60:.0f} min" if age < 7200 else f"{age / 3600:.1f} h"


def _milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{1000 * seconds:.1f} ms" if seconds < 0.01 else f"{1000 * seconds:,.0f} ms"


def _lost(one: ProcessFigures) -> tuple[str, str]:
    return f"{one.lost:,}", _STYLES["bad"] if one.lost else ""


def _budget(one: ProcessFigures) -> tuple[str, str]:
    share = one.budget_share
    style = _STYLES["bad"] if share > 0.75 else _STYLES["warn"] if share > 0.5 else ""
    return f"{100 * share:.0f} %", style


_PROCESS: Final[Sequence[_TopColumn[ProcessFigures]]] = (
    _TopColumn("PROCESS", 0, lambda one: (str(one.pid), "")),
    _TopColumn("NODE", 110, lambda one: (escaped(one.node), ""), right=False),
    _TopColumn("STATE", 0, lambda one: (one.state, _STYLES[one.level]), right=False),
    _TopColumn("ROWS/S", 50, lambda one: (_rate(one.accepted_rate), "")),
    _TopColumn("STORED/S", 70, lambda one: (_rate(one.stored_rate), "")),
    _TopColumn("WAITING", 80, lambda one: (f"{one.waiting:,}", "")),
    _TopColumn("OLDEST", 90, lambda one: (_age(one.oldest_age), "")),
    _TopColumn("APPEND P50", 100, lambda one: (_milliseconds(one.append_p50), "")),
    _TopColumn("P99", 100, lambda one: (_milliseconds(one.append_p99), "")),
    _TopColumn("MEMORY", 76, _budget),
    _TopColumn("LOST", 40, _lost),
)
_STREAM: Final[Sequence[_TopColumn[StreamFigures]]] = (
    _TopColumn("STREAM", 0, lambda one: (_name(one), ""), right=False),
    _TopColumn("PROCESS", 110, lambda one: (str(one.pid), "")),
    _TopColumn("STATE", 0, _state, right=False),
    _TopColumn("ROWS/S", 50, lambda one: (_rate(one.rate), "")),
    _TopColumn("STORED", 70, lambda one: (f"{one.stored:,}", "")),
    _TopColumn("WAITING", 60, lambda one: (f"{one.waiting:,}", "")),
    _TopColumn("OLDEST", 80, lambda one: (_age(one.oldest_age), "")),
    _TopColumn("BLOCKS", 90, lambda one: (f"{one.blocks:,} of {one.max_blocks:,}", "")),
    _TopColumn("RECORDED", 100, lambda one: (_recorded(one.sample_rate), "")),
    _TopColumn("BLOB", 130, lambda one: (escaped("/".join(one.part.split("/")[-4:])), ""), False),
)
