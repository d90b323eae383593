"""What the service says of itself: account, container, what is in it. Pure.

learn.microsoft.com/rest/api/storageservices: get-account-information, get-container-properties,
list-blobs and get-blob-service-properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape

from .blobs import CREATED, Container, Reply

__all__ = ["about_container", "about_service"]

_XML: Final = {"Content-Type": "application/xml"}
_HEAD: Final = '<?xml version="1.0" encoding="utf-8"?>'


def about_service() -> Reply:
    """Get Blob Service Properties: deleted blobs are kept for a week."""
    body = (
        f"{_HEAD}<StorageServiceProperties><DeleteRetentionPolicy><Enabled>true</Enabled>"
        "<Days>7</Days></DeleteRetentionPolicy></StorageServiceProperties>"
    )
    return Reply(200, "", _XML, body.encode())


def about_container(
    container: Container,
    query: Mapping[str, str],
    account: Mapping[str, str],
    headers: Mapping[str, str],
) -> Reply:
    """Get Account Information, List Blobs, or Get Container Properties."""
    if query.get("restype") == "account":
        return Reply(200, "", account) if account else Reply(403, "AuthorizationFailure")
    refusal = container.objection()
    if refusal is not None:
        return refusal
    if query.get("comp") == "list":
        return Reply(200, "", _XML, _listing(container, query.get("prefix", "")))
    shown = {
        "ETag": '"0x8DC"',
        "Last-Modified": CREATED.format(0),
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-has-immutability-policy": "false",
        "x-ms-has-legal-hold": "false",
    }
    return Reply(200, "", {**shown, **headers})


def _listing(container: Container, prefix: str) -> bytes:
    blobs = "".join(
        f"<Blob><Name>{escape(name)}</Name><Properties><Creation-Time>{blob.created}"
        f"</Creation-Time><Etag>{escape(blob.etag)}</Etag><Content-Length>{len(blob.data)}"
        f"</Content-Length><BlobType>{blob.kind}</BlobType></Properties></Blob>"
        for name, blob in sorted(container.blobs.items())
        if name.startswith(prefix)
    )
    return f"{_HEAD}<EnumerationResults><Blobs>{blobs}</Blobs></EnumerationResults>".encode()
