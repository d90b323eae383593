"""Plots as SVG, by matplotlib: lines over linear or logarithmic axes, with their legend.

Invariants: no window and no state of pyplot's; the same lines give the same bytes; each line is a
group of the picture whose id is its name, with a point for each of its values.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

__all__ = ["Line", "draw", "embedded"]

_INCHES: Final = (7.2, 3.3)
_STYLE: Final[Any] = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "sans-serif",
    "font.size": 9,
    "path.simplify": False,  # a point for each value
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "aiocollect",
}
# What matplotlib would say of itself and the day.
_NOTHING: Final[dict[str, Any]] = dict.fromkeys(("Creator", "Date", "Format", "Type"))


@dataclass(frozen=True, slots=True)
class Line:
    """``color``: a name or number of matplotlib's; ``points`` in the order of x."""

    name: str
    color: str
    points: Sequence[tuple[float, float]]


def draw(
    lines: Sequence[Line],
    *,
    x: str,
    y: str,
    log_x: bool = False,
    log_y: bool = False,
    ticks_x: Sequence[tuple[float, str]] = (),
    band: tuple[float, float, str] | None = None,
) -> str:
    """One picture; empty where no point can be shown. ``band`` shades a stretch of x, with a word.

    Points that an axis cannot show (0 on a logarithmic one) are left out.
    """
    shown = [
        (line, kept)
        for line in lines
        if (kept := [p for p in line.points if (p[0] > 0 or not log_x) and (p[1] > 0 or not log_y)])
    ]
    if not shown:
        return ""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=_INCHES, layout="constrained")
        axes = figure.add_subplot(xlabel=x, ylabel=y)
        for line, points in shown:
            marker = "o" if len(points) < 15 else ""
            axes.plot(
                *zip(*points, strict=True),
                color=line.color,
                gid=line.name,
                label=line.name,
                marker=marker,
                markersize=3,
            )
        axes.set_xscale("log" if log_x else "linear")
        axes.set_yscale("log" if log_y else "linear")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(_number))
        if not log_y:
            axes.set_ylim(bottom=0.0)
        if ticks_x:
            axes.xaxis.set_major_locator(FixedLocator([value for value, _ in ticks_x]))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xticklabels([word for _, word in ticks_x])
        if band is not None:
            axes.axvspan(*band[:2], color="orange", alpha=0.15, linewidth=0)
            axes.text(
                (band[0] + band[1]) / 2,
                0.96,
                band[2],
                transform=axes.get_xaxis_transform(),
                horizontalalignment="center",
                verticalalignment="top",
            )
        axes.grid(axis="y", color="0.9")
        figure.legend(loc="outside right upper", frameon=False)
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata=_NOTHING)
    return written.getvalue()


def embedded(svg: str) -> str:
    """The picture as an address that holds all of it, for a page that needs nothing else."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _number(value: float, _: object) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:g}"
