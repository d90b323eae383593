"""HTTP for the Azure store: one attempt per PUT, answers read by us, bodies in pieces.

Invariants:

- A PUT is sent once. aiohttp would send it again when a kept-alive connection drops; the middleware
  hides that failure from it. GET and HEAD change nothing and may be sent again: otherwise a proxy
  that closes each connection after its answer would never let us read. A GET whose body breaks off
  is not.
- An answer counts only for the request that it names: it must repeat the client request id that was
  sent, and a range must be the requested one. A proxy can mix up answers, or repeat old ones.
- An answer is judged by its status and headers. A body that was not requested, which can be of any
  size and origin, is never parsed, and read only as far, and as long, as keeps the connection
  usable; of a range no more is read than was requested. Nothing is decompressed: a few kilobytes
  could be a gigabyte.
- A large body is sent in pieces, and the event loop runs between them.
- If the handshake fails at the server's certificate, or a proxy asks for credentials, nothing of
  the request was sent: both are reported as codes of ours, for an operator.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from ...errors import OutcomeUnknown, Refusal, StoreRefused
from .causes import cause_of
from .errors import wish_of

if TYPE_CHECKING:
    import aiohttp

__all__ = ["PIECE", "Answered", "OneAttempt", "BodyPieces", "BlobHeaders", "strong"]

# One TLS write of 4 MiB blocks the loop for 6 to 9 ms, so one of 256 KiB for half a millisecond. In
# pieces of 64 KiB, blocks of 1 MiB are sent at 87 % of the rate (loadtest/rows,
# docs/explanation/performance.md).
PIECE: Final = 256 * 1024
# A blob with this many blocks is full (Append Block, "Remarks").
MAX_BLOCKS: Final = 50_000
# The service's error texts have a few hundred bytes; more is not read, and costs the connection.
MAX_ERROR_BODY: Final = 64 * 1024
# A page of a listing has 5,000 blobs at most, of about 1 KiB each and names of up to 1,024 bytes.
MAX_LISTING: Final = 32 * 2**20
# They arrive right after the headers. A slow body must not delay what the status has said.
MAX_ERROR_SECONDS: Final = 1.0
APPEND_BLOB: Final = "AppendBlob"
BLOCK_BLOB: Final = "BlockBlob"
REQUEST_ID: Final = "x-ms-client-request-id"
# The parameter that distinguishes an append from a creation.
POSITION: Final = "x-ms-blob-condition-appendpos"

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(-?\d{1,18})/(\d{1,18})\Z", re.ASCII)


class BodyPieces:
    """A body sent piece by piece, with a turn of the event loop before each but the first. It can
    be restarted, which the SDK does after a challenge for a new token."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __aiter__(self) -> _PieceIterator:
        return _PieceIterator(memoryview(self._data))


class _PieceIterator:
    # Not a generator: one that is cut off would need the loop once more, to be closed.
    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._at = 0

    def __aiter__(self) -> _PieceIterator:
        return self

    async def __anext__(self) -> memoryview:
        at = self._at
        if at >= len(self._view):
            raise StopAsyncIteration
        if at:
            await asyncio.sleep(0)
        self._at = at + PIECE
        return self._view[at : self._at]


class Answered(Exception):
    """An answer other than a success. It is not a class of aiohttp or the SDK, so it passes through
    both: neither retries, follows or parses an answer of unknown origin."""

    def __init__(self, status: int, code: str, wish: float | None) -> None:
        super().__init__(status)
        self.status = status
        self.code = code
        self.wish = wish


