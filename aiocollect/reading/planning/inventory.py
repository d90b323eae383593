"""What a store holds: its streams, and of which days."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ..._core.settings import Settings
from ..._threads.runner import run
from ..._validation.checks import check_choice
from ...errors import ConfigError, Refusal, StoreRefused
from ...options import StoreOptions
from ...typing import Catalog, Credential, Layout, Store
from ..asked.request import ReadFormat
from ..compacted.folders import days_in
from ..fetch.fetcher import listing
from ..fetch.opening import opener, places_in
from ..fetch.patience import TIMEOUT
from ..fetch.united import files_of
from .planner import PlacesOf, find_place, prefix_of

__all__ = ["StreamInfo", "found_streams", "streams"]

_DEFAULTS = Settings()
_NO_OPTIONS: StoreOptions = {}
_DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StreamInfo(NamedTuple):
    """One stream: its names, how many parts and bytes it has, and the time (UTC) from the first
    folder's begin to the last one's end, parts and compacted files.

    ``changed``: when something was last stored in its parts; None where the store does not say, or
    there is no part. ``compacted``: the end of the last day of which there is a compacted file;
    None: there is none. Rows can come later than a file of their day.
    """

    model: str
    version: str
    stream: str
    parts: int
    bytes: int
    begin: datetime
    end: datetime
    changed: datetime | None = None
    compacted: datetime | None = None


def streams(
    store: Store | str | os.PathLike[str],
    model: str | None = None,
    *,
    version: str | None = None,
    compacted: Store | str | os.PathLike[str] | None = None,
    container: str | None = None,
    credential: Credential | None = None,
    workspace: str = _DEFAULTS.workspace,
    service: str = _DEFAULTS.service,
    layout: Layout | str | None = None,
    format: ReadFormat | None = None,  # noqa: A002 - a public name
    store_options: StoreOptions = _NO_OPTIONS,
    timeout: float = TIMEOUT,
) -> list[StreamInfo]:
    """The streams of a store, or of one model or version, by their names; those too whose parts
    were all removed after compaction. The other options are those of read(). Only names, lengths
    and times are asked for. Raises ConfigError, StoreRefused and StoreUnreachable."""
    if version is not None and model is None:
        raise ConfigError("version= needs a model")
    if format is not None:
        check_choice("format", format, ("csv", "jsonl", "mdc"))
    places_of = places_in(layout, workspace=workspace, service=service, format_=format)
    known = {"model": model, "version": version}
    names = {name: text for name, text in known.items() if text is not None}
    places_of(names)
    open_store = opener(store, container, credential, store_options, compacted, timeout=timeout)

    async def main() -> list[StreamInfo]:
        async with open_store.opened() as catalog:
            found = await found_streams(catalog, places_of, names)
            try:
                days = await days_in(files_of(catalog), names)
            except StoreRefused as refused:
                # A credential may be for the rows alone, as a SAS for one directory is.
                if refused.reason is not Refusal.NO_RIGHT:
                    raise
                days = {}
            return _united(found, days, longest=max(one.longest for one in places_of(names)))

    return run(main)


async def found_streams(
    catalog: Catalog, places_of: PlacesOf, names: dict[str, str]
) -> list[StreamInfo]:
    """The streams below these names that have parts, from one listing."""
    places = places_of(names)
    found: dict[tuple[str, str, str], tuple[int, int, int, int, float]] = {}
    for listed in await listing(catalog, prefix_of(places)):
        place = find_place(places, listed.path)
        if place is None:
            continue
        said = names | dict(zip(places[0].asked, place.names, strict=True))
        key = (said.get("model", ""), said.get("version", ""), said.get("identifier", ""))
        parts, size, begin, end, changed = found.get(key, (0, 0, place.begin, place.end, 0.0))
        found[key] = (
            parts + 1,
            size + listed.length,
            min(begin, place.begin),
            max(end, place.end),
            max(changed, listed.modified or 0.0),
        )
    return [
        StreamInfo(
            *key,
            parts,
            size,
            _moment(begin),
            _moment(end),
            datetime.fromtimestamp(changed, UTC) if changed else None,
        )
        for key, (parts, size, begin, end, changed) in sorted(found.items())
    ]


def _united(
    found: list[StreamInfo],
    days: dict[tuple[str, str, str], tuple[datetime, datetime]],
    *,
    longest: int,
) -> list[StreamInfo]:
    """With what there is in compacted files; ``days``: the first and the last of each stream. A
    file is called after the first day of its folder, which is ``longest`` microseconds at most."""
    # As compact() calls the version where the layout knows none.
    united = {(info.model, info.version or "default", info.stream): info for info in found}
    for names, (first, last) in days.items():
        end = last + timedelta(microseconds=longest)
        if longest > _DAY:  # months and years are not all of one length
            end = end.replace(day=1, month=end.month if longest < 32 * _DAY else 1)
        info = united.get(names) or StreamInfo(*names, 0, 0, first, end)
        united[names] = info._replace(
            begin=min(info.begin, first), end=max(info.end, end), compacted=end
        )
    return [info for _, info in sorted(united.items())]


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
