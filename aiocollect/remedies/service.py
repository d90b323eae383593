"""Rows of remedies: the other error codes of the blob service.

Codes that share a cause share a row; a code is in one row only. Words in capitals are placeholders.
"""

from __future__ import annotations

from typing import Final

from .access import ACCESS, NO_USE, Row

__all__ = ["SERVICE"]

_PLACES: Final[tuple[Row, ...]] = (
    (
        "ContainerNotFound container_missing",
        "the container does not exist",
        (
            "create it: az storage container create --account-name ACCOUNT --name CONTAINER "
            "--auth-mode login"
        ),
    ),
    (
        "ContainerBeingDeleted FilesystemBeingDeleted",
        ("the container was deleted a moment ago; its name is free again after 30 seconds or more"),
        "wait; then az storage container create --account-name ACCOUNT --name CONTAINER",
    ),
    (
        "ContainerDisabled",
        "an administrator has disabled the container",
        "ask the account's administrator to enable it, or use another container",
    ),
    (
        "FilesystemNotFound ParentNotFound",
        "the account has a hierarchical namespace, and the container or folder does not exist",
        (
            "create it: az storage container create --account-name ACCOUNT --name CONTAINER "
            "--auth-mode login"
        ),
    ),
    (
        "PathNotFound",
        "a folder of the path is missing in an account with a hierarchical namespace",
        (
            "check that nothing renames folders while aiocollect writes, and that the host "
            "in store= contains '.blob.' (not '.dfs.')"
        ),
    ),
    (
        "PathConflict PathAlreadyExists PathIsBeingDeleted",
        (
            "another object in this account with a hierarchical namespace has this name, "
            "or is being deleted"
        ),
        "look at the object: az storage fs file show; move it away, or use another layout",
    ),
    (
        "BlobNotFound blob_missing BlobBeingDeleted",
        "the blob does not exist",
        (
            "no action needed, it is created; if this comes again, find out what deletes blobs "
            "(a lifecycle rule?)"
        ),
    ),
    (
        "BlobAlreadyExists ResourceAlreadyExists ContainerAlreadyExists",
        "it exists already, which is what was wanted",
        "no action needed, it is used",
    ),
    (
        "InvalidBlobType wrong_type ResourceTypeMismatch BlobTypeMismatch",
        "a blob of another type (or a folder) has this name",
        (
            "no action needed, rows go to the next part; to look at the blob: az storage blob "
            "show --name BLOB"
        ),
    ),
    (
        "BlobOverwritten",
        "another client has replaced the blob",
        "find out what else writes to this name",
    ),
    (
        "ContainerHasLegalHold BlobImmutableDueToLegalHold",
        "a legal hold forbids changes to blobs",
        (
            "use a container without a hold, or clear it: az storage container legal-hold clear"
            " --account-name ACCOUNT --container-name CONTAINER --tags TAG"
        ),
    ),
    (
        (
            "BlobImmutableDueToPolicy ContainerImmutabilityPolicyLocked immutable "
            "ContainerImmutabilityPolicyFailure"
        ),
        "an immutability policy forbids appending",
        (
            "allow appends while the policy is unlocked: az storage container "
            "immutability-policy extend --allow-protected-append-writes true; or use "
            "another container"
        ),
    ),
    (
        "BlobIsSealed",
        "another client sealed the blob",
        "no action needed, rows go to the next part",
    ),
    (
        "BlockCountExceedsLimit MaxBlobSizeConditionNotMet",
        "the blob has reached its limit of blocks or bytes",
        "no action needed, rows go to the next part",
    ),
    (
        "AppendPositionConditionNotMet ConditionNotMet TargetConditionNotMet SourceConditionNotMet",
        ("the blob has changed since: through another writer, or an attempt whose answer was lost"),
        (
            "no action needed, it is read back; if this never ends, check whether a proxy "
            "changes ETags"
        ),
    ),
    (
        (
            "LeaseIdMissing LeaseIdMismatchWithBlobOperation "
            "LeaseIdMismatchWithContainerOperation LeaseIdMismatchWithLeaseOperation "
            "LeaseAlreadyPresent leased"
        ),
        "another client holds a lease on the blob or container",
        (
            "break the lease: az storage blob lease break --account-name ACCOUNT "
            "--container-name CONTAINER --blob-name BLOB"
        ),
    ),
    (
        (
            "LeaseLost LeaseNotPresentWithBlobOperation LeaseNotPresentWithContainerOperation "
            "LeaseNotPresentWithLeaseOperation LeaseAlreadyBroken LeaseIsAlreadyBroken "
            "LeaseIsBreakingAndCannotBeAcquired LeaseIsBreakingAndCannotBeChanged "
            "LeaseIsBrokenAndCannotBeRenewed InfiniteLeaseDurationRequired LeaseNameMismatch"
        ),
        "the request names a lease that is not there, although aiocollect uses none",
        NO_USE,
    ),
    (
        "BlobArchived BlobBeingRehydrated BlobNotArchived",
        "the blob is in the archive tier, where it can be neither read nor changed",
        (
            "find the lifecycle rule that archives blobs that are still written: az "
            "storage account management-policy show --account-name ACCOUNT; bring the blob "
            "back: az storage blob set-tier --tier Hot"
        ),
    ),
    (
        (
            "BlobUsesCustomerSpecifiedEncryption BlobDoesNotUseCustomerSpecifiedEncryption "
            "BlobCustomerSpecifiedEncryptionMismatch EncryptionScopeNotFound "
            "EncryptionScopeDisabled EncryptionScopeMismatch "
            "DefaultEncryptionScopeOverrideNotAllowed BlobUsesEncryptionScope"
        ),
        "the blob or container is encrypted with a key or scope that aiocollect was not given",
        (
            "use a container without a customer-provided key; an encryption scope must be "
            "enabled and the container's default: az storage account encryption-scope show"
        ),
    ),
    (
        (
            "KeyVaultKeyNotFound KeyVaultAccessTokenCannotBeAcquired "
            "KeyVaultEncryptionKeyNotFound KeyVaultVaultNotFound "
            "CustomerManagedKeyNotAccessible"
        ),
        "the account's own encryption key cannot be read from its key vault",
        (
            "let the account's identity use the key again: az storage account show --query "
            "encryption"
        ),
    ),
    (
        (
            "BlobAccessTierNotSupportedForAccountType BlobTierInadequateForContentLength "
            "CannotChangeToLowerTier ContentLengthLargerThanTierLimit InvalidBlobTier"
        ),
        "the access tier of the account or blob does not allow this request",
        "use a general-purpose v2 or premium block-blob account",
    ),
    (
        (
            "FeatureNotYetSupportedForHierarchicalNamespaceAccounts BlobOperationNotSupported "
            "BlobOperationNotSupportedForHierarchicalNamespaceAccounts FeatureVersionMismatch "
            "UnsupportedRestVersion OperationNotSupportedOnHierarchicalNamespace "
            "FeatureNotEnabled FeatureNotSupported FeatureNotSupportedForAccount "
            "EndpointUnsupportedAccountFeatures BlobStorageFeatureNotSupported unsupported"
        ),
        "this kind of account, or one of its features, does not support append blobs",
        (
            "use a general-purpose v2 account; with a hierarchical namespace, switch off "
            "the feature that the portal lists as conflicting (NFS, SFTP), or use another "
            "account"
        ),
    ),
    (
        "ReadOnlyAttribute WriteDisabled SecondaryReadOnly",
        "the account, or its secondary region, is read-only at the moment",
        (
            "check whether a failover is under way: az storage account show --expand "
            "geoReplicationStats"
        ),
    ),
)

