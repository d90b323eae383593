"""The kind of a credential, and the parts of a SAS that are no secret."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiocollect.events import CredentialWarning

from ..facts import CredentialFacts, SasFacts

__all__ = ["credential_of"]

IDENTITIES = ("default", "managed", "workload", "cli")


def credential_of(address: str, credential: Any, store: Any) -> CredentialFacts:
    """Of a store's ``address`` and ``credential``, as they were given, and of the store that was
    made of them. Nothing is requested."""
    warnings: list[tuple[str, str]] = []

    def hear(event: CredentialWarning) -> None:
        warnings.append((event.aspect, event.reason))

    inspect = getattr(store, "inspect", None)
    if inspect is not None:
        inspect(hear)
    kind, text = _kind(address, credential)
    if kind == "identity":
        return CredentialFacts(kind="identity", identity=text)
    sas = _sas(text) if kind == "sas" else None
    return CredentialFacts(kind=kind, sas=sas, warnings=tuple(warnings))


def _kind(address: str, credential: Any) -> tuple[Any, str]:
    if isinstance(credential, str) and credential.strip():
        text = credential.strip()
        if text.lower() in IDENTITIES:
            return "identity", text.lower()
        return ("sas", text) if "sig=" in text else ("key", "")
    if hasattr(credential, "signature"):
        return "sas", str(credential.signature)
    if hasattr(credential, "named_key"):
        return "key", ""
    if hasattr(credential, "get_token") or hasattr(credential, "get_token_info"):
        return "token", ""
    if callable(credential):
        return "function", ""
    if address.startswith("azurite:") or "usedevelopmentstorage=true" in address.lower():
        return "emulator", ""
    if "://" in address.partition("=")[0]:
        query = urlsplit(address).query
        return ("sas", query) if "sig=" in query else ("identity", "default")
    parts = dict(part.partition("=")[::2] for part in address.split(";") if part)
    folded = {name.strip().lower(): value for name, value in parts.items()}
    if folded.get("accountkey"):
        return "key", ""
    sas = folded.get("sharedaccesssignature") or folded.get("blobendpoint", "").partition("?")[2]
    return ("sas", sas) if sas else ("none", "")


def _sas(text: str) -> SasFacts:
    query = parse_qs(text.strip().lstrip("?"))

    def one(name: str) -> str:
        value = query.get(name, [""])[0]
        return value if value.isalnum() and len(value) <= 20 else ""

    return SasFacts(
        rights=one("sp"),
        resource=one("sr"),
        signed_by_identity="skoid" in query,
        policy="si" in query,
        addresses="sip" in query,
    )
