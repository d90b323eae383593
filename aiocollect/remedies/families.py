"""Families of codes, by their first letters, and the text for a code that is in no row.

Longer prefixes come first, since the first match wins.
"""

from __future__ import annotations

from typing import Final

from .access import Row

__all__ = ["FAMILIES", "GENERAL", "OURS", "WAIT"]

OURS: Final = "report it with this code and the versions of aiocollect and azure-storage-blob"
WAIT: Final = (
    "no action needed, it is retried; if this lasts, check status.azure.com and the account's "
    "metrics"
)

FAMILIES: Final[tuple[Row, ...]] = (
    ("no answer", "no answer came from the store", WAIT),
    (
        "StoreRaised",
        (
            "the store raised an error other than StoreError, so it is not known whether rows "
            "were stored"
        ),
        (
            "it is retried; if you wrote this store, make it raise StoreError only (see "
            "aiocollect.typing)"
        ),
    ),
    (
        "StoreReturned",
        (
            "the store returned a value that the Store protocol does not allow, so it is not "
            "known whether rows were stored"
        ),
        "it is retried; if you wrote this store, follow the Protocol in aiocollect.typing",
    ),
    (
        "Sdk",
        (
            "azure-storage-blob itself failed, usually because the answer did not come "
            "from the service"
        ),
        f"check the proxies between this machine and the service; if this lasts, {OURS}",
    ),
    (
        "SasCallbackTimeout",
        "the function that returns the SAS did not answer in time",
        "give its HTTP client a time-out shorter than sas_timeout=",
    ),
    (
        "SasCallback",
        "the function that returns the SAS failed or returned no SAS",
        "call it by hand; it must return the text of a SAS with its signature",
    ),
    (
        "TokenHTTP5",
        "the token endpoint is in trouble",
        "no action needed, it is asked again; check status.azure.com",
    ),
    (
        "Token",
        "no token was issued for the identity",
        "try by hand: az account get-access-token --resource https://storage.azure.com",
    ),
    (
        "Lease",
        "a lease on the blob or container blocks the request",
        (
            "break the lease: az storage blob lease break --account-name ACCOUNT "
            "--container-name CONTAINER --blob-name BLOB"
        ),
    ),
    (
        "KeyVault",
        "the account's own encryption key cannot be read from its key vault",
        "check the key, and that the account's identity may use it",
    ),
    (
        "HTTP401",
        "the service, or a proxy in front of it, asks for a credential",
        "check the credential; a proxy's user and password go into proxy=",
    ),
    (
        "HTTP403",
        "the service, or a proxy in front of it, forbids the request",
        "check the credential, the account's network rules, and the proxies in between",
    ),
    (
        "HTTP413",
        "a proxy does not accept a block of this size",
        (
            "no action needed, the block is halved between rows; to avoid this, raise the "
            "proxy's limit"
        ),
    ),
    (
        "HTTP429",
        "the service, or a proxy in front of it, asks for fewer requests",
        "no action needed, it is retried more slowly",
    ),
    ("HTTP5", "the service, or a proxy in front of it, is in trouble", WAIT),
    (
        "HTTP3",
        "a proxy redirects the request to another address",
        "check the host and scheme in store=",
    ),
    (
        "HTTP",
        "a proxy, gateway or sign-in page answered instead of the service",
        "find out what answers between this machine and the service",
    ),
)

GENERAL: Final = (
    "the store answered with a code that aiocollect does not know",
    f"look it up at learn.microsoft.com/rest/api/storageservices; then {OURS}",
)
