"""The live page of the demo, served by the process that lives through all of it.

It reads the servers' status file, as ``aiocollect ui`` would. A server that has ended has none any
more: what it said last is kept, so that the books go on over a restart.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from ..page import Access
from ..page.aiohttp_app import app_of
from ..page.answers import Page, Panel
from ..page.sources import Seen, StatusDirectory

__all__ = ["ServerLives", "serve_page"]

# That of ``aiocollect ui``; any other where it is taken.
_PORT: Final = 8701


class ServerLives:
    """The server's lives: the one that writes in ``directory``, and what ``ended`` ones said."""

    hint = "The server is starting: requests wait at its socket, and none is refused."

    def __init__(self, directory: Path, ended: Callable[[], list[dict[str, Any]]]) -> None:
        self._files = StatusDirectory(directory)
        self._ended = ended

    async def look(self) -> Seen:
        """See page.sources.StatusSource."""
        seen = await self._files.look()
        ended = self._ended()
        gone = {one["writer"] for one in ended}
        running = [one for one in seen.processes if one["writer"] not in gone]
        # Their streams and their budget are the next server's by now.
        before = ended if running else ended[:-1]
        for one in before:
            one |= {"streams": [], "stats": {**one["stats"], "budget": 0}}
        return Seen([*before, *(running or ended[-1:])], [])


@asynccontextmanager
async def serve_page(lives: ServerLives, panel: Panel) -> AsyncIterator[str]:
    """The page's address, as long as it is served."""
    token = secrets.token_urlsafe(24)
    app = app_of(Page(lives, Access(token), panel=panel))
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, "127.0.0.1", _PORT).start()
        except OSError:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/?token={token}"
    finally:
        await runner.cleanup()
