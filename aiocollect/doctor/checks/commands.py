"""The commands that remedies show, with the names of this account filled in. Pure.

learn.microsoft.com/cli/azure/storage/container and /role/assignment.
"""

from __future__ import annotations

import re
from typing import Final

from aiocollect.remedies import explain

from ..facts import CredentialFacts, StoreFacts

__all__ = ["filled", "make_container", "make_role", "make_sas", "remedy_of"]

_account: Final = re.compile(r"\bACCOUNT\b(?!-)").sub
_container: Final = re.compile(r"\bCONTAINER\b(?!-)").sub
_scope: Final = re.compile(r"\bCONTAINER-RESOURCE-ID\b").sub


def filled(text: str, store: StoreFacts) -> str:
    """A remedy of the table, with the account and the container in place of the capitals."""
    text = _scope(lambda _: _resource(store), text)
    text = _account(lambda _: store.account or "ACCOUNT", text)
    return _container(lambda _: store.container or "CONTAINER", text)


def make_container(store: StoreFacts) -> str:
    """Make the container, by one's own sign-in."""
    return (
        f"az storage container create --account-name {store.account} --name {store.container} "
        "--auth-mode login"
    )


def make_sas(store: StoreFacts, rights: str = "acr") -> str:
    """A new SAS of the container for seven days, the longest life of one that an identity signs."""
    return (
        f"az storage container generate-sas --account-name {store.account} --name "
        f"{store.container} --permissions {rights} --https-only --expiry "
        "$(date -u -d '+7 days' +%Y-%m-%dT%H:%MZ) --auth-mode login --as-user --output tsv"
    )


def make_role(store: StoreFacts, credential: CredentialFacts) -> str:
    """Give the identity its role on the container."""
    who = "PRINCIPAL (the object id of the identity)"
    if credential.identity == "cli":
        who = "$(az ad signed-in-user show --query id --output tsv)"
    return (
        f"az role assignment create --role 'Storage Blob Data Contributor' --assignee {who} "
        f"--scope {_resource(store)}; it takes some minutes to take effect"
    )


def remedy_of(code: str, store: StoreFacts, credential: CredentialFacts | None) -> str:
    """What to do about a refusal: the command that fits this credential, else the table's text."""
    kind = "none" if credential is None else credential.kind
    if store.kind == "azure" and code in ("AuthorizationPermissionMismatch", "no_right"):
        if kind in ("identity", "token"):
            assert credential is not None
            return make_role(store, credential)
        if kind == "sas":
            return make_sas(store)
    if store.kind == "emulator":
        return "create another SAS with sp=acr and sr=c, or use azurite://HOST:PORT/CONTAINER"
    if store.kind == "azure" and code == "AuthenticationFailed" and kind == "sas":
        return f"check the clock, or create another SAS: {make_sas(store)}"
    if store.kind == "azure" and code == "AuthenticationFailed" and kind == "key":
        return (
            f"compare the key: az storage account keys list --account-name {store.account} "
            "--output table"
        )
    return filled(explain(code).remedy, store)


def _resource(store: StoreFacts) -> str:
    return (
        f"$(az storage account show --name {store.account or 'ACCOUNT'} --query id --output tsv)"
        f"/blobServices/default/containers/{store.container or 'CONTAINER'}"
    )
