"""What the page answers, whichever door the request came in by.

Invariants: no answer without the headers that keep other sites out; nothing of a request is ever
in an answer; an answer to somebody who may not see the page says nothing about it.
"""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

import orjson

from .. import ConfigError
from ..remedies import explain
from ..settings_file import Control, Switch, read_control, write_control
from ..stats import LATENCY_BOUNDS
from .access import Access, cookie_name, may_change
from .sources import Seen, StatusSource
from .static_files import PANEL_FILE, StaticFile, static_file

__all__ = ["DataSource", "Page", "PageAnswer", "PageRequest", "Panel"]

# Nothing from elsewhere, nothing inline, nobody may frame it.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS: Final = (
    ("content-security-policy", _POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-resource-policy", "same-origin"),
)
# Of a request that changes something.
MOST_BODY: Final = 4096


class PageRequest(NamedTuple):
    """``path`` is what follows the page's own address: "" for that without a slash at its end,
    whose last part is then ``last``. ``headers`` have lower-case names. ``peer`` is the address
    that it came from."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    peer: str | None
    body: bytes = b""
    last: str = ""


class PageAnswer(NamedTuple):
    """Status, headers and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class DataSource(Protocol):
    """What the data page shows."""

    def look(self, query: Mapping[str, str]) -> bytes:
        """JSON of what is known now of what the query names. Never waits."""
        ...


class Panel(Protocol):
    """Buttons above the figures, which the demo has and nothing else."""

    def shown(self) -> dict[str, Any]:
        """What the page shows of them, once for each answer."""
        ...

    def press(self, name: str) -> None:
        """A button was pressed. Raises KeyError for one that there is not."""
        ...


class Page:
    """The page on a ``source`` of statuses, for those that ``access`` admits. ``data``: what is
    stored, which a page of its own shows. One of both may be None. ``panel``: buttons."""

    def __init__(
        self,
        source: StatusSource | None,
        access: Access,
        data: DataSource | None = None,
        panel: Panel | None = None,
    ) -> None:
        self._source = source
        self._access = access
        self._data = data
        self._panel = panel
        self._of: Seen | None = None
        self._body = b""
        self._told: dict[bool, PageAnswer] = {}  # of that sample; compressed or not
        self._pages = [name for name, one in (("live", source), ("data", data)) if one is not None]

    def __repr__(self) -> str:
        return f"<Page {self._access!r}>"

    async def answer(self, request: PageRequest) -> PageAnswer:
        """The answer to any request."""
        access, headers = self._access, request.headers
        if not access.knows(headers.get("host", "")):
            return _text(421, "this page is not known under that name")
        given = request.query.get("token")
        if not access.admits(peer=request.peer, headers=headers, given=given):
            return _text(401, "open the address that aiocollect has printed")
        if request.path == "/control":
            return await self._change(request)
        if request.path == "/faults" and self._panel is not None:
            return _pressed(self._panel, request)
        if request.method not in ("GET", "HEAD"):
            return _text(405, "this page is only read")
        if request.path == "":
            query = "" if given is None else f"?token={given}"
            return _moved(f"{request.last}/{query}")
        if request.path == "/" and given is not None:
            # The token leaves the address, where histories and logs would keep it.
            name = cookie_name(headers.get("host", ""))
            cookie = f"{name}={given}; HttpOnly; SameSite=Strict"
            return _moved("./", ("set-cookie", cookie))
        if request.path == "/status.json" and self._source is not None:
            return await self._status(self._source, headers)
        if request.path == "/data.json" and self._data is not None:
            return _answer(200, "application/json", self._data_seen(request.query), headers)
        if request.path == "/" and self._source is None:
            return _moved("data.html")
        found = static_file(request.path[1:] or "index.html")
        if found is None or (request.path == PANEL_FILE and self._panel is None):
            return _text(404, "there is nothing here")
        if request.path == "/data.html" and self._data is None:
            return _text(404, "start the page with --store to see what is stored")
        return _file(found, headers)

    async def _status(self, source: StatusSource, headers: Mapping[str, str]) -> PageAnswer:
        """An answer that was made of the same sample is given again: viewers cost no more than
        the sending."""
        seen, small = await source.look(), "gzip" in headers.get("accept-encoding", "")
        if self._of is not seen or self._panel is not None:
            self._of, self._told, self._body = seen, {}, self._json(source, seen)
        if small not in self._told:
            self._told[small] = _answer(200, "application/json", self._body, headers)
        return self._told[small]

    def _json(self, source: StatusSource, seen: Seen) -> bytes:
        for one in seen.processes:
            for stream in one["streams"]:
                if stream["code"]:
                    stream["remedy"] = str(explain(stream["code"]))
        return orjson.dumps(
            {
                "now": time.time(),
                "control": self._access.control,
                "pages": self._pages,
                "hint": source.hint,
                "latency_bounds": LATENCY_BOUNDS,
                "processes": seen.processes,
                "unreadable": [one._asdict() for one in seen.unreadable],
                **({} if self._panel is None else {"faults": self._panel.shown()}),
            }
        )

    def _data_seen(self, query: Mapping[str, str]) -> bytes:
        assert self._data is not None
        found = orjson.Fragment(self._data.look(query))
        return orjson.dumps({"now": time.time(), "pages": self._pages, "data": found})

    async def _change(self, request: PageRequest) -> PageAnswer:
        if not self._access.control:
            return _text(403, "switching is not allowed: start the page with --allow-control")
        if request.method != "POST" or not may_change(request.headers):
            return _text(403, "only this page itself may switch")
        try:
            wish = orjson.loads(request.body)
            writer, collector, enabled = wish["writer"], wish["collector"], wish["enabled"]
        except (ValueError, KeyError, TypeError):
            return _text(400, "a JSON object with writer, collector and enabled is needed")
        if not isinstance(collector, str) or not isinstance(enabled, bool):
            return _text(400, "collector must be text, and enabled true or false")
        seen = Seen([], []) if self._source is None else await self._source.look()
        for one in seen.processes:
            known = any(stream["stream"] == collector for stream in one["streams"])
            path = one["settings"]["settings_file"]
            if one["writer"] == writer and known and path:
                return await asyncio.to_thread(_switched, path, collector, enabled)
        return _text(404, "no process with a settings file has this collector")


