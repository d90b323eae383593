"""Every error this package raises: whose fault it was, and whether to try again.

::

    AioCollectError
    ├── ConfigError        the caller's: an option, URL or name; never retry
    ├── PipelineClosed     the caller's: collected after close
    ├── RingFull           the load's: no room now; later there may be
    ├── EncodeError        the caller's: a value that cannot be recorded
    ├── FlushTimeout       the store's: carries the report of what is still open
    └── StoreError         the store's
        ├── OffsetMismatch   a condition failed; in doubt until read back
        ├── OutcomeUnknown   no answer that decides; the same again
        ├── StoreBusy        throttled; the same again, later
        ├── BlobFull         this blob takes no more; read back, then roll
        └── StoreRefused     the store says no, for a reason with a remedy of its own

Foreign exceptions are translated at one boundary, inside each store. Messages carry codes and
sizes only: never a URL, a credential or the value of a cell.
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
    "OffsetMismatch",
    "OutcomeUnknown",
    "PipelineClosed",
    "Refusal",
    "RingFull",
    "StoreBusy",
    "StoreError",
    "StoreRefused",
]


class AioCollectError(Exception):
    """The base of all errors of this package."""


class ConfigError(AioCollectError, ValueError):
    """An option, URL, name or template is wrong; the message names it and the remedy."""


class PipelineClosed(AioCollectError):
    """The pipeline is closed, or closing, and accepts nothing more."""


class RingFull(AioCollectError):
    """Neither the ring nor the byte budget has room for this call at the moment."""


class EncodeError(AioCollectError, ValueError):
    """The value has a shape or a type that cannot be recorded; says what would fit.

    ``reason`` is the key under which the refusal is counted.
    """

    def __init__(self, message: str, *, reason: str = "type") -> None:
        super().__init__(message)
        self.reason = reason


class FlushTimeout(AioCollectError, TimeoutError):
    """A flush did not finish in time; ``report`` says what was settled and what is still open."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


class StoreError(AioCollectError):
    """An operation on the store did not succeed.

    ``code`` is the store's own short error code (``"ServerBusy"``), safe to log. ``retry_after``
    is the store's wish in seconds, or None.
    """

    def __init__(self, code: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


class OffsetMismatch(StoreError):
    """The append-position or If-Match condition failed: an earlier attempt may have landed."""


class OutcomeUnknown(StoreError):
    """Time-out, reset, cancellation or a server error: applied or not, now or later."""


class StoreBusy(StoreError):
    """Throttled (503, 429) or disturbed by a reader (409 BlobModifiedWhileReading)."""


class BlobFull(StoreError):
    """The block limit, the size limit, or a seal: this blob has ended."""


class Refusal(enum.Enum):
    """Why a store refuses. BLOB_MISSING, WRONG_TYPE, NO_RIGHT and TOO_LARGE (of this block's size)
    have a treatment of their own; all others hold the path until an operator has acted.

    IMMUTABLE: a policy or a legal hold. UNSUPPORTED: the account, container or blob is of a kind,
    or in a state, that takes no appends (a tier, an encryption, a namespace). INVALID: the request
    itself, whatever it is that somebody does not like about it; never its rows, which nobody reads.
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
    """The store says no, and nothing was applied by this attempt; ``reason`` says why.

    For NO_RIGHT the credential is sound but lacks this permission; for CREDENTIAL it is expired,
    wrong or blocked, so that rows are held until it works again.
    """

    def __init__(
        self, reason: Refusal, code: str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(code or reason.value, retry_after=retry_after)
        self.reason = reason
