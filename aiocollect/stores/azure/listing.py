"""Listing a container: the names that begin in one way, a page after the other.

Lists of the service are consistent with the appends before them. A page is one request, and asks
for no more than names, lengths and times; no listing makes a container that is missing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import OutcomeUnknown
from ...typing import Listed
from .ranges import Ask

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

__all__ = ["listed"]


async def listed(
    container: ContainerClient,
    prefix: str,
    ask: Ask,
) -> AsyncIterator[Listed]:
    """The blobs of a container. ``ask`` sends a request, and raises our errors alone."""
    pages: Any = container.list_blobs(name_starts_with=prefix or None).by_page()
    while True:
        for blob in await ask(partial(_page, pages)):
            yield blob
        if pages.continuation_token is None:
            return


async def _page(pages: Any) -> list[Listed]:
    try:
        page = await anext(pages)
    except StopAsyncIteration:
        return []
    return [_listed(blob) async for blob in page]


def _listed(blob: Any) -> Listed:
    created = blob.creation_time
    if blob.size is None or created is None:
        raise OutcomeUnknown("UnreadableAnswer")
    # As the header x-ms-creation-time has it.
    return Listed(
        blob.name,
        blob.size,
        format_datetime(created, usegmt=True),
        appendable=str(getattr(blob.blob_type, "value", blob.blob_type)) == "AppendBlob",
    )