_REQUESTS: Final[tuple[Row, ...]] = (
    (
        "RequestBodyTooLarge RequestEntityTooLarge ContentLengthTooLarge",
        "the block is larger than the service or a proxy accepts",
        (
            "no action needed, the block is halved between rows; if this happens often, lower "
            "max_batch_bytes"
        ),
    ),
    (
        "InvalidHeaderValue",
        (
            "the service does not know the value of a header: often azure-storage-blob is "
            "newer than the service (an emulator, Azure Stack, a sovereign cloud), or the "
            "service is being updated"
        ),
        (
            "set the service's version: store_options={'api_version': '2021-12-02'}; for "
            "Azurite, start it with --skipApiVersionCheck"
        ),
    ),
    (
        (
            "UnsupportedHeader UnsupportedQueryParameter UnsupportedHttpVerb InvalidHttpVerb "
            "UnsupportedXmlNode ConditionHeadersNotSupported "
            "MultipleConditionHeadersNotSupported"
        ),
        (
            "the service does not know this kind of request: it is older than "
            "azure-storage-blob, or a proxy changed the request"
        ),
        "set the service's version: store_options={'api_version': '2021-12-02'}",
    ),
    (
        (
            "InvalidQueryParameterValue OutOfRangeQueryParameterValue "
            "MissingRequiredQueryParameter RequestUrlFailedToParse InvalidUri"
        ),
        "the URL was changed on its way, or the SAS is damaged",
        "copy the SAS again; check whether a proxy changes URLs",
    ),
    (
        "InvalidResourceName OutOfRangeInput InvalidInput InvalidOperation",
        "the service does not accept a name or a value in the request",
        "check the names of container, model and layout; then report it with this code",
    ),
    (
        (
            "MissingContentLengthHeader MissingRequiredHeader MissingRequiredXmlNode "
            "InvalidMetadata EmptyMetadataKey MetadataTooLarge InvalidXmlDocument "
            "InvalidXmlNodeValue InvalidMd5 EmptyBlock invalid"
        ),
        "a header or part of the request is missing or damaged: a proxy dropped it",
        "find out what changes requests (a proxy that sends bodies on as chunks?)",
    ),
    (
        "Md5Mismatch Crc64Mismatch",
        "the bytes were damaged on their way",
        ("no action needed, they are sent again; if this lasts, check network cards and proxies"),
    ),
    (
        "InvalidRange InvalidPageRange",
        "the requested range does not exist",
        "no action needed, the range is requested in another way",
    ),
    (
        (
            "InvalidBlobOrBlock InvalidBlockId InvalidBlockList BlockListTooLong InvalidMarker "
            "InvalidSourceBlobType InvalidSourceBlobUrl InvalidVersionForPageBlobOperation "
            "CopyAcrossAccountsNotSupported CopyIdMismatch CannotVerifyCopySource "
            "NoPendingCopyOperation PendingCopyOperation IncrementalCopyBlobMismatch "
            "IncrementalCopyOfEarlierSnapshotNotAllowed "
            "IncrementalCopyOfEarlierVersionSnapshotNotAllowed "
            "IncrementalCopySourceMustBeSnapshot OperationNotAllowedOnIncrementalCopyBlob "
            "PreviousSnapshotCannotBeNewer PreviousSnapshotNotFound "
            "PreviousSnapshotOperationNotSupported SequenceNumberConditionNotMet "
            "SequenceNumberIncrementTooLarge SnapshotCountExceeded "
            "SnapshotOperationRateExceeded SnapshotsPresent SystemInUse"
        ),
        "this answers a request of another kind",
        NO_USE,
    ),
    (
        "UnsafePath InvalidName",
        "the layout produced a blob name that is not valid or leads outside its folder",
        "check layout= and the names in it: no '..', no backslash, no control characters",
    ),
)

SERVICE: Final[tuple[Row, ...]] = (*ACCESS, *_PLACES, *_REQUESTS)
