"""The page of another process, as a source of statuses: ``aiocollect ui URL``."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit, urlunsplit

import orjson

from .. import ConfigError
from .sources import EVERY, NotShown, Seen, checked

__all__ = ["OtherPage"]

# Seconds; the browser waits five for us.
PATIENCE: Final = 4.0
MOST_BYTES: Final = 16 * 2**20


class OtherPage:
    """``url`` is the page's address, as it was printed: with the token, if it needs one. Nothing of
    it can be switched from here: its settings files are on another machine. Raises ConfigError."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                "the address of a page must look like http://127.0.0.1:8701/, with ?token=… where "
                "it needs one"
            )
        self._token = "".join(parse_qs(parts.query).get("token", [])[:1])
        path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
        host = parts.netloc.rpartition("@")[2]
        self.name = urlunsplit((parts.scheme, host, path, "", ""))
        self.hint = f"{self.name} shows no process."
        self._lock: asyncio.Lock | None = None
        self._seen, self._at = Seen([], []), float("-inf")

    def __repr__(self) -> str:
        return f"<OtherPage {self.name}>"

    async def look(self) -> Seen:
        """What it shows, at most a second ago."""
        if self._lock is None:
            self._lock = asyncio.Lock()  # of the loop that serves
        async with self._lock:
            if time.monotonic() - self._at >= EVERY:
                self._seen = await self._asked()
                self._at = time.monotonic()
        return self._seen

    async def _asked(self) -> Seen:
        import aiohttp

        headers = {"authorization": f"Bearer {self._token}"} if self._token else {}
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(
                    f"{self.name}status.json", headers=headers, allow_redirects=False
                ) as answer,
            ):
                if answer.status == 401:
                    return self._not_shown("it refuses the token; use the address that it printed")
                if answer.status != 200:
                    return self._not_shown(f"it answers {answer.status}: is this a page's address?")
                body = bytearray()
                async for data in answer.content.iter_chunked(2**16):
                    body += data
                    if len(body) > MOST_BYTES:
                        return self._not_shown("its answer is too large")
        except (aiohttp.ClientError, TimeoutError, OSError):
            return self._not_shown("it gives no answer: is the process still running?")
        return self._read(bytes(body))

    def _read(self, body: bytes) -> Seen:
        try:
            found = orjson.loads(body)
        except ValueError:
            return self._not_shown("it is not a page of aiocollect")
        try:
            processes, unreadable = found["processes"], found["unreadable"]
            shown = [_without_settings(checked(orjson.dumps(one))) for one in processes]
            lacking = [NotShown(f"{self.name}: {one['name']}", one["why"]) for one in unreadable]
        except (ValueError, KeyError, TypeError) as error:
            why = str(error) if isinstance(error, ValueError) else "it is not a page of aiocollect"
            return self._not_shown(why)
        return Seen(shown, lacking)

    def _not_shown(self, why: str) -> Seen:
        return Seen([], [NotShown(self.name, why)])


def _without_settings(one: dict[str, Any]) -> dict[str, Any]:
    return one | {"settings": one["settings"] | {"settings_file": None}}
