"""What each code means, and what to do: the one table that log, docs, page and doctor read.

A code is what ``Held``, ``Retrying``, a refusal, a drop or ``held`` in ``stats()`` shows: the blob
service's own, one of aiocollect's, or a key under which rows are counted. ``explain()`` answers for
any text, with a general line if it is in no row. Texts are fixed and contain nothing of an answer.

Sources: learn.microsoft.com/rest/api/storageservices, common-rest-api-error-codes,
blob-service-error-codes and append-block; learn.microsoft.com/azure/storage/common, sas-overview
and immutable storage; github.com/Azure/azure-sdk-for-python, azure-identity's TROUBLESHOOTING.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .families import FAMILIES, GENERAL
from .names import ERRORS, EVENTS
from .own import OWN
from .service import SERVICE

__all__ = ["CODES", "NAMES", "Remedy", "explain", "known", "look_up"]


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a code means and what to do, each a clause of plain English without a full stop."""

    code: str
    meaning: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.meaning}; {self.remedy}"


def _rows() -> Iterator[tuple[str, Remedy]]:
    for codes, meaning, remedy in (*SERVICE, *OWN):
        for code in codes.split():
            yield code, Remedy(code, meaning, remedy)


CODES: Final[Mapping[str, Remedy]] = dict(_rows())
# Of events and of errors: a name is met in a log or a traceback, beside the code.
NAMES: Final[Mapping[str, Remedy]] = {row[0]: Remedy(*row) for row in (*EVENTS, *ERRORS)}
_BY_FOLDED: Final = {name.casefold(): name for name in (*NAMES, *CODES)}


def known(code: str) -> bool:
    """Whether the code has a row of its own, or belongs to a family."""
    return code in CODES or any(code.startswith(prefix) for prefix, _, _ in FAMILIES)


def look_up(text: str) -> Remedy | None:
    """The remedy of a code, or of the name of an event or an error, however it is written; None if
    nothing is known of it."""
    wanted = text.strip().strip("'\"`()").rpartition(".")[2]
    if wanted in NAMES or known(wanted):
        return NAMES.get(wanted) or explain(wanted)
    # In a chat or a ticket the case gets lost.
    found = _BY_FOLDED.get(wanted.casefold())
    return None if found is None else NAMES.get(found) or explain(found)


def explain(code: str) -> Remedy:
    """The remedy of a code; a general one for a code that is in no row."""
    found = CODES.get(code)
    if found is not None:
        return found
    inner = CODES.get(code.removeprefix("Token"))
    if inner is not None:  # a code of the store, met at the token endpoint
        return Remedy(code, f"no token for the identity: {inner.meaning}", inner.remedy)
    for prefix, meaning, remedy in FAMILIES:
        if code.startswith(prefix):
            return Remedy(code, meaning, remedy)
    meaning, remedy = GENERAL
    return Remedy(code, meaning, remedy)
