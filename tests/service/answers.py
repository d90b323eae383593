"""What must become of rows at each documented answer: the oracle, and the table of errors.md.

Written from the service's documentation and the append rule, and not from the code: the service
never reads rows, so only a block's size can be their fault; what is definite holds the path; what
is not is asked again; nothing is lost.

Sources: learn.microsoft.com/rest/api/storageservices, common-rest-api-error-codes,
blob-service-error-codes, append-block, put-blob, get-blob; public reports for codes that the lists
leave out (azure-sdk-for-python#26126, azure-storage-python#356, azure-docs#111147).
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = [
    "AGAIN",
    "ANSWERS",
    "BACK",
    "HALVED",
    "HELD",
    "MADE",
    "NEXT",
    "OPERATIONS",
    "OWN",
    "THERE",
    "Answer",
    "Treatment",
]

HELD: Final = "held"  # asked again ever more slowly; an alarm with code and remedy
AGAIN: Final = "again"  # the same again after a growing wait
BACK: Final = "read back"  # what stands at the position decides
NEXT: Final = "next part"
OWN: Final = "own part"  # in a blob that only this writer uses
HALVED: Final = "halved"  # between rows
MADE: Final = "created"
THERE: Final = "opened"  # it stands already


class Treatment(NamedTuple):
    """What becomes of rows where the answer comes to each operation; ``doubt`` is an append of
    which an earlier attempt has no known end, ``read`` a read-back."""

    open: str
    create: str
    append: str
    doubt: str
    read: str


OPERATIONS: Final = Treatment._fields


class Answer(NamedTuple):
    """An answer of the service, or of something in between where it has no code."""

    status: int
    code: str
    treatment: Treatment


_HELD: Final = Treatment(HELD, HELD, HELD, HELD, HELD)
_AGAIN: Final = Treatment(AGAIN, AGAIN, AGAIN, AGAIN, AGAIN)
# A condition that the request does not carry, or a limit of what it does not do: nonsense.
_FULL: Final = Treatment(AGAIN, AGAIN, NEXT, NEXT, AGAIN)
_TYPE: Final = Treatment(NEXT, HELD, NEXT, NEXT, NEXT)
_SIZE: Final = Treatment(HELD, HELD, HALVED, HELD, HELD)
_TAKEN: Final = Treatment(HELD, THERE, HELD, HELD, HELD)

# Definite refusals, by status.
_DEFINITE: Final = {
    400: """
        AccountRequiresHttps BlockListTooLong ConditionHeadersNotSupported
        EmptyMetadataKey InvalidAuthenticationInfo InvalidBlobOrBlock InvalidBlobTier
        InvalidBlockId InvalidBlockList InvalidHeaderValue InvalidHttpVerb InvalidInput
        InvalidMd5 InvalidMetadata InvalidQueryParameterValue InvalidResourceName
        InvalidUri InvalidXmlDocument InvalidXmlNodeValue MetadataTooLarge
        MissingRequiredHeader MissingRequiredQueryParameter MissingRequiredXmlNode
        MultipleConditionHeadersNotSupported OutOfRangeInput OutOfRangeQueryParameterValue
        RequestUrlFailedToParse UnsupportedHeader UnsupportedQueryParameter
        UnsupportedXmlNode
    """,
    401: "InvalidAuthenticationInfo NoAuthenticationInformation",
    403: """
        AccountIsDisabled AuthenticationFailed AuthorizationFailure
        AuthorizationProtocolMismatch AuthorizationResourceTypeMismatch
        AuthorizationServiceMismatch AuthorizationSourceIPMismatch
        InsufficientAccountPermissions KeyBasedAuthenticationNotPermitted
    """,
    404: "ContainerNotFound FilesystemNotFound PathNotFound ResourceNotFound",
    405: "UnsupportedHttpVerb",
    409: """
        AccountAlreadyExists AccountBeingCreated AccountProtectedFromDeletion
        BlobAccessTierNotSupportedForAccountType BlobArchived BlobBeingRehydrated
        BlobImmutableDueToLegalHold BlobImmutableDueToPolicy BlobNotArchived
        BlobOperationNotSupported BlobOverwritten BlobTierInadequateForContentLength
        BlobUsesCustomerSpecifiedEncryption CannotChangeToLowerTier ContainerAlreadyExists
        ContainerBeingDeleted ContainerDisabled ContainerHasLegalHold
        ContainerImmutabilityPolicyLocked ContentLengthLargerThanTierLimit
        CopyAcrossAccountsNotSupported CopyIdMismatch
        FeatureNotYetSupportedForHierarchicalNamespaceAccounts FeatureVersionMismatch
        IncrementalCopyBlobMismatch IncrementalCopyOfEarlierSnapshotNotAllowed
        IncrementalCopySourceMustBeSnapshot InfiniteLeaseDurationRequired InvalidOperation
        InvalidSourceBlobType InvalidSourceBlobUrl InvalidVersionForPageBlobOperation
        LeaseAlreadyBroken LeaseAlreadyPresent LeaseIdMismatchWithLeaseOperation
        LeaseIsBreakingAndCannotBeAcquired LeaseIsBreakingAndCannotBeChanged
        LeaseIsBrokenAndCannotBeRenewed LeaseNotPresentWithLeaseOperation
        NoPendingCopyOperation OperationNotAllowedOnIncrementalCopyBlob PathConflict
        PendingCopyOperation PreviousSnapshotCannotBeNewer PreviousSnapshotNotFound
        PreviousSnapshotOperationNotSupported PublicAccessNotPermitted
        SequenceNumberIncrementTooLarge SnapshotCountExceeded
        SnapshotOperationRateExceeded SnapshotsPresent SystemInUse InventedLater
    """,
    411: "MissingContentLengthHeader",
    412: """
        LeaseIdMismatchWithBlobOperation LeaseIdMismatchWithContainerOperation
        LeaseIdMissing LeaseLost LeaseNotPresentWithBlobOperation
        LeaseNotPresentWithContainerOperation SequenceNumberConditionNotMet
        SourceConditionNotMet TargetConditionNotMet
    """,
}

# The others, one by one.
_OTHERS: Final = (
    (400, "Md5Mismatch", _AGAIN),
    (400, "Crc64Mismatch", _AGAIN),
    (403, "AuthorizationPermissionMismatch", Treatment(OWN, HELD, HELD, HELD, HELD)),
    (403, "UnauthorizedBlobOverwrite", Treatment(OWN, THERE, HELD, HELD, HELD)),
    (404, "BlobNotFound", Treatment(MADE, HELD, NEXT, NEXT, NEXT)),
    (409, "BlobAlreadyExists", _TAKEN),
    (409, "ResourceAlreadyExists", _TAKEN),
    (409, "BlobModifiedWhileReading", _AGAIN),
    (409, "InvalidBlobType", _TYPE),
    (409, "ResourceTypeMismatch", _TYPE),
    (409, "BlockCountExceedsLimit", _FULL),
    (409, "BlobIsSealed", _FULL),
    (412, "AppendPositionConditionNotMet", Treatment(AGAIN, AGAIN, BACK, BACK, AGAIN)),
    (412, "ConditionNotMet", Treatment(AGAIN, THERE, BACK, BACK, AGAIN)),
    (412, "MaxBlobSizeConditionNotMet", _FULL),
    (413, "RequestBodyTooLarge", _SIZE),
    # A look at the end of a blob asks for its properties.
    (416, "InvalidRange", Treatment(THERE, HELD, HELD, HELD, BACK)),
    (429, "TooManyRequests", _AGAIN),
    (500, "InternalError", _AGAIN),
    (500, "OperationTimedOut", _AGAIN),
    (500, "CannotVerifyCopySource", _AGAIN),
    (503, "ServerBusy", _AGAIN),
    # Something in between: a proxy, a gateway, a page that wants a sign-in.
    (302, "", _AGAIN),
    (304, "ConditionNotMet", _AGAIN),
    (400, "", _AGAIN),
    (401, "", _HELD),
    (403, "", _HELD),
    (404, "", _AGAIN),
    (407, "", _HELD),
    (408, "", _AGAIN),
    (409, "", _AGAIN),
    (411, "", _AGAIN),
    (412, "", _AGAIN),
    (413, "", _SIZE),
    (429, "", _AGAIN),
    (500, "", _AGAIN),
    (502, "", _AGAIN),
    (503, "", _AGAIN),
    (504, "", _AGAIN),
)

ANSWERS: Final[tuple[Answer, ...]] = (
    *(Answer(status, code, _HELD) for status, codes in _DEFINITE.items() for code in codes.split()),
    *(Answer(*row) for row in _OTHERS),
)
