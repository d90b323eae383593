"""Lists a container: the names with a prefix, page by page.

The service's lists are consistent with earlier appends. A page is one request, for names, lengths
and times only; listing never creates a missing container.
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
    """The blobs of a container. ``ask`` sends a request, and raises only our errors."""
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
    appendable = str(getattr(blob.blob_type, "value", blob.blob_type)) == "AppendBlob"
    # As wire.BlobHeaders has it: of append blobs in the form of the header x-ms-creation-time.
    return Listed(
        blob.name,
        blob.size,
        format_datetime(created, usegmt=True) if appendable else str(blob.etag).strip('"'),
        appendable=appendable,
        modified=None if blob.last_modified is None else blob.last_modified.timestamp(),
    )
