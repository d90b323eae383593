"""``aiocollect ui``: the live page, from status files and from other pages, and the data page of a
store, until Ctrl-C.

stdout has its address first. It opens nothing in the processes that it shows.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from aiocollect._threads.loops import run
from aiocollect.cli.serving import cannot_listen, in_address, stop_signal
from aiocollect.page import Access
from aiocollect.page.aiohttp_app import app_of
from aiocollect.page.answers import Page
from aiocollect.page.browser import can_open, open_browser
from aiocollect.page.other_page import OtherPage
from aiocollect.page.sources import Several, StatusDirectory, StatusSource

if TYPE_CHECKING:
    from aiocollect.page.data.reader import DataReader  # pyarrow is imported when it is used

__all__ = ["UiOptions", "ui"]

# To listen on all addresses of the machine; these are names of none of them.
ANYWHERE = ("0.0.0.0", "::")


class UiOptions(NamedTuple):
    """See the help of the command. ``token``: None makes one."""

    host: str
    port: int
    token: str | None
    hosts: Sequence[str]
    allow_control: bool
    browser: bool
    json: bool = False


def ui(sources: Sequence[str], data: DataReader | None, options: UiOptions) -> int:
    """Serve the page until a signal comes; returns the exit code. ``sources``: directories of
    status files, and addresses of pages. ``data``: what is stored. Raises ConfigError."""
    access = Access(
        options.token or secrets.token_urlsafe(24),
        (
            *options.hosts,
            *(() if options.host in ANYWHERE else (in_address(options.host),)),
        ),
        options.allow_control,
    )
    live = Several([_source_of(source) for source in sources]) if sources else None
    if data is None:
        return run(_serve(Page(live, access), access, options))
    data.start()
    try:
        return run(_serve(Page(live, access, data), access, options))
    finally:
        data.close()


def _source_of(source: str) -> StatusSource:
    is_address = source.startswith(("http://", "https://"))
    return OtherPage(source) if is_address else StatusDirectory(source)


async def _serve(page: Page, access: Access, options: UiOptions) -> int:
    from aiohttp import web

    stop = stop_signal()
    runner = web.AppRunner(app_of(page), access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
    except OSError as error:
        await runner.cleanup()
        raise cannot_listen(options.host, options.port, error) from None
    port = runner.addresses[0][1]
    shown = "127.0.0.1" if options.host in ANYWHERE else options.host
    address = f"http://{in_address(shown)}:{port}/?token={access.token}"
    print(json.dumps({"page": address}) if options.json else address, flush=True)
    if options.browser and can_open():
        await open_browser(address)
    await stop.wait()
    await runner.cleanup()
    return 0
