"""The page as an aiohttp application, by itself or within another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..pipeline import Pipeline
from .access import Access
from .answers import MOST_BODY, Page, Request
from .sources import OnePipeline

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["app_of", "page_app"]


def page_app(pipeline: Pipeline, access: Access | None = None) -> web.Application:
    """The page of a pipeline: ``app.add_subapp("/_aiocollect/", page_app(pipeline))``. ``access``:
    who may see it; None: people on this machine."""
    return app_of(Page(OnePipeline(pipeline), access or Access()))


def app_of(page: Page) -> web.Application:
    """An application of the page alone."""
    from aiohttp import web

    async def answered(request: web.Request) -> web.Response:
        long = (request.content_length or 0) > MOST_BODY
        answer = await page.answer(
            Request(
                request.method,
                "/" + request.match_info["rest"],
                request.query,
                {name.lower(): text for name, text in request.headers.items()},
                request.remote,
                b"" if long or request.method != "POST" else await request.read(),
            )
        )
        return web.Response(status=answer.status, body=answer.body, headers=list(answer.headers))

    app = web.Application(client_max_size=MOST_BODY)
    app.router.add_route("*", "/{rest:.*}", answered)
    return app
