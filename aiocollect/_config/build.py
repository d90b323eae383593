"""The assembly: the only room that turns addresses into stores, and connects the parts.

Store, encoder, layout and engine know one another only by their Protocols; they meet here.
"""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Unpack, get_args
from urllib.parse import urlsplit

from .._core.settings import Settings
from .._engine.clock import SystemClock
from .._engine.engine import Engine
from .._engine.lifespans import Lifespans
from .._engine.loop_thread import LoopThread, check_threads
from .._engine.status_file import StatusFile
from .._hooks.log import LogHook
from .._spool.disk import Disk
from .._threads.line import within
from .._threads.loops import loop_maker
from .._threads.side_thread import SideThread
from .._validation.addresses import FORMS, read_address, read_directory
from .._validation.checks import check_choice
from ..errors import ConfigError
from ..options import AzureOptions, StoreOptions
from ..stores.absent import AbsentStore
from ..stores.azure import AzureStore
from ..stores.local import LocalStore
from ..typing import Credential, Hook, HostKind, Store
from .seams import Seams

__all__ = ["assemble", "is_no_store", "no_store", "open_store"]

# How long a disk has to answer for a spool's directory, in seconds.
SPOOL_CHECK = 1.0


# Default ports, which an address can leave out.
_PORTS = {"http": ":80", "https": ":443"}


def assemble(
    store: Store | str | os.PathLike[str],
    *,
    container: str | None,
    credential: Credential | None,
    store_options: StoreOptions,
    host: HostKind,
    settings: Settings,
    hooks: Sequence[Hook],
    seams: Seams,
) -> tuple[Store, Engine, Lifespans]:
    """The store of a pipeline, its engine, and what starts and closes that."""
    if not isinstance(hooks, Sequence):
        raise ConfigError("hooks must be a list of callables")
    for hook in hooks:
        if not callable(hook):
            raise ConfigError(f"hooks: {type(hook).__name__} cannot be called; pass callables")
    if not isinstance(store_options, Mapping):
        raise ConfigError("store_options must be a mapping of names to values")
    known = StoreOptions.__annotations__
    for option in store_options:
        if option not in known:
            raise ConfigError(
                f"store_options: unknown option {option!s}; the options are "
                f"{', '.join(sorted(known))}"
            )
    if isinstance(store, str | os.PathLike):
        store = open_store(store, container=container, credential=credential, **store_options)
    elif container is not None or credential is not None or store_options:
        raise ConfigError(
            "container=, credential= and store_options= are for a store given by URL; pass "
            "them to the Store object itself"
        )
    for method in ("open", "create", "append", "read", "aclose"):
        if not callable(getattr(store, method, None)):
            raise ConfigError(
                f"store: {type(store).__name__} is not a Store, it has no {method}(); pass "
                f"a Store, or one of: {FORMS}"
            )
    check_choice("host", host, get_args(HostKind))
    if host == "thread":
        check_threads()
    disk = seams.disk
    if settings.spool is not None and disk is None:
        disk = _local_disk()
        try:
            # An event loop can be waiting for this. A disk that hangs is noticed later, by the
            # spool.
            within(SPOOL_CHECK, partial(disk.make_directory, settings.spool))
        except OSError as error:
            raise ConfigError(f"spool: {error}") from None
    clock = seams.clock or SystemClock()
    engine = Engine(
        store,
        settings=settings,
        clock=clock,
        chance=seams.chance or random.random,
        # Forty random bits: among 10,000 writers two share an id in one fleet of 20,000.
        new_writer=_writer_ids(seams.writer_id),
        hooks=(*hooks, LogHook(clock)),
        disk=disk,
        target=_target_of(store),
        # A simulated disk is called without a thread.
        aside=seams.disk or SideThread(),
        thread=LoopThread(loop_maker()) if host == "thread" else None,
        inspected=store if isinstance(store, AzureStore) else None,
    )
    if settings.status is not None:
        engine.status_file = StatusFile(settings.status, engine)
    return store, engine, Lifespans(engine, store)


