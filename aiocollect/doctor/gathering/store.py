"""The store: made as a pipeline makes it, but for the container, which doctor never creates."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from aiocollect.reading import open_catalog, options_from_env
from aiocollect.testing import EMULATOR_ACCOUNT

from ..facts import StoreFacts

__all__ = ["open_store", "store_facts"]


def open_store(environ: Mapping[str, str], given: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The store that these options name, and the options. Raises ConfigError."""
    found = options_from_env(environ, **given)
    options = dict(found.get("store_options") or {})
    address = found["store"]
    if isinstance(address, str) and not _is_directory(address):
        options["create_container"] = False
    store = open_catalog(
        address,
        container=found.get("container"),
        credential=found.get("credential"),
        store_options=options,  # type: ignore[arg-type]
    )
    return store, found


def _is_directory(address: str) -> bool:
    return address.startswith(("/", "./", "../", "file:"))


def store_facts(store: Any) -> StoreFacts:
    """Which store it is; nothing is requested."""
    target = str(getattr(store, "target", "") or "")
    container = str(getattr(store, "container", "") or "")
    if target.startswith("file://"):
        return StoreFacts(kind="directory", shown=unquote(target.removeprefix("file://")))
    if target.startswith("http"):
        parts = urlsplit(target)
        above = parts.path.strip("/").rpartition("/")[0]
        account = above or (parts.hostname or "").split(".", 1)[0]
        kind: Any = "emulator" if account == EMULATOR_ACCOUNT else "azure"
        return StoreFacts(kind=kind, shown=target, account=account, container=container)
    if type(store).__name__ == "MemoryStore":
        return StoreFacts(kind="memory", shown="memory")
    return StoreFacts(kind="other", shown=type(store).__name__)


def missing_directories(path: str) -> list[str]:
    """Those on the way to ``path``, itself included, that do not exist; the deepest first."""
    missing = []
    while path != os.path.dirname(path) and not os.path.lexists(path):
        missing.append(path)
        path = os.path.dirname(path)
    return missing
