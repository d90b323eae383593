"""What a network, a service and other clients do to a request of a store in memory."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ...errors import OutcomeUnknown, Refusal, StoreBusy, StoreError, StoreRefused
from ...typing import Appended, Opened, Range

__all__ = [
    "APPLIED",
    "REFUSED",
    "Fault",
    "FaultKind",
    "FaultName",
    "Operation",
    "OperationName",
    "distorted",
]


class FaultKind(enum.Enum):
    """What happens to one request of a MemoryStore.

    ====================  =========================================================================
    ``"slow"``            answered, after the delay
    ``"not_sent"``        never reaches the store; the caller sees a reset
    ``"lost_answer"``     applied; the caller sees a reset
    ``"late"``            the caller sees a timeout; it arrives after the delay
    ``"resent"``          applied, and sent again by something in between; the second answer counts
    ``"hang"``            not applied, never answered
    ``"hang_applied"``    applied, never answered
    ``"busy"``            503, not applied
    ``"reader"``          409 BlobModifiedWhileReading, not applied
    ``"reader_applied"``  409 BlobModifiedWhileReading, applied
    ``"error"``           500, not applied
    ``"error_applied"``   500, applied
    ``"credential"``      403, an expired credential
    ``"container"``       404, the container is being deleted
    ``"leased"``          412, another client's lease
    ``"too_large"``       413
    ``"invalid"``         400 with a code of the service
    ``"unsupported"``     409 or 404 with a code: an account or blob that takes no appends
    ``"immutable"``       409, a policy without protected appends
    ``"overwrite"``       a creation is refused with 403, whether there is a blob or not
    ``"no_right"``        a look is refused with 403: a role that has not arrived yet
    ``"vanished"``        a look answers 404, whether there is a blob or not
    ``"other"``           not applied; the answer is another request's, and the adapter sees it
    ``"other_applied"``   applied; the answer is another request's, and the adapter sees it
    ``"mixed_up"``        applied; the answer is of another place or cut off, and looks sound
    ``"stale"``           a look shows the blob as it was a few changes before
    ``"weak"``            a look gives an ETag that something in between has changed
    ``"touched"``         the blob's metadata, and so its ETag, changed just before
    ``"sealed"``          the blob was sealed just before
    ``"deleted"``         the blob was deleted just before
    ``"replaced"``        the blob was deleted and created again, empty, just before
    ``"retyped"``         a block blob has taken its place
    ``"torn"``            another client appended bytes without a line end just before
    ``"frozen"``          from now on its ETag does not change while the blob grows
    ``"emptied"``         it was emptied in place just before, and keeps its creation time
    ====================  =========================================================================
    """

    SLOW = "slow"
    NOT_SENT = "not_sent"
    LOST_ANSWER = "lost_answer"
    LATE = "late"
    RESENT = "resent"
    HANG = "hang"
    HANG_APPLIED = "hang_applied"
    BUSY = "busy"
    READER = "reader"
    READER_APPLIED = "reader_applied"
    ERROR = "error"
    ERROR_APPLIED = "error_applied"
    CREDENTIAL = "credential"
    CONTAINER = "container"
    LEASED = "leased"
    TOO_LARGE = "too_large"
    INVALID = "invalid"
    UNSUPPORTED = "unsupported"
    IMMUTABLE = "immutable"
    OVERWRITE = "overwrite"
    NO_RIGHT = "no_right"
    VANISHED = "vanished"
    OTHER = "other"
    OTHER_APPLIED = "other_applied"
    MIXED_UP = "mixed_up"
    STALE = "stale"
    WEAK = "weak"
    TOUCHED = "touched"
    SEALED = "sealed"
    DELETED = "deleted"
    REPLACED = "replaced"
    RETYPED = "retyped"
    TORN = "torn"
    FROZEN = "frozen"
    EMPTIED = "emptied"

    __hash__ = object.__hash__


class Operation(enum.Enum):
    """The requests of a store; the last three are those of compaction."""

    OPEN = "open"
    CREATE = "create"
    APPEND = "append"
    READ = "read"
    PUT = "put"
    SEAL = "seal"
    DELETE = "delete"

    __hash__ = object.__hash__


# The kinds and the requests by their words, which editors complete.
FaultName: TypeAlias = Literal[
    "slow",
    "not_sent",
    "lost_answer",
    "late",
    "resent",
    "hang",
    "hang_applied",
    "busy",
    "reader",
    "reader_applied",
    "error",
    "error_applied",
    "credential",
    "container",
    "leased",
    "too_large",
    "invalid",
    "unsupported",
    "immutable",
    "overwrite",
    "no_right",
    "vanished",
    "other",
    "other_applied",
    "mixed_up",
    "stale",
    "weak",
    "touched",
    "sealed",
    "deleted",
    "replaced",
    "retyped",
    "torn",
    "frozen",
    "emptied",
]
OperationName: TypeAlias = Literal["open", "create", "append", "read", "put", "seal", "delete"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and, where it has one, its delay in seconds."""

    kind: FaultKind
    delay: float = 0.0


