"""The blob service's refusals: the table from status and code to our errors. Pure.

Invariants:

- Only an answer that the service itself has marked with an error code can say "full", "missing" or
  "no". The same status without a code comes from a proxy, a gateway or a captive portal, and
  decides nothing: OutcomeUnknown.
- The service never reads rows. So only a refusal of a block's *size* can be the fault of a row;
  every other definite refusal, with a known code or not, is a StoreRefused that holds the path.
- A code is believed only with its own status. Without the right to read, a failed condition settles
  rows, so nothing else may look like one.
- A message carries the code or the status, and nothing else of the answer.

The package remedies has what each code means to an operator.

Sources: learn.microsoft.com/rest/api/storageservices/blob-service-error-codes,
common-rest-api-error-codes, append-block; for BlobModifiedWhileReading azure-sdk-for-python#26126;
for refusals of every request during a roll-out azure-storage-python#356 and
azure-sdk-for-net#18033.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from ...errors import (
    BlobFull,
    OffsetMismatch,
    OutcomeUnknown,
    Refusal,
    StoreBusy,
    StoreError,
    StoreRefused,
)
from .causes import cause_of

__all__ = ["from_answer", "from_exception", "retry_after", "wish_of"]

# Throttled accounts and token endpoints ask for up to five minutes. A longer wait is cut to this,
# and the request retried: rows must not wait an hour for a wrong clock.
MAX_RETRY_AFTER: Final = 300.0

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,127}\Z")
_SECONDS = re.compile(r"\d{1,9}(\.\d{1,9})?\Z", re.ASCII)

_Build = Callable[[str, float | None], StoreError]


def _refused(reason: Refusal) -> _Build:
    return lambda code, wish: StoreRefused(reason, code, retry_after=wish)


def _as(kind: type[StoreError]) -> _Build:
    return lambda code, wish: kind(code, retry_after=wish)


# Codes for a signature that has expired or was revoked; the second is the emulator's.
STALE: Final = ("AuthenticationFailed", "AuthorizationFailure")

# Codes for a name that exists; the third is for a SAS that may not overwrite.
EXISTS: Final = (
    *("BlobAlreadyExists", "ResourceAlreadyExists"),
    *("UnauthorizedBlobOverwrite", "ConditionNotMet"),
)


# By the service's code: the statuses with which it is believed; None: any below 500.
_BY_CODE: Final[Mapping[str, tuple[tuple[int, ...] | None, _Build]]] = {
    # The condition failed, perhaps because an earlier attempt was applied.
    "AppendPositionConditionNotMet": ((412,), _as(OffsetMismatch)),
    "ConditionNotMet": ((412,), _as(OffsetMismatch)),
    # This blob is full; an earlier attempt may have been applied.
    "MaxBlobSizeConditionNotMet": ((409, 412), _as(BlobFull)),
    "BlockCountExceedsLimit": ((409,), _as(BlobFull)),
    "BlobIsSealed": ((409,), _as(BlobFull)),
    # To be retried. A reader or a listing disturbs appends on some accounts.
    "ServerBusy": (None, _as(StoreBusy)),
    "BlobModifiedWhileReading": (None, _as(StoreBusy)),
    # Applied or not; the service itself says to check before sending again.
    "OperationTimedOut": (None, _as(OutcomeUnknown)),
    "InternalError": (None, _as(OutcomeUnknown)),
    # Damaged on the way; the same bytes can succeed.
    "Md5Mismatch": (None, _as(OutcomeUnknown)),
    "Crc64Mismatch": (None, _as(OutcomeUnknown)),
    # The blob or container is missing.
    "BlobNotFound": ((404,), _refused(Refusal.BLOB_MISSING)),
    "ContainerNotFound": (None, _refused(Refusal.CONTAINER_MISSING)),
    "ContainerBeingDeleted": (None, _refused(Refusal.CONTAINER_MISSING)),
    "ContainerDisabled": (None, _refused(Refusal.CONTAINER_MISSING)),
    "FilesystemNotFound": (None, _refused(Refusal.CONTAINER_MISSING)),
    "FilesystemBeingDeleted": (None, _refused(Refusal.CONTAINER_MISSING)),
    # The name belongs to something other than an append blob (a directory, on HNS accounts).
    "InvalidBlobType": ((400, 409), _refused(Refusal.WRONG_TYPE)),
    "ResourceTypeMismatch": ((400, 409), _refused(Refusal.WRONG_TYPE)),
    # The second is the emulator's own code.
    "RequestBodyTooLarge": ((413,), _refused(Refusal.TOO_LARGE)),
    "RequestEntityTooLarge": ((413,), _refused(Refusal.TOO_LARGE)),
    # A valid credential without this right.
    "AuthorizationPermissionMismatch": ((403,), _refused(Refusal.NO_RIGHT)),
    "UnauthorizedBlobOverwrite": ((403,), _refused(Refusal.NO_RIGHT)),
    # With other statuses than 401 and 403, but all about the credential.
    "InvalidAuthenticationInfo": (None, _refused(Refusal.CREDENTIAL)),
    "AuthenticationFailed": (None, _refused(Refusal.CREDENTIAL)),
    "AccountIsDisabled": (None, _refused(Refusal.CREDENTIAL)),
    "PublicAccessNotPermitted": (None, _refused(Refusal.CREDENTIAL)),
    "NoAuthenticationInformation": (None, _refused(Refusal.CREDENTIAL)),
    "KeyBasedAuthenticationNotPermitted": (None, _refused(Refusal.CREDENTIAL)),
    "ResourceNotFound": (None, _refused(Refusal.CREDENTIAL)),
}

# By the prefix of a code: a hold or policy; a lease; what this account or blob does not support.
_BY_FAMILY: Final[tuple[tuple[re.Pattern[str], _Build], ...]] = (
    (re.compile(r"\w*(Immutab|LegalHold)"), _refused(Refusal.IMMUTABLE)),
    (re.compile("Lease|InfiniteLease"), _refused(Refusal.LEASED)),
    (
        re.compile(
            r"Feature|BlobOperationNotSupported|BlobArchived|BlobBeingRehydrated|BlobNotArchived|"
            r"\w*(Encryption|KeyVault|HierarchicalNamespace|Tier)"
        ),
        _refused(Refusal.UNSUPPORTED),
    ),
)

# By status, if the service has marked the answer with a code that is in no row.
_SIGNED: Final[Mapping[int, _Build]] = {
    401: _refused(Refusal.CREDENTIAL),
    403: _refused(Refusal.CREDENTIAL),
}

# By status alone, whatever server has answered.
_BY_STATUS: Final[Mapping[int, _Build]] = {
    401: _refused(Refusal.CREDENTIAL),
    403: _refused(Refusal.CREDENTIAL),
    # Proxies limit bodies too, and smaller blocks help there as well.
    413: _refused(Refusal.TOO_LARGE),
}


def from_answer(status: int, code: str = "", wish: float | None = None) -> StoreError:
    """The error for an answer with this status and error code; ``wish`` is its Retry-After."""
    code = code if _CODE.match(code) else ""
    shown = code or f"HTTP{status}"
    if status in (429, 503):
        return StoreBusy(shown, retry_after=wish)
    if status == 407:
        return StoreRefused(Refusal.CREDENTIAL, "ProxyAuthentication", retry_after=wish)
    if status >= 500 or status < 400 or status == 408:
        # Even with a known code, it came from a server in trouble, or is not a refusal.
        return OutcomeUnknown(shown, retry_after=wish)
    return _build(status, code)(shown, wish)


def _build(status: int, code: str) -> _Build:
    """The function that builds the error of a definite refusal."""
    if not code:
        return _BY_STATUS.get(status, _as(OutcomeUnknown))
    statuses, build = _BY_CODE.get(code, ((), None))
    if build is not None and (statuses is None or status in statuses):
        return build
    if status == 413:
        return _BY_STATUS[status]
    for pattern, of_family in _BY_FAMILY:
        if pattern.match(code):
            return of_family
    return _SIGNED.get(status, _refused(Refusal.INVALID))


def from_exception(error: BaseException) -> StoreError:
    """The error for an exception of the SDK: by its answer if it has one.

    Its class proves nothing: azure-core says "the server did not receive this" about connections
    that were cut after the append was applied, and lets a bare TypeError out if an answer is
    malformed.
    """
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        headers = getattr(getattr(error, "response", None), "headers", None)
        if not isinstance(headers, Mapping):
            headers = {}
        # Newer codes are plain text, older ones members of a text enumeration.
        code = getattr(error, "error_code", None) or headers.get("x-ms-error-code") or ""
        code = getattr(code, "value", code)
        return from_answer(status, str(code), wish_of(headers))
    cause = cause_of(error)
    if cause == "TlsVerify":
        return StoreRefused(Refusal.CREDENTIAL, cause)
    if cause:
        return OutcomeUnknown(cause)
    name = type(error).__name__
    if any(kind.__name__ == "ClientAuthenticationError" for kind in type(error).__mro__):
        # Without an answer, so it comes from the part that signs with the credential.
        return StoreRefused(Refusal.CREDENTIAL, name)
    return OutcomeUnknown(f"Sdk{name}")


def wish_of(headers: Mapping[str, str]) -> float | None:
    """How long an answer asks to wait, in seconds: Retry-After, or Azure's header in
    milliseconds."""
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        text = str(headers.get(name, "")).strip()
        if _SECONDS.match(text):
            return min(float(text) / 1000, MAX_RETRY_AFTER)
    return retry_after(headers.get("Retry-After"), headers.get("Date"))


def retry_after(value: object, date: object = None) -> float | None:
    """The seconds of a Retry-After header, at most MAX_RETRY_AFTER; None if invalid. A date is
    compared to ``date``, the answer's own Date header: clocks differ."""
    if value is None:
        return None
    text = str(value).strip()
    if _SECONDS.match(text):
        return min(float(text), MAX_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    try:
        now = parsedate_to_datetime(str(date))
    except (ValueError, TypeError, IndexError, OverflowError):
        now = datetime.now(UTC)
    try:
        seconds = (_aware(moment) - _aware(now)).total_seconds()
    except OverflowError:
        return None
    return min(max(0.0, seconds), MAX_RETRY_AFTER)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
