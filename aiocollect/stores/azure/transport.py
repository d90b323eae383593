"""The SDK's transport, with a fast path for appends: by far the most of our requests.

It imports the SDK; so it is itself imported only when an Azure store is made.

Invariants:

- Only requests with an append position take the fast path; everything else takes the SDK's own.
- The request leaves as the SDK built and signed it, under the same time-outs, and a failure is
  raised as the class that the SDK would raise.
- Of the answer to an append the SDK sees the headers that the store reads, and those that a trace
  or a log shows: each further header costs time, dates the most.
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
# The last three are for tracing or logging through the SDK.
SHOWN: Final = (
    "ETag",
    "x-ms-blob-append-offset",
    "x-ms-blob-committed-block-count",
    "x-ms-request-id",
    "x-ms-client-request-id",
    "x-ms-version",
)


# For mypy it is Any: azure-core exports it lazily.
class AppendTransport(AioHttpTransport):  # type: ignore[misc]
    """Uses a ``session``, which is closed with it and whose middleware leaves no body on an
    append's answer: see stores/azure/wire.py. The time-outs are those of connecting and of each
    read."""

    def __init__(
        self, session: aiohttp.ClientSession, *, connection_timeout: float, read_timeout: float
    ) -> None:
        super().__init__(
            session=session,
            # Looking for a proxy in the environment costs two thread hops per request.
            use_env_settings=False,
            connection_timeout=connection_timeout,
            read_timeout=read_timeout,
        )
        self._limits = aiohttp.ClientTimeout(
            sock_connect=connection_timeout, sock_read=read_timeout
        )

    async def send(self, request: Any, **options: Any) -> Any:
        """Send a request that the SDK's policies have built. ``options`` are what is left of the
        call's own, and for an append there are none."""
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
    """An answer to an append, without its body."""

    def __init__(self, request: Any, answer: aiohttp.ClientResponse) -> None:
        super().__init__(request, answer)
        self.status_code = answer.status
        self.reason = answer.reason
        headers = answer.headers
        if answer.status == 201:
            self.headers = CIMultiDict((name, headers[name]) for name in SHOWN if name in headers)
        else:  # 401: a challenge, answered with another token
            self.headers = CIMultiDict(headers)

    def body(self) -> bytes:
        """Empty: it was read already."""
        return b""

    def text(self, encoding: str | None = None) -> str:
        """Empty, at less cost than decoding it."""
        return ""
