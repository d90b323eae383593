"""Rows of remedies: the service's codes about credentials, rights and the account."""

from __future__ import annotations

from typing import Final, TypeAlias

__all__ = ["ACCESS", "NO_USE", "Row"]

# Codes, meaning, remedy.
Row: TypeAlias = tuple[str, str, str]

_ROLE: Final = (
    "az role assignment create --role 'Storage Blob Data Contributor' --assignee PRINCIPAL "
    "--scope CONTAINER-RESOURCE-ID; it takes some minutes to take effect"
)
NO_USE: Final = (
    "aiocollect does not make such requests: find out what changes them on the way to the service"
)

ACCESS: Final[tuple[Row, ...]] = (
    (
        "AuthenticationFailed",
        "the key, SAS or token is wrong or has expired, or this machine's clock is wrong",
        ("renew the credential and check the clock (timedatectl); for a SAS compare st= and se="),
    ),
    (
        "AuthorizationFailure",
        ("the account's firewall or network rules block this machine, or the SAS lacks a right"),
        (
            "allow this machine: az storage account network-rule add --account-name "
            "ACCOUNT --ip-address IP, or use the private endpoint; a SAS needs sp=acr and "
            "sr=c"
        ),
    ),
    (
        "AuthorizationPermissionMismatch",
        "the credential is valid but lacks the right to do this",
        f"for a SAS, create one with sp=acr; for an identity: {_ROLE}",
    ),
    (
        "InsufficientAccountPermissions",
        "the account does not allow this, or reads and writes are switched off for it",
        ("give the identity a role on the container, and check whether the account is read-only"),
    ),
    (
        "AuthorizationProtocolMismatch",
        "the SAS allows https only, and plain HTTP was used",
        "use an https:// URL in store=",
    ),
    (
        "AuthorizationSourceIPMismatch",
        "the SAS allows other IP addresses (sip=) than this machine's",
        ("create a SAS without sip=, or with the address that the service sees for this machine"),
    ),
    (
        "AuthorizationServiceMismatch AuthorizationResourceTypeMismatch",
        "the account SAS does not cover blobs (ss=b) or objects (srt=o)",
        ("create a SAS for the container: az storage container generate-sas --permissions acr"),
    ),
    (
        "KeyBasedAuthenticationNotPermitted",
        "the account allows neither keys nor a SAS that is signed with one",
        "use an identity (pip install 'aiocollect[identity]'), or a user delegation SAS",
    ),
    (
        "PublicAccessNotPermitted ResourceNotFound NoAuthenticationInformation",
        "the request carried no valid credential; the service then hides what exists",
        "set credential=, or use a URL with a SAS; check the names of account and container",
    ),
    (
        "InvalidAuthenticationInfo",
        ("the service does not accept the form of the credential, or it belongs to another tenant"),
        (
            "copy the key or SAS again; for an identity, check that it belongs to the "
            "account's tenant"
        ),
    ),
    (
        "UnauthorizedBlobOverwrite",
        "the blob exists already, and the credential is not allowed to overwrite it",
        (
            "no action needed if aiocollect wrote the blob, it is opened; otherwise add read "
            "to the SAS (sp=acr)"
        ),
    ),
    (
        "AccountIsDisabled",
        "the storage account is disabled, usually because its subscription has ended",
        "check the state of the subscription in the portal, or: az account show",
    ),
    (
        "AccountBeingCreated AccountAlreadyExists",
        "the storage account is being created",
        "wait until az storage account show says Succeeded",
    ),
    (
        "AccountProtectedFromDeletion",
        "the account has containers with a legal hold or a locked policy",
        NO_USE,
    ),
    (
        "AccountRequiresHttps",
        "the account accepts https only",
        "use an https:// URL in store=; then check whether a proxy turns it into plain HTTP",
    ),
    (
        "no_right",
        "the credential lacks the right to do this",
        "for a SAS, create one with sp=acr; for a directory, check its owner and mode",
    ),
    (
        "credential ClientAuthenticationError AzureSigningError",
        "the store does not accept the credential",
        "renew the credential",
    ),
    (
        "TlsVerify",
        "the server's certificate is not trusted, or belongs to another host",
        (
            "name the file of the certificate authority: store_options={'ca_file': "
            "'/etc/ssl/company.pem'}"
        ),
    ),
    (
        "ProxyAuthentication",
        "the HTTP proxy asks for a user and password",
        "put them into proxy=http://USER:PASSWORD@HOST:PORT, percent-encoded",
    ),
)
