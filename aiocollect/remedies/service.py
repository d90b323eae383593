"""Rows of remedies.py: the error codes of the blob service.

Codes that share a cause share a row; a code stands in one row. In capitals: what is to be put in.
"""

from __future__ import annotations

from typing import Final, TypeAlias

__all__ = ["SERVICE", "Row"]

# Codes, meaning, remedy.
Row: TypeAlias = tuple[str, str, str]

_ROLE: Final = (
    "az role assignment create --role 'Storage Blob Data Contributor' --assignee "
    "PRINCIPAL --scope CONTAINER-RESOURCE-ID; it takes some minutes to work"
)
_NO_USE: Final = "aiocollect makes no such request: see what stands between it and the service"

_ACCESS: Final[tuple[Row, ...]] = (
    (
        "AuthenticationFailed",
        "the key, SAS or token is wrong, has ended, or this machine's clock is wrong",
        "renew the credential and check the clock (timedatectl); for a SAS compare st= and se=",
    ),
    (
        "AuthorizationFailure",
        "the account's firewall or network rules keep this machine out, or the SAS lacks something",
        (
            "az storage account network-rule add --account-name ACCOUNT --ip-address IP, or use"
            " the private endpoint; a SAS needs sp=acr and sr=c"
        ),
    ),
    (
        "AuthorizationPermissionMismatch",
        "the credential is good, but has no right to do this",
        f"a SAS: make one with sp=acr; an identity: {_ROLE}",
    ),
    (
        "InsufficientAccountPermissions",
        "the account does not allow this, or reads and writes are switched off for it",
        "give the identity a role on the container, and see whether the account is read-only",
    ),
    (
        "AuthorizationProtocolMismatch",
        "the SAS is for https only, and plain HTTP was used",
        "give store= as an https:// URL",
    ),
    (
        "AuthorizationSourceIPMismatch",
        "the SAS is for other IP addresses (sip=) than this machine's",
        "make a SAS without sip=, or with the address that this machine has towards the service",
    ),
    (
        "AuthorizationServiceMismatch AuthorizationResourceTypeMismatch",
        "the account SAS is not for blobs (ss=b) or not for objects (srt=o)",
        "make a SAS for the container: az storage container generate-sas --permissions acr",
    ),
    (
        "KeyBasedAuthenticationNotPermitted",
        "the account allows no keys, nor SAS that are signed with one",
        "use an identity (pip install 'aiocollect[identity]'), or a user delegation SAS",
    ),
    (
        "PublicAccessNotPermitted ResourceNotFound NoAuthenticationInformation",
        "the request came without a credential that counts; the service then hides what is there",
        "give credential=, or a URL with a SAS; check the names of account and container",
    ),
    (
        "InvalidAuthenticationInfo",
        "the credential is not in a form that the service accepts, or is for another tenant",
        "copy key or SAS again; for an identity see that it belongs to the account's tenant",
    ),
    (
        "UnauthorizedBlobOverwrite",
        "the blob stands already, and the credential may not overwrite it",
        "nothing where it is one of ours: it is opened; else give the SAS read (sp=acr)",
    ),
    (
        "AccountIsDisabled",
        "the storage account is disabled, mostly because its subscription has ended",
        "see the subscription's state in the portal: az account show",
    ),
    (
        "AccountBeingCreated AccountAlreadyExists",
        "the storage account is being created",
        "wait until az storage account show says Succeeded",
    ),
    (
        "AccountProtectedFromDeletion",
        "the account has containers with a legal hold or a locked policy",
        _NO_USE,
    ),
    (
        "AccountRequiresHttps",
        "the account accepts https only",
        "give store= as an https:// URL; then see whether a proxy makes plain HTTP of it",
    ),
    (
        "no_right",
        "the credential has no right to do this",
        "a SAS: make one with sp=acr; a directory: see its owner and mode",
    ),
    (
        "credential ClientAuthenticationError AzureSigningError",
        "the store does not accept the credential",
        "renew it",
    ),
    (
        "TlsVerify",
        "the server's certificate is not trusted, or is another host's",
        "give the authority's certificate: store_options={'ca_file': '/etc/ssl/company.pem'}",
    ),
    (
        "ProxyAuthentication",
        "the HTTP proxy wants a user and password",
        "put them into proxy=http://USER:PASSWORD@HOST:PORT, percent-encoded",
    ),
)

