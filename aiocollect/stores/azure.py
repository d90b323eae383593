"""Append blobs in Azure Storage, through azure-storage-blob's asyncio client.

Invariants:

- One call of a method is at most one request of its kind on the wire. The SDK retries nothing, does
  not follow redirects, and aiohttp's own second sending of a PUT, which it makes when a kept-alive
  connection drops, is turned off by a client middleware.
- An append always carries its position, and is believed only when the answer names that position.
- Every failure leaves here as one of our errors, cut off from the exception it came from: those
  hold URLs, and URLs hold signatures.
- The name that arrives is the name that was asked for: aiohttp normalises "..", so that one blob
  name could reach another container. Such names are refused before anything is sent.
- One session, made on the first event loop that asks, and used from no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..errors import AioCollectError, ConfigError, OutcomeUnknown, Refusal, StoreError, StoreRefused
from ..options import check_number
from ..typing import Appended, Opened, Range
from .azure_errors import from_answer, from_exception
from .azure_target import Target, check_container, split_url
from .azure_wire import PIECE, Answered, Pieces, once

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient, BlobServiceClient

__all__ = ["AzureStore"]

# A blob client costs 0.2 ms to make. As many are kept as there may be paths in use at a time.
MAX_CLIENTS: Final = 1024
# "Naming and referencing containers, blobs, and metadata", learn.microsoft.com.
MAX_NAME: Final = 1024

_T = TypeVar("_T")


class AzureStore:
    """The append blobs of one container.

    ``account_url`` is ``https://ACCOUNT.blob.core.windows.net``, with a SAS as its query or not.
    ``credential`` is an account key, a SAS, or an async token credential, which stays the caller's
    to close. With ``create_container`` a missing container is made when it is first missed; without
    it that is refused (CONTAINER_MISSING). Seconds throughout. ``api_version`` is for services that
    do not know the SDK's newest one.
    """

    def __init__(
        self,
        account_url: str,
        *,
        container: str,
        credential: Any = None,
        create_container: bool = True,
        allow_http: bool = False,
        connection_timeout: float = 10.0,
        read_timeout: float = 30.0,
        api_version: str | None = None,
    ) -> None:
        # It takes most of a second: here, where nothing is served yet, not at the first row.
        _import_sdk()
        self.container = check_container(container)
        self._target = Target.of(account_url, credential=credential, allow_http=allow_http)
        self._create_container = create_container
        check_number("connection_timeout", connection_timeout, above=0)
        check_number("read_timeout", read_timeout, above=0)
        self._timeouts = {"connection_timeout": connection_timeout, "read_timeout": read_timeout}
        self._version: dict[str, Any] = {} if api_version is None else {"api_version": api_version}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._service: BlobServiceClient | None = None
        self._blobs: dict[str, BlobClient] = {}
        self._closed = False

    @classmethod
    def from_connection_string(
        cls,
        connection_string: str,
        *,
        container: str,
        create_container: bool = True,
        allow_http: bool = False,
    ) -> AzureStore:
        """From a connection string with a key or a SAS, as the portal shows it."""
        target = Target.from_connection_string(connection_string, allow_http=allow_http)
        return cls(
            target.url,
            container=container,
            credential=target.credential,
            create_container=create_container,
            allow_http=allow_http,
        )

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        container: str | None = None,
        credential: Any = None,
        create_container: bool = True,
        allow_http: bool = False,
    ) -> AzureStore:
        """From a URL of an account or a container, with a SAS as its query or a credential."""
        account_url, named = split_url(url, container=container)
        return cls(
            account_url,
            container=named,
            credential=credential,
            create_container=create_container,
            allow_http=allow_http,
        )

    @classmethod
    def from_emulator(
        cls, address: str, *, container: str, create_container: bool = True
    ) -> AzureStore:
        """On the storage emulator that listens at ``host:port``, with its well-known account."""
        target = Target.emulator(address)
        return cls(
            target.url,
            container=container,
            credential=target.credential,
            create_container=create_container,
            allow_http=True,
        )

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open" if self._service else "not used yet"
        return f"<AzureStore {self._target.url}/{self.container}, {state}>"

    # The protocol -----------------------------------------------------------------------------

    async def open(self, path: str, *, head: int) -> Opened:
        """Look at the blob by one ranged GET; an empty one has no range, and costs a HEAD too."""
        wanted = max(1, head)
        seen, data = await self._look(path, 0, wanted)
        return Opened(seen.length, seen.blocks, seen.created, seen.etag, data[:head])

    async def create(self, path: str, *, content_type: str) -> bool:
        """Create an empty append blob unless the name is taken; without the condition the service
        would truncate what stands there."""
        from azure.core import MatchConditions
        from azure.storage.blob import ContentSettings

        blob = self._blob(path)
        settings = ContentSettings(content_type=content_type)
        try:
            await self._ask(
                partial(
                    blob.create_append_blob,
                    content_settings=settings,
                    match_condition=MatchConditions.IfMissing,
                ),
                again=True,
            )
        except StoreError as error:
            if error.code in ("BlobAlreadyExists", "ConditionNotMet"):
                return False
            raise
        return True

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        """Append one block at ``offset``; see the protocol."""
        from azure.core import MatchConditions

        if not data:
            raise StoreRefused(Refusal.INVALID, "EmptyBlock")
        blob = self._blob(path)
        conditions: dict[str, Any] = {"appendpos_condition": offset}
        if etag is not None:
            conditions |= {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        body: Any = data if len(data) <= PIECE else Pieces(data)
        answer: Mapping[str, Any] = await self._ask(
            partial(blob.append_block, body, length=len(data), **conditions)
        )
        try:
            landed = int(answer["blob_append_offset"])
            blocks = int(answer["blob_committed_block_count"])
            new_etag = str(answer["etag"])
        except (KeyError, TypeError, ValueError):
            raise OutcomeUnknown("UnreadableAnswer") from None
        if landed != offset:
            # Not this request's answer, whosever it is.
            raise OutcomeUnknown("OtherPosition")
        return Appended(offset + len(data), blocks, new_etag)

    async def read(self, path: str, *, offset: int, length: int) -> Range:
        """Read at most ``length`` bytes at ``offset``; at or behind the end there are none."""
        seen, data = await self._look(path, offset, length)
        return Range(data, seen.length, seen.etag, seen.created)

    async def aclose(self) -> None:
        """Close the session; idempotent. A credential that was given stays open."""
        self._closed = True
        service, self._service = self._service, None
        self._blobs.clear()
        if service is not None and self._loop is asyncio.get_running_loop():
            # On another loop, or in a child process, the sockets are not ours to touch.
            await service.close()

    # Requests ---------------------------------------------------------------------------------

    async def _look(self, path: str, offset: int, length: int) -> tuple[_Seen, bytes]:
        """The blob's state and the bytes of a range of it, both from the same answer."""
        blob = self._blob(path)
        # Twice at most: a blob that grew between GET and HEAD now has the range that it had not.
        for _ in range(2):
            seen = _Seen()
            try:
                data = await self._ask(partial(_get, blob, offset, length, seen))
            except StoreError as error:
                if error.code not in ("InvalidRange", "HTTP416"):
                    raise
                # The range starts at the end or behind it; some servers answer 206 and no bytes.
                data = b""
                await self._ask(partial(blob.get_blob_properties, raw_response_hook=seen.take))
            seen.check()
            if len(data) == max(0, min(length, seen.length - offset)):
                return seen, data
        # Fewer bytes than there are would be taken for another writer's: rows would be doubled.
        raise OutcomeUnknown("ShortAnswer")

    async def _ask(self, request: Callable[[], Awaitable[_T]], *, again: bool = False) -> _T:
        """The one door to the SDK: send a request, and turn whatever it raises into our errors.

        Where the container is missing and may be made, it is; then the request is sent ``again``,
        or there is no blob in it yet.
        """
        try:
            return await self._translate(request)
        except StoreRefused as refused:
            if refused.code != "ContainerNotFound" or not self._create_container:
                raise
        reason = Refusal.BLOB_MISSING
        try:
            await self._translate(self._make_container)
        except StoreRefused:
            # Said by its cause: for want of a right to *read* a lane would go on in another way.
            reason, again = Refusal.CONTAINER_MISSING, False
        except StoreError as error:
            if error.code != "ContainerAlreadyExists":
                raise
        if again:
            return await self._translate(request)
        raise StoreRefused(reason, "ContainerNotFound")

    async def _translate(self, request: Callable[[], Awaitable[_T]]) -> _T:
        try:
            return await request()
        except AioCollectError:
            raise
        except Answered as answer:
            failure = from_answer(answer.status, answer.code, answer.wish)
        except Exception as error:
            # The SDK lets a bare TypeError out on odd answers. Which class it is proves nothing.
            failure = from_exception(error)
        # Outside of the handler, so that no context leads back to a URL.
        raise failure

    async def _make_container(self) -> None:
        service = self._connected()
        async with service.get_container_client(self.container) as container:
            await container.create_container()

    # Clients ----------------------------------------------------------------------------------

    def _blob(self, path: str) -> BlobClient:
        service = self._connected()
        blob = self._blobs.get(path)
        if blob is None:
            if not _is_sound(path):
                raise StoreRefused(Refusal.INVALID, "UnsafePath")
            blob = service.get_blob_client(self.container, path)
            self._check_url(blob.url, path)
            if len(self._blobs) >= MAX_CLIENTS:
                del self._blobs[next(iter(self._blobs))]
            self._blobs[path] = blob
        return blob

    def _check_url(self, url: str, path: str) -> None:
        """Refuse a name that is another one after the normalisation that aiohttp does."""
        from yarl import URL

        account = URL(self._target.url).path.rstrip("/")
        if URL(url).path != f"{account}/{self.container}/{path}":
            raise StoreRefused(Refusal.INVALID, "UnsafePath")

    def _connected(self) -> BlobServiceClient:
        loop = asyncio.get_running_loop()
        if self._closed:
            raise OutcomeUnknown("StoreClosed")
        if self._loop is not None and self._loop is not loop:
            raise ConfigError(
                "this AzureStore belongs to another event loop (or was taken through a fork); "
                "make one store per loop"
            )
        if self._service is None:
            self._loop = loop
            self._service = self._connect()
        return self._service

    def _connect(self) -> BlobServiceClient:
        """One session for all blobs, made inside the running loop."""
        import aiohttp
        from azure.core.pipeline.transport import AioHttpTransport
        from azure.storage.blob.aio import BlobServiceClient

        session = aiohttp.ClientSession(
            # No limit of its own: whoever calls us bounds its requests, and one that hangs must not
            # hold up others here.
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            # The SDK decodes by itself.
            auto_decompress=False,
            # Looking for a proxy and in ~/.netrc costs two thread hops a request.
            trust_env=False,
            middlewares=(once,),
        )
        # Time-outs are the transport's matter: given to the client they would be passed over, and
        # 300 s hold instead.
        transport = AioHttpTransport(session=session, use_env_settings=False, **self._timeouts)
        return BlobServiceClient(
            self._target.url,
            credential=self._target.credential,
            transport=transport,
            retry_total=0,
            retry_connect=0,
            retry_read=0,
            retry_status=0,
            **self._version,
        )


