"""Append blobs in Azure Storage, through azure-storage-blob's asyncio client.

Invariants:

- One call of a method sends at most one request of its kind. The SDK retries nothing and follows no
  redirects, and a client middleware turns off aiohttp's own re-sending of a PUT after a kept-alive
  connection drops.
- An append always carries its position, and is believed only if the answer names that position.
- Every failure leaves here as one of our errors, detached from its exception: those contain URLs,
  and URLs contain signatures.
- The requested name is the name that arrives: aiohttp normalises "..", so one blob name could reach
  another container. Such names are refused before anything is sent.
- Each event loop and process has a session of its own, used and closed only there.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar, Unpack

from ..._validation.checks import check_number
from ...errors import (
    AioCollectError,
    ConfigError,
    OutcomeUnknown,
    Refusal,
    StoreError,
    StoreRefused,
)
from ...events import CredentialWarning
from ...options import AzureOptions
from ...typing import Appended, Created, Credential, Listed, Opened, Range
from . import objects
from .account import AccountInfo, account_of
from .errors import EXISTS, STALE, from_answer, from_exception
from .listing import listed
from .ranges import Ask, look
from .sas import SasRenewal, is_callback
from .sas_check import inspect
from .sdk import import_sdk
from .session import Link, Links, check_proxy, connect, trust
from .target import (
    Target,
    account_url,
    check_container,
    check_suffix,
    is_sound,
    split_url,
)
from .wire import PIECE, Answered, BodyPieces, strong

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient

__all__ = ["AzureOptions", "AzureStore"]

# A blob client costs 0.2 ms to make. As many are kept as there can be paths in use at a time.
MAX_CLIENTS: Final = 1024

_T = TypeVar("_T")


class AzureStore:
    """The append blobs of one container.

    ``account_url`` is ``https://ACCOUNT.blob.core.windows.net``, with or without a SAS as its
    query. ``credential`` is an account key; a SAS; a function, sync or async, that returns a SAS
    and is called again before that expires and when it is refused; an async token credential, which
    the caller closes; or an identity by name: "default", "managed", "workload", "cli" (None means
    "default"; needs the extra ``identity``). The others: see aiocollect.options.AzureOptions.
    Raises ConfigError.
    """

    def __init__(
        self,
        account_url: str,
        *,
        container: str,
        credential: Credential | None = None,
        create_container: bool = True,
        allow_http: bool = False,
        connection_timeout: float = 10.0,
        # A lane abandons an attempt after 30 s.
        read_timeout: float = 30.0,
        api_version: str | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        content_type: str | None = None,
        # An hour: the usual life of a SAS.
        sas_max_age: float = 3600.0,
        # Below the lane's 30 s, so that it learns that the callback hangs.
        sas_timeout: float = 10.0,
    ) -> None:
        # It takes most of a second: better here, before anything is served, than at the first row.
        import_sdk()
        self.container = check_container(container)
        self._target = Target.of(account_url, credential=credential, allow_http=allow_http)
        self.target = f"{self._target.url}/{self.container}"  # for the spool: no credential
        self._create_container = create_container
        check_number("connection_timeout", connection_timeout, above=0)
        check_number("read_timeout", read_timeout, above=0)
        self._timeouts = {"connection_timeout": connection_timeout, "read_timeout": read_timeout}
        self._version: dict[str, Any] = {} if api_version is None else {"api_version": api_version}
        self._ca_file = ca_file
        self._tls = trust(ca_file, self._target.url)
        self._proxy = check_proxy(proxy)
        if content_type is not None and not (
            isinstance(content_type, str) and content_type and content_type.isprintable()
        ):
            raise ConfigError("content_type= must be text, such as 'text/csv'")
        self._content_type = content_type
        check_number("sas_max_age", sas_max_age, above=0)
        check_number("sas_timeout", sas_timeout, above=0)
        self._renewal: SasRenewal | None = None
        if is_callback(self._target.credential):
            self._renewal = SasRenewal(
                self._target.credential, max_age=sas_max_age, timeout=sas_timeout
            )
        self._links = Links(self._connect)
        self._closed = False

    @classmethod
    def from_connection_string(
        cls,
        connection_string: str,
        *,
        container: str,
        endpoint_suffix: str | None = None,
        **options: Unpack[AzureOptions],
    ) -> AzureStore:
        """From a connection string with a key or a SAS, as the portal shows it. ``endpoint_suffix``
        is for a string without one."""
        target = Target.from_connection_string(
            connection_string,
            allow_http=options.get("allow_http", False),
            endpoint_suffix=check_suffix(endpoint_suffix),
        )
        return cls(target.url, container=container, credential=target.credential, **options)

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        container: str | None = None,
        credential: Credential | None = None,
        endpoint_suffix: str | None = None,
        **options: Unpack[AzureOptions],
    ) -> AzureStore:
        """From the URL of an account or a container, with a SAS as its query or a credential.

        ``azure://account/container`` is an account in the cloud of ``endpoint_suffix``; any other
        URL is used as it is.
        """
        check_suffix(endpoint_suffix)
        if isinstance(url, str) and url.startswith("azure://"):
            account, slash, rest = url.removeprefix("azure://").partition("/")
            url = account_url(account, endpoint_suffix=endpoint_suffix) + slash + rest
        account_base, named = split_url(url, container=container)
        return cls(account_base, container=named, credential=credential, **options)

    @classmethod
    def from_emulator(
        cls, address: str, *, container: str, **options: Unpack[AzureOptions]
    ) -> AzureStore:
        """On the storage emulator that listens at ``host`` or ``host:port``, with its well-known
        account."""
        target = Target.emulator(address)
        options["allow_http"] = True
        return cls(target.url, container=container, credential=target.credential, **options)

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open" if self._links else "not used yet"
        return f"<AzureStore {self._target.url}/{self.container}, {state}>"

    def inspect(self, tell: Callable[[CredentialWarning], None]) -> None:
        """Report what is wrong with a given SAS; with one from a callback, once it has come."""
        inspect(self._target, self._renewal, tell)

    def __reduce__(self) -> Any:
        raise TypeError(
            "an AzureStore holds a credential and cannot be pickled; create it in the "
            "process that uses it"
        )

    # The protocol -----------------------------------------------------------------------------

    async def open(self, path: str, *, head: int) -> Opened:
        """Look at the blob by one ranged GET. An empty blob has no range, and costs a HEAD too; one
        that was just created here is mostly still empty, and then the HEAD alone is enough."""
        blob, link = await self._blob(path), await self._link()
        ids, made = link.request_ids, link.was_made(path)
        seen, data = await look(blob, 0, max(1, head), self._ask, ids=ids, made=made)
        return Opened(seen.length, seen.blocks, seen.created, seen.etag, data[:head])

    async def create(self, path: str, *, content_type: str) -> Created | bool:
        """Create an empty append blob unless the name exists; without the condition the service
        would truncate an existing blob."""
        from azure.core import MatchConditions
        from azure.storage.blob import ContentSettings

        blob, link = await self._blob(path), await self._link()
        settings = ContentSettings(content_type=self._content_type or content_type)
        try:
            answer: Mapping[str, Any] = await self._ask(
                partial(
                    blob.create_append_blob,
                    content_settings=settings,
                    match_condition=MatchConditions.IfMissing,
                    client_request_id=next(link.request_ids),
                ),
                again=True,
            )
        except StoreError as error:
            if error.code in EXISTS and not isinstance(error, OutcomeUnknown):
                return False
            raise
        link.has_made(path)
        return Created(strong(str(answer.get("etag") or "")))

    async def append(
        self, path: str, data: bytes, *, offset: int, etag: str | None = None
    ) -> Appended:
        """Append one block at ``offset``; see the protocol."""
        from azure.core import MatchConditions

        if not data:
            raise StoreRefused(Refusal.INVALID, "EmptyBlock")
        blob, ids = await self._blob(path), (await self._link()).request_ids
        conditions: dict[str, Any] = {"appendpos_condition": offset, "client_request_id": next(ids)}
        if etag is not None:
            conditions |= {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        body: Any = data if len(data) <= PIECE else BodyPieces(data)
        answer: Mapping[str, Any] = await self._ask(
            partial(blob.append_block, body, length=len(data), **conditions)
        )
        try:
            landed = int(answer["blob_append_offset"])
            blocks = int(answer["blob_committed_block_count"])
            new_etag = strong(str(answer["etag"]))
        except (KeyError, TypeError, ValueError):
            raise OutcomeUnknown("UnreadableAnswer") from None
        if landed != offset:
            # An answer to another request.
            raise OutcomeUnknown("OtherPosition")
        return Appended(offset + len(data), blocks, new_etag)

    async def read(self, path: str, *, offset: int, length: int) -> Range:
        """Read at most ``length`` bytes at ``offset``; none at or after the end."""
        return await self._range(path, offset, length, self._ask)

    async def list(self, prefix: str) -> AsyncIterator[Listed]:
        """See Catalog.list."""
        service = (await self._link()).service
        container = service.get_container_client(self.container)
        async for blob in listed(container, prefix, self._translate):
            yield blob

    async def fetch(self, path: str, *, offset: int, length: int) -> Range:
        """See Catalog.fetch: read(), but it makes no container, and reads block blobs too."""
        return await self._range(path, offset, length, self._translate, any_kind=True)

    async def put(self, path: str, file: IO[bytes], *, length: int, content_type: str) -> bool:
        """See ObjectStore.put: a block blob."""
        blob = await self._blob(path)
        return await objects.put(blob, file, length, content_type, self._ask, EXISTS)

    async def seal_at(self, path: str, *, created: str, length: int) -> str:
        """See ObjectStore.seal_at."""
        blob, ids = await self._blob(path), (await self._link()).request_ids
        return await objects.seal_at(blob, created, length, self._translate, ids=ids)

    async def delete_if(self, path: str, *, etag: str) -> bool:
        """See ObjectStore.delete_if."""
        return await objects.delete_if(await self._blob(path), etag, self._translate)

    async def account(self, path: str = "") -> AccountInfo:
        """What the service says of account and container, and of the blob's versions; nothing is
        created. What may not be read is None."""
        service = (await self._link()).service
        blob = await self._blob(path) if path else None
        container = service.get_container_client(self.container)
        return await account_of(service, container, blob, self._translate)

    async def aclose(self) -> None:
        """Close this loop's session; idempotent; a later use makes a new one. A credential that was
        passed in stays open."""
        self._closed = True
        if self._renewal is not None:
            await self._renewal.aclose()
        await self._links.aclose()

    # Requests ---------------------------------------------------------------------------------

    async def _range(
        self, path: str, offset: int, length: int, ask: Ask, *, any_kind: bool = False
    ) -> Range:
        blob, ids = await self._blob(path), (await self._link()).request_ids
        seen, data = await look(blob, offset, length, ask, ids=ids, any_kind=any_kind)
        return Range(data, seen.length, seen.etag, seen.created, seen.ended)

    async def _ask(self, request: Callable[[], Awaitable[_T]], *, again: bool = False) -> _T:
        """The one door to the SDK: send a request, and translate whatever it raises into our
        errors.

        A missing container is created if that is allowed. The blob is then certainly missing, and
        ``again`` says that the request creates it. If the container exists after all (another lane
        created it, or the first answer was wrong), nothing was applied, and the request is sent
        again.
        """
        try:
            return await self._translate(request)
        except StoreRefused as refused:
            if refused.code != "ContainerNotFound" or not self._create_container:
                raise
        if await self._make_container() and not again:
            raise StoreRefused(Refusal.BLOB_MISSING, "ContainerNotFound")
        return await self._translate(request)

    async def _translate(self, request: Callable[[], Awaitable[_T]]) -> _T:
        sas = "" if self._renewal is None else await self._renewal.fresh()
        try:
            return await request()
        except AioCollectError:
            raise
        except Answered as answer:
            failure = from_answer(answer.status, answer.code, answer.wish)
        except Exception as error:
            # The SDK lets a bare TypeError out on odd answers. The class proves nothing.
            failure = from_exception(error)
        if self._renewal is not None and failure.code in STALE:
            self._renewal.refused(sas)
        # Outside of the handler, so that the exception's context does not lead to a URL.
        raise failure

    async def _make_container(self) -> bool:
        """Create the container; False if it exists. Raises StoreRefused CONTAINER_MISSING if that
        is not allowed."""
        try:
            await self._translate(self._create_container_there)
        except StoreError as error:
            if error.code == "ContainerAlreadyExists":
                return False
            if not isinstance(error, StoreRefused):
                raise
            # Reported by its own cause: for a missing right to *read*, a lane would switch to its
            # own blob.
            code = "ContainerNotFound"
            if error.reason is Refusal.CONTAINER_MISSING:
                code = error.code  # it was deleted a moment ago
        else:
            return True
        raise StoreRefused(Refusal.CONTAINER_MISSING, code)

    async def _create_container_there(self) -> None:
        service = (await self._link()).service
        async with service.get_container_client(self.container) as container:
            await container.create_container()

    # Clients ----------------------------------------------------------------------------------

    async def _link(self) -> Link:
        self._closed = False  # a pipeline that starts again uses it again
        return await self._links.here()

    async def _blob(self, path: str) -> BlobClient:
        link = await self._link()
        blob = link.blobs.get(path)
        if blob is None:
            if not is_sound(path):
                raise StoreRefused(Refusal.INVALID, "UnsafePath")
            blob = link.service.get_blob_client(self.container, path)
            self._check_url(blob.url, path)
            if len(link.blobs) >= MAX_CLIENTS:
                del link.blobs[next(iter(link.blobs))]
            link.blobs[path] = blob
        return blob

    def _check_url(self, url: str, path: str) -> None:
        """Refuse a name that aiohttp's normalisation would change."""
        from yarl import URL

        account = URL(self._target.url).path.rstrip("/")
        if URL(url).path != f"{account}/{self.container}/{path}":
            raise StoreRefused(Refusal.INVALID, "UnsafePath")

    def _connect(self) -> Link:
        return connect(
            self._target.url,
            credential=self._renewal.credential if self._renewal else self._target.credential,
            tls=self._tls,
            proxy=self._proxy,
            timeouts=self._timeouts,
            version=self._version,
            ca_file=self._ca_file,
        )
