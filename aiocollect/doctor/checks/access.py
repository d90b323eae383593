"""Checks of the credential, of the kind of account, and of the container. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from aiocollect.remedies import explain

from ..diagnosis import CheckResult
from ..facts import CredentialFacts, Facts, ProbeFacts, Step
from .commands import make_container, make_sas, remedy_of

__all__ = ["account", "container", "credential", "rights"]

KINDS = {
    "key": "an account key, which allows everything",
    "sas": "a SAS",
    "function": "a function that returns a SAS",
    "token": "a token credential of the program",
    "identity": "an identity",
    "emulator": "the emulator's well-known key",
    "none": "none",
}
# What Get Account Information names, and no append blob fits in.
# learn.microsoft.com/azure/storage/common/storage-account-overview
NO_APPENDS = {"FileStorage": "it is for file shares only"}


def credential(facts: Facts) -> Iterator[CheckResult]:
    """Which kind it is, and what is wrong with a SAS by its text alone."""
    found = facts.credential
    if found is None:
        return
    text = KINDS[found.kind]
    if found.kind == "identity":
        text = f"the identity {found.identity!r}"
    if found.sas is not None:
        text += _parts(found)
    for aspect, reason in found.warnings:
        yield _warned(aspect, reason, facts)
    if found.sas is not None and found.sas.resource == "d":
        yield CheckResult(
            "credential",
            "warn" if facts.options.log else "ok",
            "the SAS is for one directory (sr=d): the log, which is in _aiocollect/ at the top of "
            "the container, is outside of it",
            "set AIOCOLLECT_LOG=false, or use a SAS for the container (sr=c)"
            if facts.options.log
            else "",
            group="access",
        )
    if not found.warnings:
        yield CheckResult("credential", "ok", text, group="access")


def _warned(aspect: str, reason: str, facts: Facts) -> CheckResult:
    """The store's own warning about a SAS, its sentence cut where it says what to do."""
    ended = aspect == "expiry" and reason.startswith("it expired")
    fails = ended or aspect in ("missing", "start")
    text, _, remedy = reason.partition("; create one")
    remedy = f"create one{remedy}" if remedy else ""
    text, _, other = text.partition(". Pass ")
    remedy = f"pass {other}" if other else remedy
    if facts.store.kind == "azure":
        remedy = f"{remedy}: {make_sas(facts.store)}" if remedy else make_sas(facts.store)
    elif not remedy:
        remedy = "create another SAS with sp=acr"
    return CheckResult(
        "credential",
        "fail" if fails else "warn",
        f"the SAS: {text}",
        remedy,
        "AuthenticationFailed" if fails else "CredentialWarning",
        group="access",
    )


def _parts(found: CredentialFacts) -> str:
    assert found.sas is not None
    parts = []
    if found.sas.rights:
        parts.append(f"sp={found.sas.rights}")
    if found.sas.resource:
        parts.append(f"sr={found.sas.resource}")
    if found.sas.policy:
        parts.append("of a stored access policy")
    if found.sas.signed_by_identity:
        parts.append("signed by an identity")
    if found.sas.addresses:
        parts.append("for some addresses only (sip=)")
    return f" ({', '.join(parts)})" if parts else ""


def account(facts: Facts) -> Iterator[CheckResult]:
    """The kind of account takes append blobs, and no policy forbids them."""
    found = facts.account
    if found is None:
        return
    if not found.kind and found.code:
        yield CheckResult(
            "account",
            "skip",
            f"its kind is not known: {explain(found.code).meaning} ({found.code})",
            code=found.code,
        )
    elif found.kind:
        name = f"{found.kind}, {found.sku}"
        name += ", hierarchical namespace" if found.hierarchical else ""
        reason = NO_APPENDS.get(found.kind, "")
        if found.kind in ("Storage", "StorageV2") and found.sku.startswith("Premium"):
            reason = "premium accounts of this kind hold page blobs only"
        if reason:
            yield CheckResult(
                "account",
                "fail",
                f"{name}: {reason}",
                "create another one: az storage account create --name NAME --resource-group GROUP "
                "--kind StorageV2 --sku Standard_LRS",
                group="store",
            )
        else:
            yield CheckResult("account", "ok", name)
    if found.immutability_policy or found.legal_hold:
        yield _locked(facts, hold=bool(found.legal_hold))
    if found.soft_delete_days:
        yield CheckResult(
            "account",
            "ok",
            f"deleted blobs are kept for {found.soft_delete_days} days (soft delete), and paid for",
        )
    if found.versioning:
        yield CheckResult(
            "account",
            "ok",
            "blobs have versions; appends make none, but each blob that is deleted leaves one",
        )


