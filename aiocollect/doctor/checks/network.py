"""Checks of the way to the service: name, connection, TLS, who answers, and the clocks. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from aiocollect.remedies import explain

from ..diagnosis import CheckResult
from ..facts import Facts, NetworkFacts, Step

__all__ = ["network"]

# Seconds. The service refuses keys and SAS signed more than 15 minutes off.
# learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
SKEWED, TOO_SKEWED = 60.0, 600.0
# Days until a certificate ends: those of the service are replaced in time, those of a proxy or an
# emulator are often forgotten.
SOON = 7.0


def network(facts: Facts) -> Iterator[CheckResult]:
    """Each step of the way; after one that failed the others are not looked at."""
    found = facts.network
    if found is None:
        if facts.store.kind in ("azure", "emulator") and facts.offline:
            yield CheckResult("network", "skip", "not looked at (--offline)")
        return
    where = f"{found.host}:{found.port}"
    if found.proxy_variables and not found.proxy:
        names = ", ".join(found.proxy_variables)
        yield CheckResult("proxy", "ok", f"none; {names} is ignored, only AIOCOLLECT_PROXY counts")
    elif found.proxy:
        yield CheckResult("proxy", "ok", "requests go through the proxy of AIOCOLLECT_PROXY")
    for check, step, text in (
        ("name", found.name, f"{found.host} is {_places(found)}"),
        ("connection", found.connection, f"{where} answers in {_milliseconds(found.connection)}"),
        ("tls", found.tls, _certificate(found)),
        ("service", found.answer, f"a blob service answers ({found.server or 'unnamed'})"),
    ):
        if step is None or (check == "name" and found.host in found.addresses):
            continue
        if step.outcome != "done":
            account = facts.store.account if facts.store.kind == "azure" else ""
            yield _failed(check, step, found, account)
            return
        if check == "tls" and found.certificate_days is not None and found.certificate_days < SOON:
            remedy = "have the certificate renewed"
            yield CheckResult(check, "warn", text, remedy)
        elif check == "service" and not found.is_service:
            yield CheckResult(
                check,
                "fail",
                f"something else answers at {where} ({found.server or 'unnamed'})",
                "check host and port in the store's address, and the proxies in between",
                "HTTP",
                group="store",
            )
            return
        else:
            yield CheckResult(check, "ok", text)
    yield from _clock(found)


def _failed(check: str, step: Step, found: NetworkFacts, account: str) -> CheckResult:
    known = explain(step.code)
    meaning = known.meaning
    if step.outcome == "late" and check in ("tls", "service"):
        meaning = "it takes connections, and does not answer in time"
    remedy = known.remedy.replace("ACCOUNT.blob.core.windows.net", found.host)
    remedy = remedy.replace("HOST:443", f"{found.host}:{found.port}")
    if step.code == "TlsVerify":
        remedy = (
            "name the file of the certificate authority, such as your company's: "
            "AIOCOLLECT_CA_FILE=/etc/ssl/company.pem"
        )
    if step.code == "ReadTimeout":
        remedy = "check the firewalls and proxies in between, and host and port in store="
    if found.proxy and check in ("name", "connection"):
        remedy = "check host and port in AIOCOLLECT_PROXY, and that the proxy runs"
    elif check == "name" and account and ".blob." in found.host:
        remedy += (
            f"; does the account exist: az storage account show --name {account} --query "
            "primaryEndpoints.blob --output tsv"
        )
    if found.proxy_variables and not found.proxy and check in ("name", "connection"):
        remedy = (
            f"if this machine reaches the network through a proxy only: export AIOCOLLECT_PROXY="
            f'"${found.proxy_variables[0]}"; else {remedy}'
        )
    where = found.host if check == "name" else f"{found.host}:{found.port}"
    return CheckResult(check, "fail", f"{where}: {meaning}", remedy, step.code, group="store")


def _clock(found: NetworkFacts) -> Iterator[CheckResult]:
    if found.skew is None:
        return
    off = abs(found.skew)
    direction = "ahead of" if found.skew > 0 else "behind"
    text = f"this machine's clock is {_duration(off)} {direction} the service's"
    remedy = "set the clock: sudo timedatectl set-ntp true"
    if off >= TOO_SKEWED:
        remedy += "; the service refuses keys and SAS when clocks differ by 15 minutes"
        yield CheckResult("clock", "fail", text, remedy, "AuthenticationFailed", group="store")
    elif off >= SKEWED:
        yield CheckResult("clock", "warn", text, remedy)
    else:
        yield CheckResult("clock", "ok", f"within {max(1, round(off))} s of the service's")


def _places(found: NetworkFacts) -> str:
    shown = ", ".join(found.addresses[:3])
    return f"{shown} (a private address)" if found.private else shown


def _certificate(found: NetworkFacts) -> str:
    if found.certificate_days is None:
        return "the certificate is trusted"
    return (
        f"the certificate is trusted, issued by {found.issuer or 'an unnamed authority'}, "
        f"valid for {found.certificate_days:.0f} days"
    )


def _milliseconds(step: Step | None) -> str:
    return "" if step is None else f"{step.seconds * 1000:.0f} ms"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
