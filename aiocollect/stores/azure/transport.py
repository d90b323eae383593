"""The SDK's transport, with a short way for appends: what our lanes send by far the most.

It imports the SDK; so it is imported itself when an Azure store is made, and not before.

Invariants:

- Only what carries an append position goes the short way; everything else goes the SDK's own.
- The request leaves as the SDK has built and signed it, under the same time-outs, and a failure is
  raised as the class that the SDK's way would raise.
- Of an answer to an append the SDK sees what the store reads, and what a trace or a log would
  tell: it takes its time over each header more, most of it over the dates.
"""

from __future__ import annotations

from typing import Any, Final

import aiohttp
from azure.core.exceptions import (
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.transport import AioHttpTransport, AsyncHttpResponse
from multidict import CIMultiDict

__all__ = ["AppendTransport"]

APPEND: Final = "x-ms-blob-condition-appendpos"
# The last three are for whoever traces or logs through the SDK.
SHOWN: Final = (
    "ETag",
    "x-ms-blob-append-offset",
    "x-ms-blob-committed-block-count",
    "x-ms-request-id",
    "x-ms-client-request-id",
    "x-ms-version",
)


# To mypy it is Any: azure-core exports it lazily.
class AppendTransport(AioHttpTransport):  # type: ignore[misc]
    """On a ``session`` that is closed with it, whose middleware leaves a body with no answer to an
    append: see stores/azure/wire.py. The time-outs are those of connecting and of each read."""

    def __init__(
        self, session: aiohttp.ClientSession, *, connection_timeout: float, read_timeout: float
    ) -> None:
        super().__init__(
            session=session,
            # Looking for a proxy in the environment costs two thread hops a request.
            use_env_settings=False,
            connection_timeout=connection_timeout,
            read_timeout=read_timeout,
        )
        self._limits = aiohttp.ClientTimeout(
            sock_connect=connection_timeout, sock_read=read_timeout
        )

    async def send(self, request: Any, **options: Any) -> Any:
        """Send a request that the SDK's policies have made. ``options`` are what is left of the
        call's own, and those of an append we know: there are none."""
        session = self.session
        if APPEND not in request.headers or session is None:
            return await super().send(request, **options)
        try:
            answer = await session.request(
                request.method,
                request.url,
                headers=request.headers,
                data=request.content,
                timeout=self._limits,
                allow_redirects=False,
            )
        except aiohttp.ClientResponseError as error:
            raise ServiceResponseError(error, error=error) from error
        except aiohttp.ConnectionTimeoutError as error:
            raise ServiceRequestTimeoutError(error, error=error) from error
        except TimeoutError as error:
            raise ServiceResponseTimeoutError(error, error=error) from error
        except aiohttp.ClientError as error:
            raise ServiceRequestError(error, error=error) from error
        return _Answer(request, answer)


class _Answer(AsyncHttpResponse):
    """An answer to an append, without body."""

    def __init__(self, request: Any, answer: aiohttp.ClientResponse) -> None:
        super().__init__(request, answer)
        self.status_code = answer.status
        self.reason = answer.reason
        headers = answer.headers
        if answer.status == 201:
            self.headers = CIMultiDict((name, headers[name]) for name in SHOWN if name in headers)
        else:  # 401: the challenge to be answered with another token
            self.headers = CIMultiDict(headers)

    def body(self) -> bytes:
        """Nothing: it was drained."""
        return b""

    def text(self, encoding: str | None = None) -> str:
        """Nothing, at less cost than decoding it."""
        return ""
