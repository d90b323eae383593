"""The report: one HTML page that needs nothing else, of the JSON that a run of the suite gave.

The page is report.html.j2, the figures in it are figures.py's, the pictures plots.py's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

from . import figures
from .plots import embedded

__all__ = ["as_html", "as_svg"]


def as_html(results: dict[str, Any]) -> str:
    """The page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["embedded"] = embedded
    return environment.get_template("report.html.j2").render(
        about=results["about"],
        head=figures.HEAD,
        servers=[figures.steady(results, server) for server in results["saturation"]],
        weather=[figures.weather(one) for one in [results["gateway"], *results["weather"]]],
        axes=[figures.by_axis(axis, found) for axis, found in results["rows"].items()],
    )


def as_svg(results: dict[str, Any]) -> str:
    """The first server's latencies as a picture of their own."""
    return figures.latency(results, next(iter(results["saturation"])))