def _pressed(panel: Panel, request: PageRequest) -> PageAnswer:
    if request.method != "POST" or not may_change(request.headers):
        return _text(403, "only this page itself may press a button")
    try:
        panel.press(orjson.loads(request.body)["name"])
    except (ValueError, KeyError, TypeError):
        return _text(400, "a JSON object with the name of a button is needed")
    return _text(200, "done")


def _switched(path: str, collector: str, enabled: bool) -> PageAnswer:
    try:
        control = read_control(path)
        before = control.collectors.get(collector, Switch())
        after = Switch(enabled, before.sample_rate)
        write_control(path, Control(control.whole, {**control.collectors, collector: after}))
    except ConfigError as error:
        return _text(500, str(error))
    return _text(200, "done; the pipeline looks at its settings file every second")


def _moved(to: str, *more: tuple[str, str]) -> PageAnswer:
    # Relative, since only the browser knows what stands in front of us.
    return PageAnswer(303, (*_HEADERS, ("location", to), *more), b"")


def _text(status: int, text: str) -> PageAnswer:
    return _answer(status, "text/plain; charset=utf-8", text.encode(), {})


def _answer(status: int, kind: str, body: bytes, headers: Mapping[str, str]) -> PageAnswer:
    more: tuple[tuple[str, str], ...] = (("content-type", kind), ("vary", "accept-encoding"))
    if len(body) > 1000 and "gzip" in headers.get("accept-encoding", ""):
        body = gzip.compress(body, 5, mtime=0)
        more += (("content-encoding", "gzip"),)
    return PageAnswer(status, (*_HEADERS, *more), body)


def _file(found: StaticFile, headers: Mapping[str, str]) -> PageAnswer:
    small = "gzip" in headers.get("accept-encoding", "")
    kept = (("content-type", found.kind), ("vary", "accept-encoding"))
    encoding = (("content-encoding", "gzip"),) if small else ()
    return PageAnswer(200, (*_HEADERS, *kept, *encoding), found.small if small else found.body)
