"""``aiocollect ui``: the live page, from status files and from other pages, until Ctrl-C.

stdout has its address first. It opens nothing in the processes that it shows.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import webbrowser
from collections.abc import Sequence
from typing import NamedTuple

from aiocollect import ConfigError
from aiocollect._threads.loops import run
from aiocollect.page import Access
from aiocollect.page.aiohttp_app import app_of
from aiocollect.page.answers import Page
from aiocollect.page.sources import Several, StatusDirectory, StatusSource

__all__ = ["UiOptions", "ui"]


class UiOptions(NamedTuple):
    """See the help of the command. ``token``: None makes one."""

    host: str
    port: int
    token: str | None
    hosts: Sequence[str]
    allow_control: bool
    browser: bool
    json: bool = False


def ui(directories: Sequence[str], options: UiOptions) -> int:
    """Serve the page until a signal comes; returns the exit code. Raises ConfigError."""
    sources: list[StatusSource] = [StatusDirectory(path) for path in directories]
    access = Access(
        options.token or secrets.token_urlsafe(24),
        (*options.hosts, *(() if options.host in ("0.0.0.0", "::") else (_name(options.host),))),
        options.allow_control,
    )
    return run(_serve(Page(Several(sources), access), access, options))


def _name(host: str) -> str:
    return f"[{host}]" if ":" in host else host


async def _serve(page: Page, access: Access, options: UiOptions) -> int:
    from aiohttp import web

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # on Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    runner = web.AppRunner(app_of(page), access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
    except OSError as error:
        await runner.cleanup()
        raise ConfigError(
            f"cannot listen on {options.host}, port {options.port} ({error.strerror}); use "
            "another --port, or --port 0 for any free one"
        ) from None
    port = runner.addresses[0][1]
    shown = "127.0.0.1" if options.host in ("0.0.0.0", "::") else options.host
    address = f"http://{_name(shown)}:{port}/?token={access.token}"
    print(json.dumps({"page": address}) if options.json else address, flush=True)
    if options.browser:
        await asyncio.to_thread(webbrowser.open, address)
    await stop.wait()
    await runner.cleanup()
    return 0
