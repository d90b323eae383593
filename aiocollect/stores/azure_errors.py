"""What the blob service's refusals mean: the table from status and code to our errors. Pure.

Invariants:

- Only an answer that the service itself has signed with an error code may say "full", "missing" or
  "malformed". The same status without a code comes from something in between (a proxy, a gateway,
  a captive portal), and decides nothing: OutcomeUnknown.
- What is in no row decides nothing either. So an unknown answer costs an attempt, never a row.
- A message carries the code or the status, and nothing else of the answer.

Sources: learn.microsoft.com/rest/api/storageservices/blob-service-error-codes, common-rest-api-
error-codes, append-block; for BlobModifiedWhileReading azure-sdk-for-python#26126.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from ..errors import (
    BlobFull,
    OffsetMismatch,
    OutcomeUnknown,
    Refusal,
    StoreBusy,
    StoreError,
    StoreRefused,
)

__all__ = ["from_answer", "from_exception", "retry_after"]

# Longer wishes than this are taken for an error of whoever answered.
MAX_RETRY_AFTER: Final = 3600.0

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}\Z")

_Build = Callable[[str, float | None], StoreError]


def _refused(reason: Refusal) -> _Build:
    return lambda code, wish: StoreRefused(reason, code, retry_after=wish)


def _as(kind: type[StoreError]) -> _Build:
    return lambda code, wish: kind(code, retry_after=wish)


# By the service's code, whatever the status; the statuses are named for the reader.
_BY_CODE: Final[Mapping[str, _Build]] = {
    # 412: the condition failed, perhaps because an earlier attempt landed. No other 412 may say so:
    # where we have no right to read, this answer alone settles rows.
    "AppendPositionConditionNotMet": _as(OffsetMismatch),
    "ConditionNotMet": _as(OffsetMismatch),
    "TargetConditionNotMet": _as(OffsetMismatch),
    # 412 and 409: this blob takes no more; an earlier attempt may have landed.
    "MaxBlobSizeConditionNotMet": _as(BlobFull),
    "BlockCountExceedsLimit": _as(BlobFull),
    "BlobIsSealed": _as(BlobFull),
    "BlobImmutableDueToPolicy": _as(BlobFull),
    "BlobImmutableDueToLegalHold": _as(BlobFull),
    # 503, 429, 409: later. A reader or a listing disturbs appends on some accounts.
    "ServerBusy": _as(StoreBusy),
    "BlobModifiedWhileReading": _as(StoreBusy),
    # 500: applied or not; the service itself says to look before sending again.
    "OperationTimedOut": _as(OutcomeUnknown),
    "InternalError": _as(OutcomeUnknown),
    # 404 and 409: what is missing.
    "BlobNotFound": _refused(Refusal.BLOB_MISSING),
    "ContainerNotFound": _refused(Refusal.CONTAINER_MISSING),
    "ContainerBeingDeleted": _refused(Refusal.CONTAINER_MISSING),
    "ContainerDisabled": _refused(Refusal.CONTAINER_MISSING),
    # 409: the name is taken by something that is no append blob (a directory, on HNS accounts).
    "InvalidBlobType": _refused(Refusal.WRONG_TYPE),
    "ResourceTypeMismatch": _refused(Refusal.WRONG_TYPE),
    # 413; the emulator's own word is the second.
    "RequestBodyTooLarge": _refused(Refusal.TOO_LARGE),
    "RequestEntityTooLarge": _refused(Refusal.TOO_LARGE),
    # 403: a sound credential without this right.
    "AuthorizationPermissionMismatch": _refused(Refusal.NO_RIGHT),
    # 400, 404 and 409, but all about who asks: rows are held, not given up.
    "InvalidAuthenticationInfo": _refused(Refusal.CREDENTIAL),
    "AuthenticationFailed": _refused(Refusal.CREDENTIAL),
    "AccountIsDisabled": _refused(Refusal.CREDENTIAL),
    "PublicAccessNotPermitted": _refused(Refusal.CREDENTIAL),
    "NoAuthenticationInformation": _refused(Refusal.CREDENTIAL),
    "ResourceNotFound": _refused(Refusal.CREDENTIAL),
    # 400: damaged on the way; the same bytes may fare better.
    "Md5Mismatch": _as(OutcomeUnknown),
    "Crc64Mismatch": _as(OutcomeUnknown),
}

# By status, where the code is in no row. True: only if there is a code at all.
_BY_STATUS: Final[Mapping[int, tuple[_Build, bool]]] = {
    400: (_refused(Refusal.INVALID), True),
    401: (_refused(Refusal.CREDENTIAL), False),
    403: (_refused(Refusal.CREDENTIAL), False),
    411: (_refused(Refusal.INVALID), True),
    # Proxies limit bodies too, and smaller ones help there as well.
    413: (_refused(Refusal.TOO_LARGE), False),
    429: (_as(StoreBusy), False),
    503: (_as(StoreBusy), False),
}


def from_answer(status: int, code: str = "", wish: float | None = None) -> StoreError:
    """The error that an answer with this status and error code is; ``wish`` is its Retry-After."""
    code = code if _CODE.match(code) else ""
    shown = code or f"HTTP{status}"
    if status >= 500 and status != 503:
        # Even with a code of the table above it came from a server in trouble.
        return OutcomeUnknown(shown, retry_after=wish)
    build = _BY_CODE.get(code)
    if build is None and code.startswith("LeaseId"):
        build = _refused(Refusal.LEASED)
    if build is None and status in _BY_STATUS:
        build, needs_code = _BY_STATUS[status]
        if needs_code and not code:
            build = None
    return (build or _as(OutcomeUnknown))(shown, wish)


def from_exception(error: BaseException) -> StoreError:
    """The error that an exception of the SDK is: by its answer where it has one.

    Its class is no evidence of what happened: azure-core says "the server did not receive this" of
    connections that were cut after the append was applied.
    """
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        headers = getattr(getattr(error, "response", None), "headers", None)
        if not isinstance(headers, Mapping):
            headers = {}
        # Newer codes are plain text, older ones members of a text enumeration.
        code = getattr(error, "error_code", None) or headers.get("x-ms-error-code") or ""
        code = getattr(code, "value", code)
        return from_answer(status, str(code), retry_after(headers.get("Retry-After")))
    name = type(error).__name__
    if any(kind.__name__ == "ClientAuthenticationError" for kind in type(error).__mro__):
        # No answer, so from whoever gets or signs with the credential.
        return StoreRefused(Refusal.CREDENTIAL, name)
    return OutcomeUnknown(name)


def retry_after(value: object) -> float | None:
    """The header's seconds; None for dates, nonsense and more than an hour."""
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return seconds if 0 <= seconds <= MAX_RETRY_AFTER else None