def _locked(facts: Facts, *, hold: bool) -> CheckResult:
    store = facts.store
    # The one proof is an append: with protected appends allowed, it works.
    append = None if facts.probe is None else facts.probe.append
    works = append is not None and append.outcome == "done"
    what = "a legal hold" if hold else "an immutability policy"
    text = f"the container has {what}"
    if works:
        text += ", and appends are allowed; what is stored can be neither changed nor deleted"
        return CheckResult("container", "ok", text)
    remedy = (
        f"az storage container legal-hold clear --account-name {store.account} --container-name "
        f"{store.container} --tags TAGS"
        if hold
        else f"az storage container immutability-policy create --account-name {store.account} "
        f"--container-name {store.container} --period DAYS --allow-protected-append-writes true"
    )
    code = "BlobImmutableDueToLegalHold" if hold else "BlobImmutableDueToPolicy"
    return CheckResult("container", "warn", text, remedy, code, group="store")


def container(facts: Facts) -> Iterator[CheckResult]:
    """It exists, or a pipeline can make it."""
    probe, store = facts.probe, facts.store
    if probe is None or probe.open is None or not store.container:
        return
    missing = [step for step in _steps(probe) if step.reason == "container_missing"]
    if missing and missing[0].code != "ContainerNotFound":
        code = missing[0].code
        known = explain(code)
        yield CheckResult("container", "fail", known.meaning, known.remedy, code, group="store")
    elif missing:
        makes = (
            facts.options.create_container
            and facts.credential is not None
            and facts.credential.kind in ("key", "emulator")
        )
        text = f"{store.container} does not exist"
        if makes:
            text += "; the pipeline creates it with the first row"
        create = make_container(store)
        if store.kind == "emulator":
            create = "az storage container create --connection-string … --name " + store.container
        yield CheckResult(
            "container",
            "warn" if makes else "fail",
            text,
            create,
            "ContainerNotFound",
            group="store",
        )
    elif any(step.outcome in ("done", "exists", "mismatch") for step in _steps(probe)):
        yield CheckResult("container", "ok", f"{store.container} exists")


def rights(facts: Facts) -> Iterator[CheckResult]:
    """What the credential may do, tried one by one: the table, then what is wrong with it."""
    probe = facts.probe
    if probe is None or any(step.reason == "container_missing" for step in _steps(probe)):
        return
    table = allowed(probe, facts.credential)
    shown = ", ".join(f"{name} {_word(answer)}" for name, answer in table.items())
    code = next((step.code for step in _steps(probe) if step.reason in _REFUSALS), "")
    if probe.open is not None and probe.open.reason == "credential":
        known = explain(probe.open.code)
        text = f"{known.meaning} ({probe.open.code})"
        if facts.store.kind == "emulator":
            # It has this code for whatever it does not accept.
            text = f"the emulator does not accept the key or SAS ({probe.open.code})"
        remedy = remedy_of(probe.open.code, facts.store, facts.credential)
        yield CheckResult("rights", "fail", text, remedy, probe.open.code, group="access")
        return
    if table["append"] is False or table["create"] is False:
        lacking = " and ".join(name for name in ("create", "append") if table[name] is False)
        yield CheckResult(
            "rights",
            "fail",
            f"{shown}: the right to {lacking} is missing ({code})",
            remedy_of(code or "no_right", facts.store, facts.credential),
            code,
            group="access",
        )
    elif table["read"] is False:
        yield CheckResult(
            "rights",
            "warn" if facts.options.writer == "shared" else "ok",
            f"{shown}: without read each process writes to a blob of its own",
            remedy_of(code or "no_right", facts.store, facts.credential)
            if facts.options.writer == "shared"
            else "",
            code,
            group="access",
        )
    else:
        yield CheckResult("rights", "ok", shown, group="access")
    if table["list"] is False:
        text = (
            "without list, aiocollect ls, tail, stats and verify cannot read with this credential"
        )
        yield CheckResult("rights", "ok", text, group="access")


_REFUSALS = ("no_right", "credential")


def allowed(probe: ProbeFacts, credential: CredentialFacts | None) -> dict[str, bool | None]:
    """Each right: whether it was granted; None where that is not known."""
    create = _granted(probe.create)
    if probe.left_before and create is False:
        # The blob of an earlier run: the service refuses to overwrite it, by the same code.
        sas = None if credential is None else credential.sas
        create = bool(set("cw") & set(sas.rights)) if sas is not None and sas.rights else None
    return {
        "create": create,
        "append": _granted(probe.append),
        "read": _granted(probe.open),
        "list": _granted(probe.list),
        "delete": _granted(probe.delete),
    }


def _granted(step: Step | None) -> bool | None:
    if step is None or step.outcome in ("unknown", "late"):
        return None
    if step.outcome == "refused" and step.reason not in _REFUSALS:
        # A blob that is missing was looked for, and so allowed; a policy or a disk says nothing.
        return True if step.reason == "blob_missing" and step.code != "ENOENT" else None
    return step.outcome != "refused"


def _word(answer: bool | None) -> str:
    return {True: "yes", False: "no", None: "?"}[answer]


def _steps(probe: ProbeFacts) -> list[Step]:
    every = (probe.open, probe.create, probe.append, probe.list, probe.delete)
    return [step for step in every if step is not None]