# The answer to a request that is refused without being applied.
REFUSED: dict[FaultKind, Callable[[], StoreError]] = {
    FaultKind.NOT_SENT: lambda: OutcomeUnknown("ConnectionReset"),
    FaultKind.BUSY: lambda: StoreBusy("ServerBusy", retry_after=0.5),
    FaultKind.READER: lambda: StoreBusy("BlobModifiedWhileReading"),
    FaultKind.ERROR: lambda: OutcomeUnknown("OperationTimedOut"),
    FaultKind.CREDENTIAL: lambda: StoreRefused(Refusal.CREDENTIAL, "AuthenticationFailed"),
    FaultKind.CONTAINER: lambda: StoreRefused(Refusal.CONTAINER_MISSING, "ContainerNotFound"),
    FaultKind.LEASED: lambda: StoreRefused(Refusal.LEASED, "LeaseIdMissing"),
    FaultKind.TOO_LARGE: lambda: StoreRefused(Refusal.TOO_LARGE, "RequestBodyTooLarge"),
    FaultKind.INVALID: lambda: StoreRefused(Refusal.INVALID, "InvalidHeaderValue"),
    FaultKind.UNSUPPORTED: lambda: StoreRefused(Refusal.UNSUPPORTED, "BlobArchived"),
    FaultKind.IMMUTABLE: lambda: StoreRefused(Refusal.IMMUTABLE, "BlobImmutableDueToPolicy"),
    FaultKind.OVERWRITE: lambda: StoreRefused(Refusal.CREDENTIAL, "UnauthorizedBlobOverwrite"),
    FaultKind.NO_RIGHT: lambda: StoreRefused(Refusal.NO_RIGHT, "AuthorizationPermissionMismatch"),
    FaultKind.VANISHED: lambda: StoreRefused(Refusal.BLOB_MISSING, "BlobNotFound"),
    FaultKind.OTHER: lambda: OutcomeUnknown("OtherRequest"),
}
# The answer to a request that was applied all the same.
APPLIED: dict[FaultKind, Callable[[], StoreError]] = {
    FaultKind.LOST_ANSWER: lambda: OutcomeUnknown("ConnectionReset"),
    FaultKind.READER_APPLIED: lambda: StoreBusy("BlobModifiedWhileReading"),
    FaultKind.ERROR_APPLIED: lambda: OutcomeUnknown("OperationTimedOut"),
    FaultKind.OTHER_APPLIED: lambda: OutcomeUnknown("OtherRequest"),
}


def distorted(kind: FaultKind, answer: Any) -> Any:
    """An answer as something between the store and us changes it."""
    match answer, kind:
        case Appended(), FaultKind.MIXED_UP:
            return answer._replace(length=answer.length + 1)
        case Opened(), FaultKind.MIXED_UP if answer.head:
            return answer._replace(head=answer.head[:-1])
        case Range(), FaultKind.MIXED_UP if answer.data:
            return answer._replace(data=answer.data[:-1])
        case ((Opened() | Range()), FaultKind.WEAK):
            return answer._replace(etag=f"W/{answer.etag}")
    return answer
