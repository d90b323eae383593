"""The table, second part: credential, rights, account, container, and what was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from aiocollect.doctor.checks.access import account, container, credential, rights
from aiocollect.doctor.checks.writing import clean, condition, read_back, speed, write
from aiocollect.doctor.facts import Facts, OptionsFacts, SasFacts, Step

from .given import (
    AZURE,
    CLI,
    DONE,
    KEY,
    MANAGED,
    NO_CONTAINER,
    NO_RIGHT,
    SAS,
    WHOLE,
    Row,
    of_account,
    of_probe,
    warned,
)


# fmt: off
def store_rows() -> Iterator[Row]:
    """Name, check, facts, lines."""
    yield "key", credential, Facts(credential=KEY), [("ok", "an account key, which allows", "")]
    yield "sas", credential, Facts(credential=SAS), [("ok", "a SAS (sp=acr, sr=c)", "")]
    yield "identity", credential, Facts(credential=MANAGED), [("ok", "the identity 'managed'", "")]
    expired = "it expired at 2026-11-01 00:00 UTC; rows are held until it is replaced"
    yield "expired", credential, warned("expiry", expired), [
        ("fail", "the SAS: it expired at 2026-11-01 00:00 UTC",
         "az storage container generate-sas --account-name acme --name modeldata"),
    ]
    wide = "it grants more than collecting needs (w: write); create one with sp=acr: add"
    yield "wide", credential, warned("rights", wide), [
        ("warn", "more than collecting needs (w: write)", "create one with sp=acr"),
    ]
    directory = replace(SAS, sas=SasFacts(rights="acr", resource="d"))
    yield "directory sas", credential, Facts(credential=directory, store=AZURE), [
        ("warn", "one directory (sr=d): the log", "AIOCOLLECT_LOG=false"),
        ("ok", "sr=d", ""),
    ]
    yield "container", container, of_probe(), [("ok", "modeldata exists", "")]
    absent: dict[str, Any] = dict.fromkeys(("create", "append", "list", "delete"))
    absent["open"] = NO_CONTAINER
    create = "az storage container create --account-name acme --name modeldata --auth-mode login"
    yield "container to be", container, of_probe(**absent), [
        ("warn", "the pipeline creates it with the first row", create),
    ]
    yield "no container", container, of_probe(SAS, **absent), [
        ("fail", "modeldata does not exist", create),
    ]
    yield "no rights without one", rights, of_probe(SAS, **absent), []
    yield "nothing written without one", write, of_probe(SAS, **absent), [
        ("skip", "the container does not exist", ""),
    ]
    every = "create yes, append yes, read yes, list yes, delete yes"
    yield "rights", rights, of_probe(), [("ok", every, "")]
    without: dict[str, Any] = {"list": NO_RIGHT, "delete": NO_RIGHT, "left": True}
    yield "acr", rights, of_probe(SAS, **without), [
        ("ok", "read yes, list no, delete no", ""),
        ("ok", "without list, aiocollect ls", ""),
    ]
    yield "ac", rights, of_probe(SAS, open=NO_RIGHT, read_back=NO_RIGHT), [
        ("warn", "read no", "generate-sas --account-name acme --name modeldata --permissions acr"),
    ]
    yield "ac, own blobs", rights, of_probe(SAS, writer="own", open=NO_RIGHT), [
        ("ok", "read no, list yes", ""),
    ]
    yield "r", rights, of_probe(SAS, create=NO_RIGHT, append=NO_RIGHT), [
        ("fail", "the right to create and append is missing", "--permissions acr"),
    ]
    yield "reader role", rights, of_probe(MANAGED, create=NO_RIGHT, append=NO_RIGHT), [
        ("fail", "create no, append no",
         "az role assignment create --role 'Storage Blob Data Contributor' --assignee PRINCIPAL"),
    ]
    yield "reader role of az", rights, of_probe(CLI, create=NO_RIGHT, append=NO_RIGHT), [
        ("fail", "append no", "--assignee $(az ad signed-in-user show --query id --output tsv)"),
    ]
    again: dict[str, Any] = {
        "create": NO_RIGHT,
        "open": NO_RIGHT,
        "left_before": True,
        "append": Step("mismatch", "AppendPositionConditionNotMet"),
    }
    yield "a blob of an earlier run", rights, of_probe(SAS, **again), [
        ("warn", "create yes, append yes, read no", "--permissions acr"),
    ]
    wrong: dict[str, Any] = {"open": Step("refused", "AuthenticationFailed", "credential")}
    yield "wrong key", rights, of_probe(**wrong), [
        ("fail", "wrong or has expired", "az storage account keys list --account-name acme"),
    ]
    blocked: dict[str, Any] = {"open": Step("refused", "AuthorizationFailure", "credential")}
    yield "firewall", rights, of_probe(**blocked), [
        ("fail", "network rules block this machine",
         "az storage account network-rule add --account-name acme --ip-address"),
    ]
    yield "account", account, of_account(kind="StorageV2", sku="Standard_LRS"), [
        ("ok", "StorageV2, Standard_LRS", ""),
    ]
    yield "premium", account, of_account(kind="BlockBlobStorage", sku="Premium_LRS"), [
        ("ok", "BlockBlobStorage, Premium_LRS", ""),
    ]
    yield "page blobs", account, of_account(kind="StorageV2", sku="Premium_LRS"), [
        ("fail", "page blobs only", "az storage account create --name NAME"),
    ]
    yield "files", account, of_account(kind="FileStorage", sku="Premium_LRS"), [
        ("fail", "file shares only", "--kind StorageV2"),
    ]
    yield "hns", account, of_account(kind="StorageV2", sku="Standard_LRS", hierarchical=True), [
        ("ok", "hierarchical namespace", ""),
    ]
    yield "unknown kind", account, of_account(code="AuthorizationPermissionMismatch"), [
        ("skip", "its kind is not known", ""),
    ]
    kept: dict[str, Any] = {"kind": "StorageV2", "sku": "S", "soft_delete_days": 7}
    yield "soft delete", account, of_account(**kept, versioning=True), [
        ("ok", "StorageV2", ""),
        ("ok", "kept for 7 days", ""),
        ("ok", "have versions", ""),
    ]
    held: dict[str, Any] = {"kind": "StorageV2", "sku": "S", "immutability_policy": True}
    yield "policy, appends allowed", account, of_account(**held), [
        ("ok", "StorageV2", ""),
        ("ok", "and appends are allowed", ""),
    ]
    refusing = replace(WHOLE, append=Step("refused", "BlobImmutableDueToPolicy", "immutable"))
    yield "policy", account, of_account(refusing, **held), [
        ("ok", "StorageV2", ""),
        ("warn", "has an immutability policy",
         "--container-name modeldata --period DAYS --allow-protected-append-writes true"),
    ]
    yield "policy written", write, of_probe(append=refusing.append), [
        ("fail", "append: an immutability policy forbids appending", "allow-protected-append"),
    ]
    hold: dict[str, Any] = {"kind": "StorageV2", "sku": "S", "legal_hold": True}
    yield "hold", account, of_account(refusing, **hold), [
        ("ok", "StorageV2", ""),
        ("warn", "has a legal hold", "az storage container legal-hold"),
    ]
    yield "write", write, of_probe(), [("ok", "a blob was created and appended to", "")]
    yield "written unseen", write, of_probe(SAS, **again), [
        ("ok", "the right to append was found", ""),
    ]
    yield "no directory", write, of_probe(create=Step("refused", "ENOENT", "blob_missing")), [
        ("fail", "create: the directory does not exist (ENOENT)", "create it"),
    ]
    yield "late", write, of_probe(append=Step("late", "ReadTimeout", "", 10.0)), [
        ("fail", "append: no answer within 10 s", "status.azure.com"),
    ]
    yield "not written", write, Facts(store=AZURE, write=False), [("skip", "--no-write", "")]
    yield "written by nobody", write, Facts(), []
    yield "condition", condition, of_probe(), [("ok", "is refused (412)", "")]
    yield "no condition", condition, of_probe(misplaced=DONE), [
        ("fail", "cannot store rows exactly once", "changes headers"),
    ]
    yield "odd condition", condition, of_probe(misplaced=Step("unknown", "HTTP502")), [
        ("warn", "no clear answer", "no action needed"),
    ]
    yield "read back", read_back, of_probe(), [("ok", "byte by byte", "")]
    yield "other bytes", read_back, of_probe(read_back=Step("different")), [
        ("fail", "other bytes are there", "caching proxies"),
    ]
    yield "clean", clean, of_probe(), [("ok", "nothing is left behind", "")]
    yield "left", clean, of_probe(delete=NO_RIGHT, left=True), [
        ("ok", "a/doctor.csv could not be deleted (AuthorizationPermissionMismatch)", ""),
    ]
    yield "speed", speed, of_probe(), [
        ("ok", "takes 20 ms (slowest 30 ms); with linger=2 up to 20 processes can share", ""),
    ]
    slow = (0.5, 0.5, 0.6)
    yield "slow", speed, of_probe(latencies=slow), [
        ("warn", "takes 500 ms", "AIOCOLLECT_WRITER=own, or AIOCOLLECT_LINGER=2.5"),
    ]
    yield "slow, own blobs", speed, of_probe(writer="own", latencies=slow), [
        ("ok", "each process has a blob of its own", ""),
    ]
    fast = replace(of_probe(), options=OptionsFacts(linger=0.5))
    yield "short linger", speed, fast, [("ok", "a steady stream fills 4 parts a day", "")]
# fmt: on
