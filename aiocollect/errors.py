"""Every error that this package raises: whose fault it is, and whether to try again.

::

    AioCollectError
    ├── ConfigError        the caller's: an option, address or name; do not retry
    ├── PipelineClosed     the caller's: collect() after close
    ├── RingFull           the load's: there is no room at the moment; try again later
    ├── EncodeError        the caller's: a value that cannot be recorded
    ├── FlushTimeout       the store's: rows are not stored yet; it carries the report
    ├── SchemaConflict     the data's: columns or cells that differ from what was asked for
    ├── Incomplete         the data's: rows lack a stream; it carries their number
    ├── SnapshotGone       the store's: a blob that was listed is not there any more
    └── StoreError         the store's; stores raise these, and the pipeline handles them
        ├── OffsetMismatch   a condition failed; an earlier attempt may be stored: look
        ├── OutcomeUnknown   no answer that decides; send the same again
        ├── StoreBusy        throttled; send the same again, later
        ├── BlobFull         this blob accepts no more; look, then go on to the next part
        ├── StoreRefused     the store refuses, for a reason that has a remedy
        └── StoreUnreachable a reader's: no answer came in time; it says what to look at

Other exceptions become one of these inside each store. Messages hold codes and sizes only, never a
URL, a credential or the value of a cell.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .stats import Report

__all__ = [
    "AioCollectError",
    "BlobFull",
    "ConfigError",
    "EncodeError",
    "FlushTimeout",
    "Incomplete",
    "OffsetMismatch",
    "OutcomeUnknown",
    "PipelineClosed",
    "Refusal",
    "RingFull",
    "SchemaConflict",
    "SnapshotGone",
    "StoreBusy",
    "StoreError",
    "StoreRefused",
    "StoreUnreachable",
]


class AioCollectError(Exception):
    """The base of all errors of this package."""


class ConfigError(AioCollectError, ValueError):
    """An option, address, name or template is wrong; the message names it and says what to do."""


class PipelineClosed(AioCollectError):
    """The pipeline is closed or closing, and accepts no more calls."""


class RingFull(AioCollectError):
    """There is no room for this call at the moment: ``limits.ring_slots`` calls wait, or
    ``max_memory_bytes`` is used up."""


class EncodeError(AioCollectError, ValueError):
    """The value has a shape or type that cannot be recorded; the message says what would fit.

    ``reason`` is the key of Stats.refused under which it is counted.
    """

    def __init__(self, message: str, *, reason: str = "type") -> None:
        super().__init__(message)
        self.reason = reason


class FlushTimeout(AioCollectError, TimeoutError):
    """A flush did not finish in time; ``report`` says what is stored and what is not yet."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


class SchemaConflict(AioCollectError, ValueError):
    """Cells that are read are not of the type, or parts not of the columns, that were asked for."""


class Incomplete(AioCollectError):
    """Rows lack a stream that each of them should have; ``missing`` has their number by stream."""

    def __init__(self, message: str, missing: dict[str, int]) -> None:
        super().__init__(message)
        self.missing = missing


class SnapshotGone(AioCollectError):
    """A blob was deleted, replaced or cut since it was listed, so these bytes cannot be read."""


class StoreError(AioCollectError):
    """A request to the store did not succeed.

    ``code`` is the store's own short error code, such as ``"ServerBusy"``; it is safe to log.
    ``retry_after`` is how long the store asks to wait, in seconds, or None.
    """

    def __init__(self, code: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


class OffsetMismatch(StoreError):
    """The append-position or If-Match condition failed: an earlier attempt may be stored."""


class OutcomeUnknown(StoreError):
    """A timeout, reset, cancellation or server error: the request may be applied, now or later."""


class StoreBusy(StoreError):
    """Throttled (503, 429), or disturbed by a reader (409 BlobModifiedWhileReading)."""


class BlobFull(StoreError):
    """The blob accepts no more: its block limit, its size limit, or a seal."""


class StoreUnreachable(StoreError):
    """The store gave no answer within the ``timeout`` of read(), verify() or streams()."""


class Refusal(enum.Enum):
    """Why a store refuses.

    BLOB_MISSING, WRONG_TYPE, NO_RIGHT, and TOO_LARGE (a block of this size) are handled; any other
    reason holds the path until an operator has acted.

    =====================  ========================================================================
    ``BLOB_MISSING``       there is no such blob
    ``CONTAINER_MISSING``  there is no such container, or it is being deleted
    ``WRONG_TYPE``         another kind of blob has this name
    ``NO_RIGHT``           the credential is valid, but may not do this
    ``CREDENTIAL``         the credential is expired, wrong or blocked
    ``LEASED``             another client holds a lease on the blob
    ``TOO_LARGE``          the block is too large
    ``INVALID``            the request itself; never its rows, which the service does not read
    ``IMMUTABLE``          a policy or a legal hold forbids appends
    ``UNSUPPORTED``        the account, container or blob is of a kind, or in a state, that takes no
                           appends: a tier, an encryption, a namespace
    =====================  ========================================================================
    """

    BLOB_MISSING = "blob_missing"
    CONTAINER_MISSING = "container_missing"
    WRONG_TYPE = "wrong_type"
    NO_RIGHT = "no_right"
    CREDENTIAL = "credential"
    LEASED = "leased"
    TOO_LARGE = "too_large"
    INVALID = "invalid"
    IMMUTABLE = "immutable"
    UNSUPPORTED = "unsupported"


class StoreRefused(StoreError):
    """The store refuses, and applied nothing of this attempt; ``reason`` says why."""

    def __init__(
        self, reason: Refusal, code: str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(code or reason.value, retry_after=retry_after)
        self.reason = reason
