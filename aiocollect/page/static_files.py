"""The files that the page is made of: these alone are served, read once."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

__all__ = ["PANEL_FILE", "StaticFile", "static_file"]

_KINDS: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
# Loaded where a page has buttons, and served there alone.
PANEL_FILE: Final = "/live/faults.js"
_NAMES: Final = frozenset(
    {
        *("index.html", "data.html", "page.css", "icon.svg", PANEL_FILE[1:]),
        *("vendor/uPlot.iife.min.js", "vendor/uPlot.min.css"),
        *("shared/dom.js", "shared/poll.js"),
        *("live/live.js", "live/history.js", "live/lines.js", "live/recent.js"),
        *("data/data.js", "data/data.css", "data/days.js", "data/features.js", "data/tables.js"),
        *("live/streams.js", "live/tiles.js", "live/verdict.js"),
    }
)


class StaticFile(NamedTuple):
    """Its ``kind`` is a content type; ``small``: its ``body``, by gzip."""

    kind: str
    body: bytes
    small: bytes


@cache
def static_file(name: str) -> StaticFile | None:
    """The file of that name below ``static``; None: it is none of the page's."""
    if name not in _NAMES:
        return None
    body = files(__package__).joinpath("static", *name.split("/")).read_bytes()
    return StaticFile(_KINDS[name.rpartition(".")[2]], body, gzip.compress(body, 9, mtime=0))
