"""The page as an aiohttp application, by itself or within another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import Pipeline
from .access import Access
from .answers import MOST_BODY, Page, PageRequest
from .sources import OnePipeline

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["app_of", "page_app", "response_of"]


def page_app(pipeline: Pipeline, access: Access | None = None) -> web.Application:
    """The page of a pipeline: ``app.add_subapp("/_aiocollect/", page_app(pipeline))``. ``access``:
    who may see it; None: people on this machine."""
    return app_of(Page(OnePipeline(pipeline), access or Access()))


def app_of(page: Page) -> web.Application:
    """An application of the page alone."""
    from aiohttp import web

    async def answered(request: web.Request) -> web.Response:
        return await response_of(page, request)

    app = web.Application(client_max_size=MOST_BODY)
    app.router.add_route("*", "/{rest:.*}", answered)
    return app


async def response_of(page: Page, request: web.Request) -> web.Response:
    """The page's answer to a request whose ``rest`` is the path within it."""
    from aiohttp import web

    short = (request.content_length or 0) <= MOST_BODY
    answer = await page.answer(
        PageRequest(
            request.method,
            "/" + request.match_info["rest"],
            request.query,
            {name.lower(): text for name, text in request.headers.items()},
            request.remote,
            await request.read() if short and request.method == "POST" else b"",
        )
    )
    return web.Response(status=answer.status, body=answer.body, headers=list(answer.headers))
