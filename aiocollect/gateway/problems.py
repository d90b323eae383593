"""Problems: the answer to a request that is not accepted (RFC 9457).

Invariant: no text here contains anything of a body or a token: only names of fields, numbers and
kinds.
"""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web

from aiocollect import AioCollectError, ConfigError, EncodeError, PipelineClosed, RingFull

__all__ = ["Problem", "answer", "problem_of"]

# Seconds. A full pipeline has room again about a linger later, at the pace of the store.
_RETRY_AFTER = 2.0


class Problem(Exception):
    """Why a request is not accepted. ``field`` is the part of it that is wrong: a header, a
    parameter, or a place in the body such as ``rows[3]``. ``accepted``: how many events of a batch
    were accepted before this one."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        field: str = "",
        headers: dict[str, str] | None = None,
        accepted: int = 0,
    ) -> None:
        super().__init__(f"{status} {kind}")
        self.status = status
        self.kind = kind
        self.detail = detail
        self.field = field
        self.headers = headers or {}
        self.accepted = accepted


def problem_of(error: AioCollectError, *, field: str = "", accepted: int = 0) -> Problem:
    """The problem for an error of the pipeline. ``accepted``: see Problem."""
    again = {"Retry-After": str(math.ceil(_RETRY_AFTER))}
    match error:
        case RingFull():
            detail = "the gateway has no room for this at the moment; send it again later"
            return Problem(429, "full", detail, headers=again, accepted=accepted)
        case PipelineClosed():
            detail = "the gateway is stopping; send it again later"
            return Problem(503, "stopping", detail, headers=again, accepted=accepted)
        case EncodeError(reason="too_large"):
            return Problem(413, "too-large", str(error), field=field or "body", accepted=accepted)
        case EncodeError() | ConfigError():
            return Problem(422, "unfit", str(error), field=field or "body", accepted=accepted)
    # The gateway's fault, not the sender's.
    return Problem(
        500, "internal", f"the pipeline raised {type(error).__name__}", accepted=accepted
    )


def answer(problem: Problem, *, instance: str = "") -> web.Response:
    """The problem as a response; ``instance`` is the requested path, if that could be read."""
    document: dict[str, Any] = {
        "type": f"urn:aiocollect:problem:{problem.kind}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    if instance:
        document["instance"] = instance
    if problem.field:
        document["field"] = problem.field
    if problem.accepted:
        document["accepted"] = problem.accepted
    return web.Response(
        body=orjson.dumps(document),
        status=problem.status,
        content_type="application/problem+json",
        headers=problem.headers,
    )
