"""The Azure store's sessions: one for each event loop and process that uses the store.

Invariants:

- A session is used and closed only on its own loop, in its own process. Elsewhere it is not
  touched: after a fork the child shares the parent's sockets and even its epoll, so closing a
  connection there would close the parent's.
- A session that can no longer be closed is kept forever: no finaliser closes it, or warns. So is
  the credential that belongs to it.
- The trusted certificates (``ca_file``) and the proxy (``proxy``) belong to the session and are
  read when it is made: for each request they would cost the loop a file or two thread hops.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from ..._files.regular import read_small
from ..._threads.loops import keep
from ...errors import ConfigError
from .identity import Identity
from .tokens import Tokens, is_token_credential
from .wire import OneAttempt

if TYPE_CHECKING:
    import aiohttp
    from azure.storage.blob.aio import BlobClient, BlobServiceClient

__all__ = ["Link", "Links", "check_proxy", "connect", "trust"]

# As many creations as can be on their way; one that is forgotten costs a request more.
MADE: Final = 1024


def _request_ids() -> Iterator[str]:
    # The SDK makes a uuid1 for each request, for which libuuid asks the kernel: a seventh of the
    # CPU of an append. The service's log only needs unique ids.
    begin = uuid4()
    return (f"{begin}-{number}" for number in count())


@dataclass(slots=True, kw_only=True, eq=False)
class Link:
    """A session with its parts, and where it may be used. It owns its ``request_ids``, and its
    ``tokens`` if the credential gives them."""

    loop: asyncio.AbstractEventLoop
    session: aiohttp.ClientSession
    service: BlobServiceClient
    tokens: Tokens | None = None
    blobs: dict[str, BlobClient] = field(default_factory=dict)
    pid: int = field(default_factory=os.getpid)
    request_ids: Iterator[str] = field(default_factory=_request_ids)
    _made: dict[str, None] = field(default_factory=dict)

    def is_here(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it may be used on this loop, in this process."""
        return self.loop is loop and self.pid == os.getpid()

    def has_made(self, path: str) -> None:
        """A blob was created; of a thousand it is remembered until it is looked at."""
        if len(self._made) >= MADE:
            del self._made[next(iter(self._made))]
        self._made[path] = None

    def was_made(self, path: str) -> bool:
        """Whether the blob was created here, and not looked at since."""
        return path in self._made and self._made.pop(path) is None

    async def aclose(self) -> None:
        """Close it, on its own loop."""
        if self.tokens is not None:
            await self.tokens.aclose()
        await self.service.close()


class Links:
    """The links of a store; ``make`` makes one on the running loop."""

    def __init__(self, make: Callable[[], Link]) -> None:
        self._make = make
        self._links: list[Link] = []

    def __bool__(self) -> bool:
        return bool(self._links)

    async def here(self) -> Link:
        """The link of the running loop, made if there is none."""
        loop = asyncio.get_running_loop()
        for link in self._links:
            if link.is_here(loop):
                return link
        # The link of a loop that is still open is kept: the loop can run again.
        left = [link for link in self._links if link.pid != os.getpid() or link.loop.is_closed()]
        link = self._make()
        self._links = [*(other for other in self._links if other not in left), link]
        for other in left:
            await _leave(other)
        return link

    async def aclose(self) -> None:
        """Close the link of this loop; those of other loops are closed there, when they next
        run."""
        loop = asyncio.get_running_loop()
        links, self._links = self._links, []
        for link in links:
            if link.is_here(loop):
                await link.aclose()
                continue
            await _leave(link)
            if link.pid == os.getpid() and not link.loop.is_closed():
                with suppress(RuntimeError):  # the loop has just ended
                    link.loop.call_soon_threadsafe(_close_on, link)


