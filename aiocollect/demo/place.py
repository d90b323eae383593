"""Where the demo's rows go, and how they are read back from there.

By default a directory in the demo's own folder. In a store that was given, which may hold others'
rows too, the demo has a workspace of its own. A secret in an address reaches the server through its
environment alone, and is never shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from .._validation.addresses import read_address
from .audit import local_files
from .blobs import blob_files, check_blobs

__all__ = ["DemoPlace"]

_WORKSPACE: Final = "demo/demo/demo"
_SERVICE: Final = "demo"


class DemoPlace:
    """``store`` is a path, a URL or a connection string (with ``container``); None is modeldata in
    the ``folder``. ``stays``: it can be read when the demo has ended. Raises ConfigError."""

    def __init__(
        self, store: str | None, container: str | None, *, folder: Path, stays: bool = True
    ) -> None:
        self._own = store is None
        self._store = str((folder / "modeldata").absolute()) if store is None else store
        self._container = container
        self._stays = stays
        address = read_address(self._store, option="--store")
        self.local = Path(address.text).absolute() if address.kind == "directory" else None
        if self.local is not None and container is not None:
            self.local /= container

    def __repr__(self) -> str:
        return f"<DemoPlace {self.where}>"

    @property
    def where(self) -> str:
        """The store, as it can be shown: never with a secret."""
        if self.local is not None:
            return str(self.local)
        parts = urlsplit(self._store)
        if parts.scheme == "azurite":
            return self._store
        return f"Azure append blobs, container {self._container or parts.path.strip('/')}"

    @property
    def shown(self) -> str | None:
        """The address for a command; None where it has a secret, or the store does not stay."""
        if not self._stays:
            return None
        if self.local is not None:
            return str(self.local)
        return self._store if urlsplit(self._store).scheme == "azurite" else None

    @property
    def options(self) -> str:
        """What a command needs besides the store."""
        return "" if self._own else f" --workspace {_WORKSPACE} --service {_SERVICE}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a pipeline that writes here."""
        found = {"AIOCOLLECT_STORE": self._store}
        if self._container is not None:
            found["AIOCOLLECT_CONTAINER"] = self._container
        if not self._own:
            found |= {"AIOCOLLECT_WORKSPACE": _WORKSPACE, "AIOCOLLECT_SERVICE": _SERVICE}
        return found

    def check(self) -> None:
        """Raise Unreadable where the store could not be audited: now, not at the end."""
        if self.local is None:
            check_blobs(self._store, container=self._container)

    def files(self) -> Iterator[tuple[str, BinaryIO]]:
        """The stored CSV files, one at a time. Raises Unreadable, OSError."""
        prefix = "" if self._own else f"{_WORKSPACE}/{_SERVICE}/"
        if self.local is not None:
            return local_files(self.local, prefix=prefix)
        return blob_files(self._store, container=self._container, prefix=prefix)
