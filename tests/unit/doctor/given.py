"""What the rows of the table are made of: facts where all is well, and each change of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

from aiocollect.doctor.checks import Check
from aiocollect.doctor.facts import (
    CredentialFacts,
    Facts,
    NetworkFacts,
    OptionsFacts,
    PathFacts,
    ProbeFacts,
    ProcessFacts,
    SasFacts,
    Step,
    StoreFacts,
)
from aiocollect.stores.azure import AccountInfo

# State, words of the text, words of the remedy; "" where there must be none.
Line: TypeAlias = tuple[str, str, str]
# Name, check, facts, and the lines that they must give.
Row: TypeAlias = tuple[str, Check, Facts, list[Line]]

AZURE = StoreFacts(
    kind="azure",
    shown="https://acme.blob.core.windows.net/modeldata",
    account="acme",
    container="modeldata",
)
MIB = 2**20
DONE = Step(seconds=0.02)
MISSING = Step("refused", "BlobNotFound", "blob_missing")
NO_RIGHT = Step("refused", "AuthorizationPermissionMismatch", "no_right")
NO_CONTAINER = Step("refused", "ContainerNotFound", "container_missing")
WHOLE = ProbeFacts(
    path="a/doctor.csv", open=MISSING, create=DONE, append=DONE,
    misplaced=Step("mismatch", "AppendPositionConditionNotMet"), read_back=DONE, list=DONE,
    delete=DONE, latencies=(0.02, 0.03, 0.02),
)  # fmt: skip
NETWORK = NetworkFacts(
    host="acme.blob.core.windows.net", port=443, addresses=("20.60.1.2",), name=DONE,
    connection=DONE, tls=DONE, issuer="Microsoft Corporation", certificate_days=120.0,
    answer=DONE, server="Windows-Azure-Blob/1.0", skew=0.4,
)  # fmt: skip
KEY = CredentialFacts(kind="key")
SAS = CredentialFacts(kind="sas", sas=SasFacts(rights="acr", resource="c"))
MANAGED = CredentialFacts(kind="identity", identity="managed")
CLI = CredentialFacts(kind="identity", identity="cli")


def of_process(**given: Any) -> Facts:
    return Facts(process=ProcessFacts(**given))


def of_options(**given: Any) -> Facts:
    return Facts(options=OptionsFacts(**given))


def of_path(what: str, **given: Any) -> Facts:
    path = PathFacts(**{"what": what, "path": "/var/spool/x", "me": 1000, "owner": 1000, **given})
    return Facts(paths=(path,))


def of_network(**given: Any) -> Facts:
    return Facts(store=AZURE, network=replace(NETWORK, **given))


def of_probe(who: CredentialFacts = KEY, *, writer: str = "shared", **given: Any) -> Facts:
    return Facts(
        store=AZURE,
        credential=who,
        probe=replace(WHOLE, **given),
        options=OptionsFacts(writer=writer),
    )


def of_account(probe: ProbeFacts | None = WHOLE, **given: Any) -> Facts:
    return Facts(store=AZURE, credential=KEY, account=AccountInfo(**given), probe=probe)


def warned(aspect: str, reason: str) -> Facts:
    facts = replace(SAS, warnings=((aspect, reason),))
    return Facts(store=AZURE, credential=facts)