class _WholeBody:
    """A stream of an answer's body: at most ``left`` bytes, more are an error; with 0 none is read.
    The SDK does not retry its early end."""

    def __init__(self, stream: aiohttp.StreamReader, left: int) -> None:
        self._stream = stream
        self._left = left
        self._empty = not left

    async def read(self, n: int = -1) -> bytes:
        from aiohttp import ClientError

        if self._empty:
            return b""
        if n < 0:
            pieces = []
            while piece := await self.read(PIECE):
                pieces.append(piece)
            return b"".join(pieces)
        try:
            # One byte more than allowed, to tell the end from a body that continues.
            data = await self._stream.read(min(n, self._left + 1))
            self._left -= len(data)
            if self._left >= 0:
                return data
            name = "TooLong"
        except (ClientError, OSError) as error:
            name = cause_of(error) or "BrokenAnswer"
        # Not a class of aiohttp or the SDK, for the same reason as above.
        raise OutcomeUnknown(name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class OneAttempt:
    """The middleware of a session: one attempt per PUT, and every answer but a success ends here.

    aiohttp sends a request again after ClientOSError and ServerDisconnectedError, so for a PUT
    these must not reach it. 401 is passed on, since the SDK answers its challenge with a new token.
    """

    def __init__(self) -> None:
        # The kinds of request whose id this server repeats: a success without one belongs to
        # another. By kind, since the emulator repeats only some.
        self._repeats: set[tuple[str, bool, str]] = set()

    async def __call__(
        self,
        request: aiohttp.ClientRequest,
        handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]],
    ) -> aiohttp.ClientResponse:
        """Send it, and check the answer."""
        import aiohttp

        response: aiohttp.ClientResponse | None = None
        failure: Exception
        try:
            response = await handler(request)
        except aiohttp.ClientConnectorCertificateError:
            failure = StoreRefused(Refusal.CREDENTIAL, "TlsVerify")
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if request.method in ("GET", "HEAD"):
                raise
            failure = OutcomeUnknown(cause_of(error) or f"Sdk{type(error).__name__}")
        except aiohttp.ClientHttpProxyError as error:
            # In answer to CONNECT, so before the request itself. Its message can be anything.
            failure = OutcomeUnknown("ProxyFailure")
            if error.status == 407:
                failure = StoreRefused(Refusal.CREDENTIAL, "ProxyAuthentication")
        if response is None:
            # Outside of the handlers, so that the exception's context does not lead to a URL.
            raise failure
        objection = self._objection(request, response)
        if objection:
            # It decides nothing, not even if it is a refusal.
            response.close()
            raise OutcomeUnknown(objection)
        return await self._taken(request, response)

    def _objection(self, request: aiohttp.ClientRequest, response: aiohttp.ClientResponse) -> str:
        """Why an answer does not belong to this request; "" if it does."""
        headers = response.headers
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            return "ContentEncoding"  # none was requested
        repeated = headers.get(REQUEST_ID)
        if repeated is not None and repeated != request.headers.get(REQUEST_ID):
            return "OtherRequest"
        if 200 <= response.status < 300:
            parameter = request.url.query.get("comp", "")
            kind = (request.method, POSITION in request.headers, parameter)
            if repeated is not None:
                self._repeats.add(kind)
            elif kind in self._repeats:
                return "OtherRequest"
        if response.status == 206 and not _is_asked_for(request, headers):
            return "OtherRange"
        return ""

    async def _taken(
        self, request: aiohttp.ClientRequest, response: aiohttp.ClientResponse
    ) -> aiohttp.ClientResponse:
        """A success or a challenge, with no more body than was requested. Raises Answered for any
        other."""
        status, headers = response.status, response.headers
        code = headers.get("x-ms-error-code", "")
        if status == 200 and _has_text(request):
            response.content = cast(
                "aiohttp.StreamReader", _WholeBody(response.content, MAX_LISTING)
            )
            return response
        if status == 401 or (200 <= status < 300 and (request.method != "GET" or status == 206)):
            kind = headers.get("x-ms-blob-type", APPEND_BLOB)
            if kind == APPEND_BLOB or (kind == BLOCK_BLOB and request.method in ("GET", "HEAD")):
                left = _asked_for(request)[1] if status == 206 else 0
                body = _WholeBody(response.content, left)
                if not left:
                    await _drain(response)
                response.content = cast("aiohttp.StreamReader", body)
                return response
            # Like the answers to its appends. The SDK would request the ranges of a page blob.
            status, code = 409, "InvalidBlobType"
        wish = wish_of(headers)
        await _drain(response)
        raise Answered(status, code, wish)


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read the rest of a small body, so that the connection can be reused; else drop it."""
    if response.content.at_eof():
        response.release()  # the usual answer to an append, without a body
        return
    left = MAX_ERROR_BODY
    try:
        async with asyncio.timeout(MAX_ERROR_SECONDS):
            while left > 0:
                chunk = await response.content.read(left)
                if not chunk:
                    break
                left -= len(chunk)
    except Exception:
        response.close()
    else:
        # This closes a connection with unread bytes.
        response.release()


def _has_text(request: aiohttp.ClientRequest) -> bool:
    """Whether it asks about a container or an account: the SDK parses the answers to these."""
    return request.method == "GET" and "restype" in request.url.query


def _asked_for(request: aiohttp.ClientRequest) -> tuple[int, int]:
    """The begin of a GET's range, and how many bytes it requests."""
    first, _, last = request.headers.get("x-ms-range", "").removeprefix("bytes=").partition("-")
    if not (first.isdecimal() and last.isdecimal()):
        return 0, 0
    return int(first), int(last) - int(first) + 1


def _is_asked_for(request: aiohttp.ClientRequest, headers: Mapping[str, str]) -> bool:
    """Whether the range of an answer is the requested one, as far as the blob reaches."""
    found = _CONTENT_RANGE.match(headers.get("Content-Range", ""))
    if found is None:
        return False
    first, last, whole = map(int, found.groups())
    begin, length = _asked_for(request)
    # The emulator answers a range after the end with an empty one: bytes 5-4/5, bytes 0--1/0.
    end = max(begin, min(begin + length, whole))
    return first == begin and last + 1 == end


def strong(etag: str) -> str:
    """An ETag as the service sent it. A proxy that compresses, or might, marks it as weak, and a
    weak one never matches: nginx ticket 1570."""
    return etag.removeprefix("W/")


class BlobHeaders:
    """The state of a blob from the headers of a GET or HEAD."""

    def __init__(self) -> None:
        self._headers: Mapping[str, str] = {}
        self.length = self.blocks = -1
        self.created = self.etag = ""
        self.sealed = self.ended = False

    def take(self, response: Any) -> None:
        """Keep the headers; the SDK calls this with each answer before it reads the body."""
        self._headers = response.http_response.headers

    def check(self, *, any_kind: bool) -> None:
        """Read the headers. ``any_kind``: a block blob will do, which readers take as it is; its
        ETag stands for its creation, since it is never appended to, but can be written anew.

        Raises StoreRefused WRONG_TYPE for a block blob, OutcomeUnknown if they are not those of a
        blob."""
        headers = self._headers
        is_block = headers.get("x-ms-blob-type") == BLOCK_BLOB
        if is_block and not any_kind:
            raise StoreRefused(Refusal.WRONG_TYPE, "InvalidBlobType")
        whole = headers.get("Content-Range", "").rpartition("/")[2] or headers.get("Content-Length")
        try:
            self.length = int(whole or "")
            self.blocks = 0 if is_block else int(headers["x-ms-blob-committed-block-count"])
            self.etag = strong(headers["ETag"])
        except (KeyError, ValueError):
            raise OutcomeUnknown("UnreadableAnswer") from None
        self.created = self.etag.strip('"') if is_block else headers.get("x-ms-creation-time", "")
        self.sealed = headers.get("x-ms-blob-sealed", "").lower() == "true"
        self.ended = self.sealed or self.blocks >= MAX_BLOCKS
