"""Whole files as block blobs, and the end of append blobs that are in them: see ObjectStore."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Final

from ...errors import OffsetMismatch, OutcomeUnknown, Refusal, StoreError, StoreRefused
from .ranges import Ask, look
from .wire import PIECE, BodyPieces, strong

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient

__all__ = ["delete_if", "put", "seal_at"]

# Larger files are sent in blocks of this size, of which the service takes 50,000.
BLOCK: Final = 4 * 2**20
_GONE: Final = (Refusal.BLOB_MISSING, Refusal.WRONG_TYPE)


async def put(
    blob: BlobClient, file: IO[bytes], length: int, content_type: str, ask: Any, exists: Any
) -> bool:
    """Make a block blob of these bytes, only if the name is free (If-None-Match: *).

    Blocks have ids of this call alone: others may stage blocks for the same name, and a list of
    blocks would take theirs for ours. ``exists``: the codes for a name that is taken.
    """
    from azure.core import MatchConditions
    from azure.storage.blob import BlobBlock, ContentSettings

    settings = ContentSettings(content_type=content_type)
    try:
        if length <= PIECE:
            data = await asyncio.to_thread(file.read, length)
            upload = partial(blob.upload_blob, overwrite=False, content_settings=settings)
            await ask(partial(upload, data, length=length), again=True)
            return True
        call = os.urandom(8).hex()
        blocks = []
        for number in range(-(-length // BLOCK)):
            data = await asyncio.to_thread(file.read, BLOCK)
            blocks.append(BlobBlock(f"{call}-{number:06}"))
            body: Any = BodyPieces(data)
            stage = partial(blob.stage_block, blocks[-1].id, body, length=len(data))
            await ask(stage, again=True)
        await ask(
            partial(
                blob.commit_block_list,
                blocks,
                content_settings=settings,
                match_condition=MatchConditions.IfMissing,
            )
        )
    except StoreError as error:
        if error.code in exists and not isinstance(error, OutcomeUnknown):
            return False
        raise
    return True


async def seal_at(
    blob: BlobClient, created: str, length: int, ask: Ask, *, ids: Iterator[str]
) -> str:
    """Seal the blob if it is this one, and so long. Returns its ETag, or ""."""
    from azure.core import MatchConditions

    try:
        seen, _ = await look(blob, 0, 1, ask, ids=ids)
        if seen.created != created or seen.length != length:
            return ""
        if seen.sealed:
            return seen.etag
        answer: Mapping[str, Any] = await ask(
            partial(
                blob.seal_append_blob,
                # No append since the look, so the length is the same; the emulator refuses to check
                # a position here.
                etag=seen.etag,
                match_condition=MatchConditions.IfNotModified,
            )
        )
        return strong(str(answer.get("etag") or ""))
    except OffsetMismatch:
        return ""
    except StoreRefused as refused:
        if refused.reason in _GONE:
            return ""
        raise


async def delete_if(blob: BlobClient, etag: str, ask: Ask) -> bool:
    """Delete the blob if its ETag is this."""
    from azure.core import MatchConditions

    try:
        await ask(
            partial(blob.delete_blob, etag=etag, match_condition=MatchConditions.IfNotModified)
        )
    except OffsetMismatch:
        return False
    except StoreRefused as refused:
        if refused.reason in _GONE:
            return False
        raise
    return True
