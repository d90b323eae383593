"""Families of codes, by their first letters, and what is said of a code that is in no row.

The longer beginnings stand first, since the first that fits is taken.
"""

from __future__ import annotations

from typing import Final

from .service import Row

__all__ = ["FAMILIES", "GENERAL", "OURS", "WAIT"]

OURS: Final = "report it, with this code and the versions of aiocollect and azure-storage-blob"
WAIT: Final = "nothing, it is tried on; if it lasts, see status.azure.com and the account's metrics"

FAMILIES: Final[tuple[Row, ...]] = (
    ("no answer", "no answer came from the store", WAIT),
    (
        "StoreRaised",
        "the store raised what is no StoreError, so whether rows landed is not known",
        "it is tried on; a store of your own raises StoreErrors alone: mend it (aiocollect.typing)",
    ),
    (
        "StoreReturned",
        "the store returned what no store returns, so whether rows landed is not known",
        "it is tried on; mend the store of your own by the Protocol in aiocollect.typing",
    ),
    (
        "Sdk",
        (
            "azure-storage-blob raised an error of its own, mostly over an answer that is not the "
            "service's"
        ),
        f"see what stands between; if it lasts, {OURS}",
    ),
    (
        "SasCallbackTimeout",
        "the function that gives the SAS did not answer in time",
        "give its HTTP client a time-out below sas_timeout=",
    ),
    (
        "SasCallback",
        "the function that gives the SAS failed, or gave none",
        "call it by hand; it must return the text of a SAS, with its signature",
    ),
    (
        "TokenHTTP5",
        "the token endpoint is in trouble",
        "nothing, it is asked again; see status.azure.com",
    ),
    (
        "Token",
        "no token could be got for the identity",
        "try it by hand: az account get-access-token --resource https://storage.azure.com",
    ),
    (
        "Lease",
        "a lease on the blob or container is in the way",
        (
            "end it: az storage blob lease break --account-name ACCOUNT --container-name "
            "CONTAINER --blob-name BLOB"
        ),
    ),
    ("KeyVault", "the account's own key cannot be had from its key vault", "see the account's key"),
    (
        "HTTP401",
        "something on the way, or the service, wants a credential",
        "check the credential; a proxy's goes into proxy=",
    ),
    (
        "HTTP403",
        "something on the way, or the service, forbids the request",
        "check the credential, the account's network rules, and the proxies on the way",
    ),
    (
        "HTTP413",
        "a proxy on the way takes no block of this size",
        "nothing: it is halved between rows; else raise the proxy's limit",
    ),
    (
        "HTTP429",
        "something on the way asks for fewer requests",
        "nothing, it is tried more slowly",
    ),
    ("HTTP5", "the service, or something on the way, is in trouble", WAIT),
    (
        "HTTP3",
        "something on the way sends the request elsewhere",
        "check host and scheme in store=",
    ),
    (
        "HTTP",
        "something on the way answered in the service's place",
        "see which proxy, gateway or sign-in page stands between",
    ),
)

GENERAL: Final = (
    "the store gave an answer that is in no list of ours",
    f"look the code up at learn.microsoft.com/rest/api/storageservices; then {OURS}",
)
