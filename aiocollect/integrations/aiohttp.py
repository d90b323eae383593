"""For aiohttp servers: the pipeline under a key of the application, and correlation ids."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

from .. import Pipeline, correlation
from .headers import id_of

__all__ = ["PIPELINE", "correlate", "setup"]

# request.app[PIPELINE]; in a sub-application, request.config_dict[PIPELINE].
PIPELINE: web.AppKey[Pipeline] = web.AppKey("aiocollect", Pipeline)


@web.middleware
async def correlate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Puts the id that a request brings (x-request-id, x-ms-request-id, or the trace id of its
    traceparent) in force for what its handler collects; else the first collect() makes one."""
    with correlation(id_of(request.headers.get)):
        return await handler(request)


def setup(app: web.Application, pipeline: Pipeline) -> Pipeline:
    """Start ``pipeline`` with the application, store what is left behind its last request, and
    correlate its requests. Returns the pipeline. Call it once, before the application runs."""
    app[PIPELINE] = pipeline
    app.cleanup_ctx.append(pipeline.cleanup_ctx)
    app.middlewares.insert(0, correlate)  # around the others: what they collect is correlated too
    return pipeline