_PLACES: Final[tuple[Row, ...]] = (
    (
        "ContainerNotFound container_missing",
        "the container does not exist",
        "az storage container create --account-name ACCOUNT --name CONTAINER --auth-mode login",
    ),
    (
        "ContainerBeingDeleted FilesystemBeingDeleted",
        "the container was deleted a moment ago; its name is free after 30 seconds or more",
        "wait; then az storage container create --account-name ACCOUNT --name CONTAINER",
    ),
    (
        "ContainerDisabled",
        "an administrator has disabled the container",
        "ask who administers the account to enable it, or use another container",
    ),
    (
        "FilesystemNotFound ParentNotFound",
        "the account has a hierarchical namespace, and the container or folder does not exist",
        "az storage container create --account-name ACCOUNT --name CONTAINER --auth-mode login",
    ),
    (
        "PathNotFound",
        "a folder of the name is missing in an account with a hierarchical namespace",
        "see that nobody renames folders under aiocollect, and that store= has .blob. in its host",
    ),
    (
        "PathConflict PathAlreadyExists PathIsBeingDeleted",
        (
            "another object of the account with a hierarchical namespace has this name, or is "
            "on its way out"
        ),
        "see what stands at the name: az storage fs file show; move it away, or use another layout",
    ),
    (
        "BlobNotFound blob_missing BlobBeingDeleted",
        "the blob does not exist",
        "nothing: it is made; if it comes again, see who deletes blobs (a lifecycle rule?)",
    ),
    (
        "BlobAlreadyExists ResourceAlreadyExists ContainerAlreadyExists",
        "it exists already, which is what was wanted",
        "nothing: it is used",
    ),
    (
        "InvalidBlobType wrong_type ResourceTypeMismatch BlobTypeMismatch",
        "a blob of another type (or a folder) has this name",
        "nothing: rows go to the next part; to see it: az storage blob show --name BLOB",
    ),
    (
        "BlobOverwritten",
        "somebody has made the blob anew",
        "see who else writes to this name",
    ),
    (
        "ContainerHasLegalHold BlobImmutableDueToLegalHold",
        "a legal hold forbids to change blobs",
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
        "an immutability policy forbids to append",
        (
            "allow it, while the policy is unlocked: az storage container immutability-policy "
            "extend --allow-protected-append-writes true; or use another container"
        ),
    ),
    (
        "BlobIsSealed",
        "the blob was sealed by somebody",
        "nothing: rows go to the next part",
    ),
    (
        "BlockCountExceedsLimit MaxBlobSizeConditionNotMet full",
        "the blob has as many blocks or bytes as it may have",
        "nothing: rows go to the next part",
    ),
    (
        "AppendPositionConditionNotMet ConditionNotMet TargetConditionNotMet SourceConditionNotMet",
        "the blob has changed meanwhile: by another writer, or by an attempt whose answer was lost",
        "nothing: it is read back; where it goes on without end, see whether a proxy changes ETags",
    ),
    (
        (
            "LeaseIdMissing LeaseIdMismatchWithBlobOperation "
            "LeaseIdMismatchWithContainerOperation LeaseIdMismatchWithLeaseOperation "
            "LeaseAlreadyPresent leased"
        ),
        "somebody holds a lease on the blob or container",
        (
            "end it: az storage blob lease break --account-name ACCOUNT --container-name "
            "CONTAINER --blob-name BLOB"
        ),
    ),
    (
        (
            "LeaseLost LeaseNotPresentWithBlobOperation LeaseNotPresentWithContainerOperation "
            "LeaseNotPresentWithLeaseOperation LeaseAlreadyBroken LeaseIsAlreadyBroken "
            "LeaseIsBreakingAndCannotBeAcquired LeaseIsBreakingAndCannotBeChanged "
            "LeaseIsBrokenAndCannotBeRenewed InfiniteLeaseDurationRequired LeaseNameMismatch"
        ),
        "a lease is not what the request says, although aiocollect uses none",
        _NO_USE,
    ),
    (
        "BlobArchived BlobBeingRehydrated BlobNotArchived",
        "the blob is in the archive tier, where it can neither be read nor changed",
        (
            "see which lifecycle rule archives blobs that are still written: az storage account"
            " management-policy show --account-name ACCOUNT; bring it back: az storage blob "
            "set-tier --tier Hot"
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
            "use a container without a customer-given key; an encryption scope must be the "
            "container's default and enabled: az storage account encryption-scope show"
        ),
    ),
    (
        (
            "KeyVaultKeyNotFound KeyVaultAccessTokenCannotBeAcquired "
            "KeyVaultEncryptionKeyNotFound KeyVaultVaultNotFound "
            "CustomerManagedKeyNotAccessible"
        ),
        "the account's own key cannot be had from its key vault",
        "give the account's identity the key again: az storage account show --query encryption",
    ),
    (
        (
            "BlobAccessTierNotSupportedForAccountType BlobTierInadequateForContentLength "
            "CannotChangeToLowerTier ContentLengthLargerThanTierLimit InvalidBlobTier"
        ),
        "the access tier does not go with this request",
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
        "this kind of account, or one of its features, does not take append blobs in this way",
        (
            "use a general-purpose v2 account; where one has a hierarchical namespace, switch "
            "the feature off that the portal shows beside it (NFS, SFTP), or use another "
            "account"
        ),
    ),
    (
        "ReadOnlyAttribute WriteDisabled SecondaryReadOnly",
        "the account, or its secondary region, can only be read at the moment",
        "see a failover that is under way: az storage account show --expand geoReplicationStats",
    ),
)