class _Seen:
    """What the headers of a GET or HEAD say about a blob."""

    def __init__(self) -> None:
        self._headers: Mapping[str, str] = {}
        self.length = self.blocks = -1
        self.created = self.etag = ""

    def take(self, response: Any) -> None:
        """Keep the headers; the SDK calls this with each answer before it reads the body."""
        self._headers = response.http_response.headers

    def check(self) -> None:
        """Read the headers; OutcomeUnknown where they are not those of an append blob."""
        headers = self._headers
        whole = headers.get("Content-Range", "").rpartition("/")[2] or headers.get("Content-Length")
        try:
            self.length = int(whole or "")
            self.blocks = int(headers["x-ms-blob-committed-block-count"])
            self.etag = headers["ETag"]
        except (KeyError, ValueError):
            raise OutcomeUnknown("UnreadableAnswer") from None
        self.created = headers.get("x-ms-creation-time", "")


async def _get(blob: BlobClient, offset: int, length: int, seen: _Seen) -> bytes:
    download = await blob.download_blob(
        offset, length, max_concurrency=1, raw_response_hook=seen.take
    )
    return await download.readall()


def _is_sound(path: str) -> bool:
    """Whether a blob name means the same to the service, to proxies, and to us."""
    if not 0 < len(path) <= MAX_NAME or "\\" in path or not path.isprintable():
        return False
    return all(segment.strip(".") for segment in path.split("/")) and path[-1] != "."


def _import_sdk() -> None:
    try:
        import azure.storage.blob.aio  # noqa: F401
    except ImportError:
        raise ConfigError(
            "the Azure store needs azure-storage-blob and aiohttp; run: "
            "pip install 'azure-storage-blob[aio]'"
        ) from None
