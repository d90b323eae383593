"""Reads the stored blobs for the auditor, through the storage SDK's own synchronous client.

Another client than the one that wrote them. Bounded in time: a store that does not answer ends the
audit instead of holding it up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from ..testing import emulator_connection_string

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

__all__ = ["Unreadable", "blob_files", "check_blobs"]

_FORMS = (
    "the demo reads back what it stored, so it needs a directory, "
    "azurite://host:port/container, a connection string with --container, or a container "
    "URL with a SAS that grants read and list"
)
_OPTIONS: dict[str, Any] = {"retry_total": 2, "connection_timeout": 5, "read_timeout": 30}


class Unreadable(Exception):
    """The stored files cannot be read back; the message never holds a secret."""


def blob_files(store: str, *, container: str | None, prefix: str) -> Iterator[tuple[str, BinaryIO]]:
    """The CSV blobs whose name begins with ``prefix``, one at a time. Raises Unreadable."""
    with _translated(), _client(store, container) as client:
        for name in sorted(client.list_blob_names(name_starts_with=prefix)):
            if name.endswith(".csv"):
                yield name, BytesIO(client.download_blob(name).readall())


def check_blobs(store: str, *, container: str | None) -> None:
    """Raise Unreadable where the audit could not be done in the end. A container may be missing."""
    with _translated(), _client(store, container) as client:
        client.exists(retry_total=0)


@contextmanager
def _translated() -> Iterator[None]:
    from azure.core.exceptions import AzureError, ServiceRequestError

    try:
        yield
    except ServiceRequestError:
        raise Unreadable(
            "the store does not answer; check its address, and that it is running"
        ) from None
    except AzureError as error:
        # Codes only: a message may show a URL with its signature.
        code = getattr(error, "error_code", None) or type(error).__name__
        raise Unreadable(f"the store cannot be read: {code}") from None
    except ValueError:
        raise Unreadable(_FORMS) from None


def _client(store: str, container: str | None) -> ContainerClient:
    from azure.storage.blob import BlobServiceClient, ContainerClient

    if "://" not in store.partition("=")[0]:  # a connection string
        if container is None:
            raise Unreadable("a connection string needs a container: --container modeldata")
        return ContainerClient.from_connection_string(store, container, **_OPTIONS)
    parts = urlsplit(store)
    if parts.scheme == "azurite":
        text = emulator_connection_string(parts.netloc)
        name = parts.path.strip("/") or container or ""
        return ContainerClient.from_connection_string(text, name, **_OPTIONS)
    if parts.scheme in ("http", "https") and parts.query:
        if container is None or parts.path.strip("/").split("/")[-1] == container:
            return ContainerClient.from_container_url(store, **_OPTIONS)
        return BlobServiceClient(store, **_OPTIONS).get_container_client(container)
    raise Unreadable(_FORMS)
