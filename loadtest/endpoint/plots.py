"""Plots as SVG, drawn by hand: lines over linear or logarithmic axes, with their legend."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Line", "plot"]

_WIDTH, _HEIGHT = 720, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 195, 20, 50


@dataclass(frozen=True, slots=True)
class Line:
    """``color`` is a name of the page's style; points in the order of x."""

    name: str
    color: str
    points: Sequence[tuple[float, float]]


def plot(
    lines: Sequence[Line],
    *,
    x: str,
    y: str,
    log_x: bool = False,
    log_y: bool = False,
    ticks_x: Sequence[tuple[float, str]] = (),
    band: tuple[float, float, str] | None = None,
) -> str:
    """One plot. ``band`` shades a stretch of x, with a word. Points that an axis cannot show (0 on
    a logarithmic one) are left out."""
    shown = [
        Line(line.name, line.color, kept)
        for line in lines
        if (kept := [p for p in line.points if (p[0] > 0 or not log_x) and (p[1] > 0 or not log_y)])
    ]
    if not shown:
        return "<p>No figures.</p>"
    xs = [point[0] for line in shown for point in line.points]
    ys = [point[1] for line in shown for point in line.points]
    at_x = _scale(min(xs), max(xs), _LEFT, _WIDTH - _RIGHT, log=log_x)
    low_y = min(ys) if log_y else 0.0
    at_y = _scale(low_y, max(ys), _HEIGHT - _BOTTOM, _TOP, log=log_y)
    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(y)}">']
    if band is not None:
        left, right = at_x(band[0]), at_x(band[1])
        parts.append(
            f'<rect class="band" x="{left:.1f}" y="{_TOP}" width="{right - left:.1f}" '
            f'height="{_HEIGHT - _BOTTOM - _TOP}"/>'
            f'<text x="{(left + right) / 2:.1f}" y="{_TOP + 14}" class="middle">{escape(band[2])}'
            "</text>"
        )
    for value in _ticks(low_y, max(ys), log=log_y):
        height = at_y(value)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{height:.1f}" '
            f'y2="{height:.1f}"/><text x="{_LEFT - 8}" y="{height + 4:.1f}" class="end">'
            f"{_number(value)}</text>"
        )
    for value, word in ticks_x or [(v, _number(v)) for v in _ticks(min(xs), max(xs), log=log_x)]:
        parts.append(
            f'<text x="{at_x(value):.1f}" y="{_HEIGHT - _BOTTOM + 18}" class="middle">'
            f"{escape(word)}</text>"
        )
    for number, line in enumerate(shown):
        path = " ".join(f"{at_x(px):.1f},{at_y(py):.1f}" for px, py in line.points)
        height = _TOP + 12 + 20 * number
        parts.append(f'<polyline class="line {line.color}" points="{path}"/>')
        parts += [
            f'<circle class="dot {line.color}" cx="{at_x(px):.1f}" cy="{at_y(py):.1f}" r="3"/>'
            for px, py in (line.points if len(line.points) < 15 else ())
        ]
        parts.append(
            f'<line class="line {line.color}" x1="{_WIDTH - _RIGHT + 14}" y1="{height}" '
            f'x2="{_WIDTH - _RIGHT + 34}" y2="{height}"/>'
            f'<text x="{_WIDTH - _RIGHT + 40}" y="{height + 4}">{escape(line.name)}</text>'
        )
    parts.append(
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 10}" class="middle name">'
        f"{escape(x)}</text>"
        f'<text transform="translate(16 {(_TOP + _HEIGHT - _BOTTOM) / 2}) rotate(-90)" '
        f'class="middle name">{escape(y)}</text></svg>'
    )
    return "".join(parts)


def _scale(
    low: float, high: float, begin: float, end: float, *, log: bool
) -> Callable[[float], float]:
    move: Callable[[float], float] = math.log10 if log else float
    first, last = move(low), move(high)
    span = (last - first) or 1.0
    return lambda value: begin + (move(value) - first) / span * (end - begin)


def _ticks(low: float, high: float, *, log: bool) -> list[float]:
    if log:
        exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        steps = (1, 2, 5) if len(exponents) <= 4 else (1,)
        return [v for e in exponents for s in steps if low <= (v := s * 10.0**e) <= high]
    rough = (high - low) / 5 or 1.0
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    return [step * number for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:g}"
