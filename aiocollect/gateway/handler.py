"""The handler: aiohttp's own, but with our refusals.

What cannot be read as a request never reaches the application. aiohttp would answer with the line
that it cannot read, and so with whatever is in it: a token, a cell.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from aiohttp import http_exceptions, web

from .guard import UNREADABLE_DETAIL
from .problems import Problem, answer

__all__ = ["Handler"]

# By the class of aiohttp's exception: its text contains what was sent.
_DETAILS: Final[dict[type[BaseException], str]] = {
    http_exceptions.LineTooLong: "the request line or a header is too long",
    http_exceptions.BadHttpMethod: "this does not begin like an HTTP/1.1 request",
    http_exceptions.InvalidURLError: "the address in the request line is not valid",
    http_exceptions.InvalidHeader: "a header is not valid",
    http_exceptions.BadStatusLine: "the request line is not valid",
}


def _detail_of(error: BaseException | None) -> str:
    return UNREADABLE_DETAIL if error is None else _DETAILS.get(type(error), UNREADABLE_DETAIL)


class Handler(web.RequestHandler):
    """Of one connection; ``note`` gets each problem that it answers with."""

    __slots__ = ("_note",)

    def __init__(self, *args: Any, note: Callable[[Problem], None], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._note = note

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what aiohttp itself refuses, and the end of the connection."""
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            problem = Problem(status, "request", _detail_of(exc))
        else:
            problem = Problem(status, "internal", "the gateway failed; see its log")
        self._note(problem)
        if request.writer.output_size > 0:
            raise ConnectionError  # an answer is on its way already: aiohttp ends the connection
        response = answer(problem)
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send a response. An HTTPException is aiohttp's own: the application makes none."""
        if isinstance(resp, web.HTTPException):
            detail = "the gateway supports only Expect: 100-continue"
            expected = resp.status == HTTPStatus.EXPECTATION_FAILED
            problem = Problem(resp.status, "request", detail if expected else UNREADABLE_DETAIL)
            self._note(problem)
            resp = answer(problem)
            resp.force_close()
        return await super().finish_response(request, resp, start_time)
