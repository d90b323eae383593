"""The tables of docs/explanation/loadtest.md: what the ladder's runs say, as Markdown.

Differences are formed within each round, and their median is shown, with the least and the most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from .figures import TITLES, answered, audited, loads_of, median
from .ladder import PROFILED
from .split import PARTS
from .suite import compare

__all__ = ["ladder_tables", "rows_table", "server_tables"]

_HEAD: Final = (
    *("p50 ms", "p99 ms", "p99.9 ms", "CPU µs", "minus no collector: p99 ms", "CPU µs"),
    *("waits for its core, µs", "store's process, µs", "answered", "lost", "doubled"),
)
_WRONG: Final = ("lost", "doubled")
# Each rung of the ladder against the one below it.
_WHOSE: Final = (
    ("the collector: in memory, minus no collector", "memory", "none"),
    ("SDK, HTTP, kernel: a store elsewhere, minus in memory", "elsewhere", "memory"),
    ("the emulator, minus a store elsewhere", "aiocollect", "elsewhere"),
    ("the noise: no collector, again, minus no collector", "none again", "none"),
)


def ladder_tables(results: dict[str, Any]) -> str:
    """For each load of the first server: the contenders, whose the differences are, and a sample
    of what the server's main thread does."""
    return _tables(results, next(iter(results["saturation"])))


def server_tables(results: dict[str, Any]) -> str:
    """The same of the other servers."""
    return "\n\n".join(_tables(results, server) for server in list(results["saturation"])[1:])


def rows_table(results: dict[str, Any]) -> str:
    """Rows by themselves, as fast as the store takes them."""
    rows = []
    for axis, found in results["rows"].items():
        for name, one in found.items():
            figures, audit = one.get("figures"), one.get("audit", {})
            cells = ["none", "none", "none"]
            if figures:
                cells = [
                    f"{figures['rows_a_second'] / 1000:,.1f}",
                    f"{figures['cpu_us_a_row']:,.1f}",
                    f"{figures['rows_an_append']:,.0f}",
                ]
            rows.append([f"{axis}: {name}", *cells, *(str(audit.get(x, "")) for x in _WRONG)])
    head = ["", "thousand rows a second", "CPU µs a row", "rows an append", *_WRONG]
    return "\n".join(_table(head, rows)).strip()


def _tables(results: dict[str, Any], server: str) -> str:
    steady = results["steady"]
    most = results["saturation"][server]
    lines = [f"{server}, whose saturation was {most:,.0f} requests a second.", ""]
    for load in loads_of(results, server):
        runs = [one for one in steady if (one["server"], one["load"]) == (server, load)]
        lines += _table([f"at {load}", *_HEAD], _contenders(runs, server, load))
        whose = list(_whose(runs, server, load))
        if whose:
            lines += _table([f"whose, at {load}", "p99 ms", "CPU µs"], whose)
        lines += _sampled(runs)
    return "\n".join(lines).strip()


def _table(head: list[str], rows: Iterator[list[str]] | list[list[str]]) -> list[str]:
    shown = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return [*(f"| {' | '.join(cells)} |" for cells in shown), ""]


def _contenders(runs: list[dict[str, Any]], server: str, load: str) -> Iterator[list[str]]:
    for label, title in TITLES.items():
        found = [one for one in runs if one["label"] == label]
        if not found:
            continue
        figures = [one["figures"] for one in found if one.get("figures")]
        cells = [
            median([each.get(name) for each in figures], digits)
            for name, digits in (("p50", 2), ("p99", 2), ("p99.9", 1), ("cpu_us", 0))
        ]
        cells += [_difference(runs, server, load, name, label, "none") for name in _COMPARED]
        cells += [median([each.get(name) for each in figures], 1) for name in _BESIDE]
        came, due = answered(found)
        yield [title, *cells, f"{came / due:.1%}" if due else "", *audited(found)]


_COMPARED: Final = ("p99", "cpu_us")
_BESIDE: Final = ("waited_us", "store_us")


def _whose(runs: list[dict[str, Any]], server: str, load: str) -> Iterator[list[str]]:
    for title, ours, base in _WHOSE:
        cells = [_difference(runs, server, load, name, ours, base) for name in _COMPARED]
        if any(cells):
            yield [title, *cells]


def _difference(
    runs: list[dict[str, Any]], server: str, load: str, figure: str, ours: str, base: str
) -> str:
    found = compare(runs, server, figure, load, ours=ours, base=base) if ours != base else None
    if found is None:
        return ""
    least, most = found["cost_range"]
    digits = 2 if figure == "p99" else 1
    return f"{found['cost']:+.{digits}f} ({least:+.{digits}f} to {most:+.{digits}f})"


def _sampled(runs: list[dict[str, Any]]) -> list[str]:
    """Whose the main thread's CPU was, in µs a request."""
    samples: Counter[str] = Counter()
    figures = [o["figures"] for o in runs if o["label"] == PROFILED and o.get("figures")]
    for each in figures:
        samples.update(each["samples"])
    if not samples.total():
        return []
    cpu = sorted(each["main_us"] for each in figures)[len(figures) // 2]
    parts = (f"{part} {cpu * samples[part] / samples.total():.1f}" for part in PARTS)
    text = (
        f"Of the main thread's {cpu:.0f} µs a request, a store elsewhere, by "
        f"{samples.total():,} samples: {', '.join(parts)}."
    )
    return [text, ""]
