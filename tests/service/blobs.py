"""Append blobs as the documentation has them: containers, conditions, leases, seals, holds. Pure.

It knows what append blobs need, and of everything else as much as can be in their way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["MAX_BLOCKS", "Blob", "Container", "Reply"]

MAX_BLOCKS: Final = 50_000
MAX_BLOCK: Final = 100 * 2**20
CREATED: Final = "Sat, 28 Nov 2026 00:00:{:02} GMT"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: with a ``code`` it is an error."""

    status: int
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(slots=True)
class Blob:
    """One blob. ``kind`` as x-ms-blob-type has it; ``encryption``: the scope or key it needs."""

    kind: str = "AppendBlob"
    data: bytearray = field(default_factory=bytearray)
    blocks: list[int] = field(default_factory=list)
    version: int = 1
    created: str = CREATED.format(0)
    content_type: str = ""
    lease: str = ""
    sealed: bool = False
    immutable: str = ""  # the error code of the policy or hold
    protected_appends: bool = False  # a policy that allows them
    tier: str = ""
    encryption: str = ""

    @property
    def etag(self) -> str:
        """Changes with each change."""
        return f'"0x8DC{self.version:013X}"'

    def shown(self) -> dict[str, str]:
        """The headers of a GET or HEAD."""
        return {
            "ETag": self.etag,
            "Last-Modified": self.created,
            "Content-Type": self.content_type or "application/octet-stream",
            "x-ms-blob-type": self.kind,
            "x-ms-creation-time": self.created,
            "x-ms-lease-status": "locked" if self.lease else "unlocked",
            "x-ms-lease-state": "leased" if self.lease else "available",
            "x-ms-server-encrypted": "true",
            "Accept-Ranges": "bytes",
            **(
                {"x-ms-blob-committed-block-count": str(len(self.blocks))}
                if self.kind == "AppendBlob"
                else {}
            ),
            **({"x-ms-blob-sealed": "true"} if self.sealed else {}),
        }


class Container:
    """The blobs of one container."""

    def __init__(self) -> None:
        self.blobs: dict[str, Blob] = {}
        self.missing = False
        self.being_deleted = False
        self.disabled = False
        self._made = 0

    def objection(self) -> Reply | None:
        """Why nothing can be done here."""
        if self.being_deleted:
            return Reply(409, "ContainerBeingDeleted")
        if self.disabled:
            return Reply(409, "ContainerDisabled")
        return Reply(404, "ContainerNotFound") if self.missing else None

    def create(self, name: str, headers: Mapping[str, str]) -> Reply:
        """Put Blob, of an append blob."""
        kind = headers.get("x-ms-blob-type")
        if kind is None:
            return Reply(400, "MissingRequiredHeader")
        found = self.blobs.get(name)
        if found is not None:
            if headers.get("If-None-Match") == "*":
                return Reply(409, "BlobAlreadyExists")
            refusal = _guarded(found, headers)
            if refusal is not None:
                return refusal
        self._made += 1
        blob = self.blobs[name] = Blob(
            kind=kind,
            created=CREATED.format(self._made % 60),
            version=self._made << 20,
            content_type=headers.get("x-ms-blob-content-type", ""),
        )
        return Reply(201, headers={"ETag": blob.etag, "x-ms-request-server-encrypted": "true"})

    def append(self, name: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Append Block."""
        if "Content-Length" not in headers:
            return Reply(411, "MissingContentLengthHeader")
        if not body:
            return Reply(400, "InvalidHeaderValue")
        if len(body) > MAX_BLOCK:
            return Reply(413, "RequestBodyTooLarge")
        blob = self.blobs.get(name)
        if blob is None:
            return Reply(404, "BlobNotFound")
        refusal = _guarded(blob, headers) or _appendable(blob, headers, len(body))
        if refusal is not None:
            return refusal
        offset = len(blob.data)
        blob.data += body
        blob.blocks.append(len(body))
        blob.version += 1
        return Reply(
            201,
            headers={
                "ETag": blob.etag,
                "x-ms-blob-append-offset": str(offset),
                "x-ms-blob-committed-block-count": str(len(blob.blocks)),
                "x-ms-request-server-encrypted": "true",
            },
        )

    def delete(self, name: str, headers: Mapping[str, str]) -> Reply:
        """Delete Blob."""
        blob = self.blobs.get(name)
        if blob is None:
            return Reply(404, "BlobNotFound")
        if blob.immutable:
            return Reply(409, blob.immutable)
        refusal = _guarded(blob, headers)
        if refusal is not None:
            return refusal
        if headers.get("If-Match") not in (None, "*", blob.etag):
            return Reply(412, "ConditionNotMet")
        del self.blobs[name]
        return Reply(202)

    def read(self, name: str, headers: Mapping[str, str], *, head: bool) -> Reply:
        """Get Blob, or Get Blob Properties."""
        blob = self.blobs.get(name)
        if blob is None:
            return Reply(404, "BlobNotFound")
        if blob.encryption and not head:
            return Reply(409, "BlobUsesCustomerSpecifiedEncryption")
        if blob.tier == "Archive" and not head:
            return Reply(409, "BlobArchived")
        shown = blob.shown()
        if head:
            return Reply(200, headers={**shown, "Content-Length": str(len(blob.data))})
        wanted = headers.get("x-ms-range") or headers.get("Range")
        if wanted is None:
            return Reply(200, headers=shown, body=bytes(blob.data))
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        begin, size = int(first), len(blob.data)
        end = min(int(last) + 1 if last else size, size)
        if begin >= size:
            return Reply(416, "InvalidRange", {"Content-Range": f"bytes */{size}"})
        shown["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
        return Reply(206, headers=shown, body=bytes(blob.data[begin:end]))


def _guarded(blob: Blob, headers: Mapping[str, str]) -> Reply | None:
    """What keeps everybody from changing a blob."""
    if blob.lease and headers.get("x-ms-lease-id") != blob.lease:
        given = "x-ms-lease-id" in headers
        return Reply(412, "LeaseIdMismatchWithBlobOperation" if given else "LeaseIdMissing")
    if blob.immutable and not blob.protected_appends:
        return Reply(409, blob.immutable)
    if blob.tier == "Archive":
        return Reply(409, "BlobArchived")
    return Reply(409, "BlobUsesCustomerSpecifiedEncryption") if blob.encryption else None


def _appendable(blob: Blob, headers: Mapping[str, str], length: int) -> Reply | None:
    """Why a block is not appended."""
    if blob.kind != "AppendBlob":
        return Reply(409, "InvalidBlobType")
    if blob.sealed:
        return Reply(409, "BlobIsSealed")
    if len(blob.blocks) >= MAX_BLOCKS:
        return Reply(409, "BlockCountExceedsLimit")
    match = headers.get("If-Match")
    if match not in (None, "*", blob.etag):
        return Reply(412, "ConditionNotMet")
    position = headers.get("x-ms-blob-condition-appendpos")
    if position is not None and int(position) != len(blob.data):
        return Reply(412, "AppendPositionConditionNotMet")
    most = headers.get("x-ms-blob-condition-maxsize")
    if most is not None and len(blob.data) + length > int(most):
        return Reply(412, "MaxBlobSizeConditionNotMet")
    return None
