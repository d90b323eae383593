"""Findings about a SAS: more rights than collecting needs, its expiry, plain HTTP.

Invariants: only the text of the SAS is judged, without a request; a finding is a warning and never
an error, since clocks differ, a SAS can depend on a stored policy, and held rows are not lost. A
finding shows nothing of the SAS but the letters of its rights and its times.

Source: learn.microsoft.com/rest/api/storageservices, create-service-sas and create-account-sas.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from ...events import CredentialWarning
from .sas import SasRenewal, expiry_of
from .target import Target

__all__ = ["inspect", "inspect_sas"]

# Add, create and, for shared blobs, read.
NEEDED: Final = "acr"
RIGHTS: Final = {
    "w": "write, which overwrites", "d": "delete", "x": "delete version", "y": "delete permanently",
    "l": "list", "t": "tags", "f": "filter by tags", "m": "move", "e": "execute",
    "o": "ownership", "p": "permissions", "i": "immutability", "u": "update",
}  # fmt: skip
SOON: Final = 24 * 3600.0


def inspect(
    target: Target, renewal: SasRenewal | None, tell: Callable[[CredentialWarning], None]
) -> None:
    """Report the findings about a given SAS; for one from a callback, once the first has come."""

    def look(sas: str) -> None:
        https = target.url.startswith("https:")
        for found in inspect_sas(sas, now=time.time(), https=https, renewed=renewal is not None):
            tell(found)

    sas: Any = getattr(target.credential, "signature", target.credential)
    if renewal is not None:
        renewal.first = look
    elif isinstance(sas, str) and "sig=" in sas:
        look(sas)


def inspect_sas(
    sas: str, *, now: float, https: bool, renewed: bool = False
) -> Iterator[CredentialWarning]:
    """The findings an operator should know, at most one per aspect.

    ``now``: seconds since 1970. ``https``: whether it is used; otherwise the SAS need not forbid
    HTTP. ``renewed``: a callback renews it, so its life can be short.
    """
    query = parse_qs(sas.lstrip("?"))
    # Without sp, a stored policy defines the rights, and perhaps the expiry.
    rights = "".join(query.get("sp", ()))
    more = [f"{letter}: {name}" for letter, name in RIGHTS.items() if letter in rights]
    if more:
        yield CredentialWarning(
            aspect="rights",
            reason=(
                f"it grants more than collecting needs ({', '.join(more)}); create one with "
                "sp=acr: add, create, read"
            ),
        )
    if rights and not set("aw") & set(rights):
        yield CredentialWarning(
            aspect="missing", reason="it does not grant the right to append; create one with sp=acr"
        )
    services = "".join(query.get("ss", ()))
    if services.strip("b"):
        yield CredentialWarning(
            aspect="scope",
            reason=(
                "it also grants access to services other than blobs; create one scoped to this "
                "container"
            ),
        )
    elif query.get("sr") == ["b"]:
        yield CredentialWarning(
            aspect="scope",
            reason="it is scoped to a single blob; create one for the container (sr=c)",
        )
    yield from _times(query, expiry_of(sas), now=now, renewed=renewed)
    if https and query.get("spr") != ["https"]:
        yield CredentialWarning(
            aspect="protocol",
            reason=(
                "it may be used over plain HTTP, where anybody on the network can read it; "
                "create one with spr=https"
            ),
        )


def _times(
    query: dict[str, list[str]], end: float | None, *, now: float, renewed: bool
) -> Iterator[CredentialWarning]:
    begin = expiry_of(urlencode({"se": query.get("st", [""])[0]}))
    if begin is not None and begin > now:
        yield CredentialWarning(
            aspect="start",
            reason=f"it is valid only from {_shown(begin)}; rows are held until then",
        )
    if end is not None and end <= now:
        yield CredentialWarning(
            aspect="expiry",
            reason=f"it expired at {_shown(end)}; rows are held until it is replaced",
        )
    elif end is not None and end - now < SOON and not renewed:
        yield CredentialWarning(
            aspect="expiry",
            reason=(
                f"it expires at {_shown(end)}, in less than a day; rows are held from then on. "
                "Pass a function that returns a SAS: it is called before the SAS expires"
            ),
        )


def _shown(moment: float) -> str:
    try:
        return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        return "a time out of range"
