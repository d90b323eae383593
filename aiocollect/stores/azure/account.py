"""What the service says of the account and the container: what kind they are, what is forbidden.

Each question is a request of its own, and may be refused: a SAS for a container may ask for the
account's kind, and seldom more.

Source: learn.microsoft.com/rest/api/storageservices, get-account-information,
get-container-properties and get-blob-service-properties.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import StoreError

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient, BlobServiceClient, ContainerClient

__all__ = ["AccountInfo", "account_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountInfo:
    """None: it may not be read. ``code``: why the kind is not known. ``kind`` and ``sku`` as the
    service names them; ``hierarchical``: its namespace."""

    code: str = ""
    kind: str = ""
    sku: str = ""
    hierarchical: bool | None = None
    immutability_policy: bool | None = None
    legal_hold: bool | None = None
    leased: bool | None = None
    soft_delete_days: int | None = None
    versioning: bool | None = None


async def account_of(
    service: BlobServiceClient,
    container: ContainerClient,
    blob: BlobClient | None,
    ask: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]],
) -> AccountInfo:
    """``ask`` sends a request and raises only our errors; ``blob`` is one that exists."""
    found: dict[str, Any] = {}
    try:
        told = await ask(container.get_account_information)
        found |= {"kind": str(told.get("account_kind") or ""), "sku": str(told.get("sku_name"))}
        found["hierarchical"] = bool(told.get("is_hns_enabled"))
    except StoreError as error:
        found["code"] = error.code
    held = await _answer(ask, container.get_container_properties)
    if held is not None:
        found["immutability_policy"] = bool(held.has_immutability_policy)
        found["legal_hold"] = bool(held.has_legal_hold)
        found["leased"] = str(held.lease.state) not in ("available", "None", "")
    rules = await _answer(ask, service.get_service_properties)
    if rules is not None:
        kept = rules.get("delete_retention_policy")
        found["soft_delete_days"] = int(kept.days or 0) if kept is not None and kept.enabled else 0
    seen = None if blob is None else await _answer(ask, blob.get_blob_properties)
    if seen is not None:
        found["versioning"] = bool(seen.version_id)
    return AccountInfo(**found)


async def _answer(
    ask: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]],
    request: Callable[[], Awaitable[Any]],
) -> Any:
    try:
        return await ask(request)
    except StoreError:
        return None