_REQUESTS: Final[tuple[Row, ...]] = (
    (
        "RequestBodyTooLarge RequestEntityTooLarge too_large ContentLengthTooLarge",
        "the block is larger than the service or a proxy takes",
        "nothing: it is halved between rows; for many such blocks set max_batch_bytes lower",
    ),
    (
        "InvalidHeaderValue",
        (
            "the service does not know a header's value: often azure-storage-blob is newer than"
            " the service (an emulator, Azure Stack, a sovereign cloud), or the service is in a"
            " roll-out"
        ),
        (
            "give the service's version: store_options={'api_version': '2021-12-02'}; Azurite: "
            "start it with --skipApiVersionCheck"
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
            "azure-storage-blob, or something between changed the request"
        ),
        "give the service's version: store_options={'api_version': '2021-12-02'}",
    ),
    (
        (
            "InvalidQueryParameterValue OutOfRangeQueryParameterValue "
            "MissingRequiredQueryParameter RequestUrlFailedToParse InvalidUri"
        ),
        "the URL did not arrive as it was sent, or the SAS is damaged",
        "copy the SAS again; see whether a proxy changes URLs",
    ),
    (
        "InvalidResourceName OutOfRangeInput InvalidInput InvalidOperation",
        "the service does not accept a name or a value of the request",
        "see the names of container, model and layout; then report it with this code",
    ),
    (
        (
            "MissingContentLengthHeader MissingRequiredHeader MissingRequiredXmlNode "
            "InvalidMetadata EmptyMetadataKey MetadataTooLarge InvalidXmlDocument "
            "InvalidXmlNodeValue InvalidMd5 EmptyBlock invalid"
        ),
        "a header or part of the request is missing or damaged: something between drops it",
        "see what stands between (a proxy that re-sends bodies chunked?)",
    ),
    (
        "Md5Mismatch Crc64Mismatch",
        "the bytes were damaged on their way",
        "nothing: they are sent again; if it lasts, see network cards and proxies",
    ),
    (
        "InvalidRange InvalidPageRange",
        "the range that was asked for is not there",
        "nothing: it is asked for in another way",
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
        "the answer to a request of another kind",
        _NO_USE,
    ),
    (
        "UnsafePath InvalidName",
        "the layout makes a blob name that leads elsewhere or cannot be one",
        "see layout= and the names in it: no '..', no backslash, no control characters",
    ),
)

SERVICE: Final[tuple[Row, ...]] = (*_ACCESS, *_PLACES, *_REQUESTS)
