"""A range of a blob and the blob's state, both from one answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from ...errors import OutcomeUnknown, StoreError
from .wire import BlobHeaders

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient

__all__ = ["Ask", "look"]

# Sends a request, and translates what it raises into our errors.
Ask: TypeAlias = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]


async def look(
    blob: BlobClient,
    offset: int,
    length: int,
    ask: Ask,
    *,
    ids: Iterator[str],
    any_kind: bool = False,
    made: bool = False,
) -> tuple[BlobHeaders, bytes]:
    """The blob's state and at most ``length`` bytes at ``offset``. ``any_kind``: of a block blob
    too. ``made``: it was just created, so it is mostly empty. ``ids`` name the requests."""
    if made:
        seen = await _head(blob, ask, ids)
        seen.check(any_kind=any_kind)
        if not seen.length:
            return seen, b""
    # At most twice: a blob that grew between GET and HEAD has the range the second time.
    for _ in range(2):
        seen = BlobHeaders()
        try:
            data = await ask(partial(_get, blob, offset, length, seen, next(ids)))
        except StoreError as error:
            if error.code not in ("InvalidRange", "HTTP416"):
                raise
            # The range starts at or after the end; some servers answer 206 with no bytes.
            data = b""
            seen = await _head(blob, ask, ids)
        seen.check(any_kind=any_kind)
        if len(data) == max(0, min(length, seen.length - offset)):
            return seen, data
    # Too few bytes would look like another writer's, and rows would be doubled.
    raise OutcomeUnknown("ShortAnswer")


async def _head(blob: BlobClient, ask: Ask, ids: Iterator[str]) -> BlobHeaders:
    seen = BlobHeaders()
    await ask(
        partial(blob.get_blob_properties, raw_response_hook=seen.take, client_request_id=next(ids))
    )
    return seen


async def _get(
    blob: BlobClient, offset: int, length: int, seen: BlobHeaders, request_id: str
) -> bytes:
    download = await blob.download_blob(
        offset,
        length,
        max_concurrency=1,
        raw_response_hook=seen.take,
        client_request_id=request_id,
    )
    return await download.readall()
