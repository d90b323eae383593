"""The correlation id that a request brings.

What a client sends ends up in every row, and in files that somebody opens with a spreadsheet. So an
id must have a bounded length and harmless characters; any other is ignored. And the day in an id
like ours counts only if the server trusts its clients: otherwise any client could open blobs of any
day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from .. import ConfigError, correlation

__all__ = ["REQUEST_IDS", "header_names", "id_of", "scoring_of"]

# In this order. The second one is what Azure's services and gateways send.
REQUEST_IDS = ("x-request-id", "x-ms-request-id")

# Begins like an id, and never like a formula.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=@|-]{0,127}")
# W3C Trace Context: version, trace id, parent id, flags; later versions may add fields. The version
# ff and ids of zeros alone are invalid.
_TRACEPARENT = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)


def header_names(option: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names in lower case. Raises ConfigError if this is not a list of names."""
    if isinstance(names, str) or not all(isinstance(name, str) and name for name in names):
        raise ConfigError(f"{option} must be a list of header names")
    return tuple(name.lower() for name in names)


def id_of(
    header: Callable[[str], str | None], *, request_ids: Sequence[str] = REQUEST_IDS
) -> str | None:
    """The first of ``request_ids`` that is an id, else the trace id of ``traceparent``, else None.

    ``header`` gives a header's text by its lower-case name.
    """
    for name in request_ids:
        text = (header(name) or "").strip()
        if _ID.fullmatch(text):
            return text
    found = _TRACEPARENT.fullmatch((header("traceparent") or "").strip())
    if found and (found[1] != "00" or not found[3]):
        return found[2]
    return None


def scoring_of(
    header: Callable[[str], str | None],
    *,
    request_ids: Sequence[str] = REQUEST_IDS,
    trust_ids: bool = False,
) -> correlation:
    """The correlation of a request, by ``id_of``; with ``trust_ids`` its rows go to the day in an
    id that is one of ours."""
    return correlation(id_of(header, request_ids=request_ids), carries_day=trust_ids)