def _target_of(store: Store) -> str:
    """The identity of a store, without secrets: a spool's rows are for one store only. A Store
    object can state it as ``target``; otherwise its class identifies it."""
    target = getattr(store, "target", None)
    if isinstance(target, str) and target:
        return _plain(target)
    return f"{type(store).__module__}.{type(store).__qualname__}"


def _plain(address: str) -> str:
    """The address in one spelling: lower-case host without a trailing dot, and no default port."""
    scheme, there, rest = address.partition("://")
    if not there or scheme.lower() not in _PORTS:
        return address
    host, slash, path = rest.partition("/")
    host = host.lower().removesuffix(_PORTS[scheme.lower()]).removesuffix(".")
    return f"{scheme.lower()}://{host}{slash}{path}"


def _writer_ids(first: str | None) -> Callable[[], str]:
    """Returns ``first`` once, then random ids, for example for a child process."""
    given = iter(() if first is None else (first,))
    return lambda: next(given, None) or secrets.token_hex(5)


# Stores -------------------------------------------------------------------------------------------


def no_store() -> Store:
    """The store of a pipeline that is switched off and has none."""
    return AbsentStore()


def is_no_store(store: Store) -> bool:
    """Whether it is the store of no_store()."""
    return isinstance(store, AbsentStore)


def open_store(
    url: str | os.PathLike[str],
    *,
    option: str = "store",
    container: str | None = None,
    credential: Credential | None = None,
    endpoint_suffix: str | None = None,
    **azure: Unpack[AzureOptions],
) -> Store:
    """The store named by a URL, connection string or path; ``azure`` is for accounts only.

    Raises ConfigError, which names ``option`` and the accepted forms, and never shows a secret.
    """
    kind, address = (
        read_address(url, option=option)
        if isinstance(url, str)
        else ("directory", read_directory(_path_text(url), option=option))
    )
    if kind == "connection string":
        if container is None:
            raise ConfigError("a connection string needs container=, such as container='modeldata'")
        if credential is not None:
            raise ConfigError(
                "the connection string contains a credential, and credential= is set too; "
                "remove one of them"
            )
        return AzureStore.from_connection_string(
            address, container=container, endpoint_suffix=endpoint_suffix, **azure
        )
    if kind == "directory":
        return _open_directory(
            address,
            container=container,
            for_azure=[
                *(["credential"] if credential is not None else []),
                *azure,
                *(["endpoint_suffix"] if endpoint_suffix is not None else []),
            ],
        )
    parts = urlsplit(address)
    if kind == "azurite":
        name = _one_segment(parts.path, container)
        return AzureStore.from_emulator(parts.netloc, container=name, **azure)
    if kind == "azure":
        address, container = f"azure://{parts.netloc}", _one_segment(parts.path, container)
    return AzureStore.from_url(
        address,
        container=container,
        credential=credential,
        endpoint_suffix=endpoint_suffix,
        **azure,
    )


def _path_text(path: os.PathLike[str]) -> str:
    text: object = os.fspath(path)
    if not isinstance(text, str):
        raise ConfigError("store must be a path of text, not of bytes")
    return text


def _open_directory(directory: str, *, container: str | None, for_azure: list[str]) -> Store:
    for option in for_azure:
        raise ConfigError(f"{option}= is for Azure; remove it for a directory")
    if container is not None and ("/" in container or container in ("", ".", "..")):
        raise ConfigError("container= must be a single name, such as container='modeldata'")
    return LocalStore(os.path.join(directory, container) if container else directory)


def _local_disk() -> Disk:
    """Imported only for a spool: file locks need POSIX, and everything else works without."""
    try:
        from .._disks.local import LocalDisk
    except ImportError:
        raise ConfigError(
            "spool= needs the file locks of Linux, macOS or another POSIX system, which "
            "this Python does not have; leave it out"
        ) from None
    return LocalDisk()


def _one_segment(path: str, container: str | None) -> str:
    name = path.strip("/")
    if container is not None and name and name != container:
        raise ConfigError(
            f"store names container {name!r}, but container= names {container!r}; remove "
            "one of them"
        )
    name = name or container or ""
    if not name or "/" in name:
        raise ConfigError("store must name one container, such as azure://account/modeldata")
    return name
