"""Where compacted files are, by their names alone: nothing here needs Arrow.

``<target>/model=churn/version=10/stream=inputs/date=2026-11-28/0.parquet``, ``1.parquet`` …: the
keys are Hive's, so that other engines pass over what they need not read. A Delta table has its log
beside the days, in ``_delta_log/``; others that merge its files call the folders after the column.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from ...layouts import escape
from ...typing import Catalog
from ..fetch.fetcher import listing
from ..parts.places import unescape

__all__ = ["day_of", "days_in", "folder_of", "names_in"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KEYS: Final = {"model": "model", "version": "version", "identifier": "stream"}
_is_folded: Final = re.compile(
    r"model=(?P<model>[^/]+)/version=(?P<version>[^/]+)/stream=(?P<identifier>[^/]+)/"
    r"(?:(?:date|(?:\$|%24)aml_dc_date)=(?P<day>\d{4}-\d\d-\d\d)/[^/]+\.parquet"
    r"|_delta_log/\d{20}\.json)"
).fullmatch


def folder_of(model: str, version: str, stream: str) -> str:
    """Where the days of a stream are."""
    return (
        f"model={escape(model, what='model')}/version={escape(version, what='version')}/"
        f"stream={escape(stream, what='identifier')}/"
    )


def day_of(moment: int) -> str:
    """The day of a moment, in microseconds since 1970, as its folder is called."""
    return (_EPOCH + timedelta(microseconds=moment)).strftime("%Y-%m-%d")


async def names_in(catalog: Catalog, known: Mapping[str, str], asked: str) -> set[str]:
    """The names of a field ("model", "version", "identifier") that the folders have below what is
    known. Those of other services too: nobody looks into the files for it."""
    return {
        unescape(found[asked])
        for listed in await listing(catalog, _below(known))
        if (found := _is_folded(listed.path)) is not None
    }


async def days_in(
    catalog: Catalog, known: Mapping[str, str]
) -> dict[tuple[str, str, str], tuple[datetime, datetime]]:
    """By model, version and stream, the first and the last day (UTC) of which there are files."""
    found: dict[tuple[str, str, str], tuple[datetime, datetime]] = {}
    for listed in await listing(catalog, _below(known)):
        said = _is_folded(listed.path)
        if said is None or said["day"] is None:
            continue
        model, version, stream = (unescape(said[field]) for field in _KEYS)
        day = datetime.fromisoformat(f"{said['day']}T00:00:00+00:00")
        first, last = found.get((model, version, stream), (day, day))
        found[model, version, stream] = min(first, day), max(last, day)
    return found


def _below(known: Mapping[str, str]) -> str:
    """What all paths of these names begin with."""
    prefix = ""
    for field, key in _KEYS.items():
        if field not in known:
            break
        prefix += f"{key}={escape(known[field], what=field)}/"
    return prefix or "model="
