"""What is recorded of a request: its columns, how much of a body, and what becomes of errors.

The middlewares share it; it knows no framework. Invariants: no more of a body is kept than its cap;
an error in capturing is logged once per kind, by its class alone, and never reaches the application
or the server.
"""

from __future__ import annotations

import base64
import codecs
import json
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .. import Collector, ConfigError
from .headers import header_names

__all__ = ["FEATURES", "Body", "Capture", "Captures"]

logger = logging.getLogger("aiocollect")

# The columns of a captured request: give them to the collector as its feature_names.
FEATURES = (
    *("method", "path", "status", "latency_ms", "exception", "headers"),
    *("request", "request_bytes", "response", "response_bytes"),
)


class Captures:
    """Which requests of a server are recorded, where to, and what of them.

    Raises ConfigError, naming the option.
    """

    def __init__(
        self,
        collector: Collector | None,
        *,
        max_body_bytes: int,
        headers: Sequence[str],
        skip: Collection[str],
    ) -> None:
        if collector is not None and not callable(getattr(collector, "collect", None)):
            raise ConfigError("collector must come from pipeline.collector(…)")
        if not isinstance(max_body_bytes, int) or max_body_bytes < 0:
            raise ConfigError(
                "max_body_bytes must be a whole number of bytes, 0 or more (0 records no bodies)"
            )
        if isinstance(skip, str):
            raise ConfigError("skip must be a list of paths, such as skip=['/healthz']")
        self.collector = collector
        self._cap = max_body_bytes
        self._headers = header_names("headers", headers)
        self._skip = frozenset(skip)
        self._logged: set[type] = set()

    def begin(
        self, *, method: str | None, path: str | None, header: Callable[[str], str | None]
    ) -> Capture | None:
        """The capture of a request that begins; None if it is not recorded.

        ``path`` is without its query; ``header`` gives a header's text by its lower-case name.
        """
        if self.collector is None or not self.collector.enabled or path in self._skip:
            return None
        found = ((name, header(name)) for name in self._headers)
        chosen = {name: text for name, text in found if text is not None}
        return Capture(method, path, headers=chosen, cap=self._cap)

    def record(self, capture: Capture) -> None:
        """Collect the row of a request that has ended. Never raises an Exception."""
        assert self.collector is not None
        with self.harmless():
            self.collector.collect(capture.row())

    @contextmanager
    def harmless(self) -> Iterator[None]:
        """Around code that only captures: its errors are logged, once per kind, and stop here."""
        try:
            yield
        except Exception as error:  # such as those of a strict pipeline
            # By its class alone: its text may contain what was captured.
            if type(error) not in self._logged:
                self._logged.add(type(error))
                logger.warning("a request was not captured: %s", type(error).__name__)


class Capture:
    """One request, as far as it has come."""

    __slots__ = (
        *("_began", "_ended", "_headers", "_method", "_path"),
        *("exception", "request", "response", "status"),
    )

    def __init__(
        self, method: str | None, path: str | None, *, headers: Mapping[str, str], cap: int
    ) -> None:
        self._began = time.perf_counter()
        self._ended: float | None = None
        self._method = method
        self._path = path
        self._headers = headers
        self.request = Body(cap)
        self.response = Body(cap)
        self.status: int | None = None
        self.exception: str | None = None

    def end(self) -> None:
        """A byte of the answer was sent: perhaps the last one."""
        self._ended = time.perf_counter()

    def row(self) -> dict[str, Any]:
        """The row of the request, by column."""
        ended = time.perf_counter() if self._ended is None else self._ended
        values = (
            *(self._method, self._path, self.status),
            round((ended - self._began) * 1000, 3),
            self.exception,
            json.dumps(self._headers) if self._headers else None,
            *(self.request.text(), self.request.length),
            *(self.response.text(), self.response.length),
        )
        return dict(zip(FEATURES, values, strict=True))


class Body:
    """The first bytes of a body, and how many there were."""

    __slots__ = ("_cap", "_kept", "length")

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._kept = bytearray()
        self.length = 0

    def add(self, data: bytes) -> None:
        """Another piece of the body."""
        self.length += len(data)
        room = self._cap - len(self._kept)
        if room > 0:
            self._kept += data[:room]

    def text(self) -> str | None:
        """What was kept, for a cell; None if it is nothing."""
        if not self._kept:
            return None
        try:
            # A character that the cap has cut is left out; anywhere else it would be an error.
            whole = len(self._kept) == self.length
            return codecs.getincrementaldecoder("utf-8")().decode(self._kept, final=whole)
        except UnicodeDecodeError:
            return "data:;base64," + base64.b64encode(self._kept).decode("ascii")
