"""For aiohttp servers: the pipeline under a key of the application, and correlation ids."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

from .. import Pipeline
from .headers import scoring_of

__all__ = ["PIPELINE", "correlate", "setup"]

# request.app[PIPELINE]; in a sub-application, request.config_dict[PIPELINE].
PIPELINE: web.AppKey[Pipeline] = web.AppKey("aiocollect", Pipeline)


# See setup().
_TRUST_IDS: web.AppKey[bool] = web.AppKey("aiocollect_trust_ids", bool)


@web.middleware
async def correlate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Applies the id of a request (x-request-id, x-ms-request-id, or the trace id of its
    traceparent) to what its handler collects; without one the first collect() makes it."""
    trust_ids = request.config_dict.get(_TRUST_IDS, False)
    with scoring_of(request.headers.get, trust_ids=trust_ids):
        return await handler(request)


def setup(app: web.Application, pipeline: Pipeline, *, trust_ids: bool = False) -> Pipeline:
    """Start ``pipeline`` with the application, store what is left after its last request, and
    correlate its requests. Returns the pipeline. Call it once, before the application runs.

    ``trust_ids``: rows under one of our ids that a request brings go to the day in that id. Set it
    only if all senders are services that you trust.
    """
    app[PIPELINE] = pipeline
    app[_TRUST_IDS] = trust_ids
    app.cleanup_ctx.append(pipeline.cleanup_ctx)
    app.middlewares.insert(0, correlate)  # around the others: what they collect is correlated too
    return pipeline