async def _leave(link: Link) -> None:
    """Abandon a link of another loop without touching its sockets."""
    if link.pid == os.getpid() and link.loop.is_closed():
        # The connections ended with their loop. This only marks the session as closed; a resolver
        # that needs its loop (aiodns) is left alone.
        with suppress(Exception):
            await link.session.close()
        if link.tokens is not None:
            with suppress(Exception):
                await link.tokens.leave()
        return
    for kept in (link.session, link.tokens):
        keep(kept)


# The loop holds no strong reference to a task.
_closing: set[asyncio.Task[None]] = set()


def _close_on(link: Link) -> None:
    """Close a link; called on its own loop."""
    if link.pid == os.getpid():
        # Not through the loop's task factory, which is the host's.
        task = asyncio.Task(link.aclose(), loop=link.loop)
        _closing.add(task)
        task.add_done_callback(_closing.discard)


def connect(
    url: str,
    *,
    credential: Any,
    tls: ssl.SSLContext | None,
    proxy: str | None,
    timeouts: dict[str, float],
    version: dict[str, Any],
    ca_file: str | os.PathLike[str] | None = None,
) -> Link:
    """One session for all blobs of an account, made inside the running loop."""
    import aiohttp
    from azure.storage.blob.aio import BlobServiceClient

    from .transport import AppendTransport

    session = aiohttp.ClientSession(
        # No limit here: callers bound their requests, and one that hangs must not delay others.
        connector=aiohttp.TCPConnector(limit=0, ssl=True if tls is None else tls),
        cookie_jar=aiohttp.DummyCookieJar(),
        # Bodies are not decompressed: see stores/azure/wire.py.
        auto_decompress=False,
        headers={"Accept-Encoding": "identity"},
        trust_env=False,  # reading ~/.netrc costs a thread hop per request
        proxy=proxy,
        middlewares=(OneAttempt(),),
    )
    # The transport sets the time-outs: given to the client, they would be ignored in favour of 300
    # s.
    transport = AppendTransport(session, **timeouts)
    tokens: Tokens | None = None
    if isinstance(credential, Identity):
        way: dict[str, Any] = {} if ca_file is None else {"connection_verify": os.fspath(ca_file)}
        way |= {} if proxy is None else {"proxies": {"https": proxy}}
        tokens = Tokens(credential.make(**way), owned=True)
    elif is_token_credential(credential):
        tokens = Tokens(credential, owned=False)
    signs: Any = tokens or credential
    service = BlobServiceClient(
        url,
        credential=signs,
        transport=transport,
        retry_total=0,
        retry_connect=0,
        retry_read=0,
        retry_status=0,
        **version,
    )
    return Link(loop=asyncio.get_running_loop(), session=session, service=service, tokens=tokens)


# The bundle of all public authorities has 0.2 MiB.
_LARGEST_BUNDLE = 16 * 2**20


def trust(ca_file: str | os.PathLike[str] | None, url: str) -> ssl.SSLContext | None:
    """The certificates that TLS trusts: those of a PEM bundle instead of the system's; None: the
    system's."""
    if ca_file is None:
        return None
    if not isinstance(ca_file, str | os.PathLike):
        raise ConfigError("ca_file= must be the path of a file of PEM certificates")
    if not url.startswith("https:"):
        raise ConfigError("ca_file= needs https, but store= uses plain HTTP")
    name = os.fspath(ca_file)
    try:
        read_small(name, most=_LARGEST_BUNDLE)  # not a pipe, which would block us forever
        return ssl.create_default_context(cafile=name)
    except ssl.SSLError:
        problem = "does not contain certificates in PEM form"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    raise ConfigError(f"ca_file={name!r} {problem}")


def check_proxy(proxy: str | None) -> str | None:
    """The URL of an HTTP proxy, checked. It can contain a password, so no error shows it."""
    if proxy is None:
        return None
    form = "proxy= must look like http://[user:password@]host:port"
    if not isinstance(proxy, str):
        raise ConfigError(form)
    try:
        parts = urlsplit(proxy)
        sound = parts.scheme == "http" and bool(parts.hostname) and parts.port is not None
    except ValueError:
        sound = False
    if not sound or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigError(form)
    return proxy
