"""What a store holds: its streams, and of which days."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ..._core.settings import Settings
from ..._threads.runner import run
from ..._validation.checks import check_choice
from ...errors import ConfigError
from ...options import StoreOptions
from ...typing import Catalog, Credential, Layout, Store
from ..asked.request import ReadFormat
from ..fetch.fetcher import listing
from ..fetch.opening import opener, places_in
from ..fetch.patience import TIMEOUT
from .planner import PlacesOf, find_place, prefix_of

__all__ = ["StreamInfo", "found_streams", "streams"]

_DEFAULTS = Settings()
_NO_OPTIONS: StoreOptions = {}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StreamInfo(NamedTuple):
    """One stream: its names, how many parts and bytes it has, and the time (UTC) from the first
    folder's begin to the last one's end."""

    model: str
    version: str
    stream: str
    parts: int
    bytes: int
    begin: datetime
    end: datetime


def streams(
    store: Store | str | os.PathLike[str],
    model: str | None = None,
    *,
    version: str | None = None,
    container: str | None = None,
    credential: Credential | None = None,
    workspace: str = _DEFAULTS.workspace,
    service: str = _DEFAULTS.service,
    layout: Layout | str | None = None,
    format: ReadFormat | None = None,  # noqa: A002 - a public name
    store_options: StoreOptions = _NO_OPTIONS,
    timeout: float = TIMEOUT,
) -> list[StreamInfo]:
    """The streams of a store, or of one model or version, by their names. The other options are
    those of read(). Only names and lengths are asked for. Raises ConfigError, StoreRefused
    and StoreUnreachable."""
    if version is not None and model is None:
        raise ConfigError("version= needs a model")
    if format is not None:
        check_choice("format", format, ("csv", "jsonl", "mdc"))
    places_of = places_in(layout, workspace=workspace, service=service, format_=format)
    known = {"model": model, "version": version}
    names = {name: text for name, text in known.items() if text is not None}
    places_of(names)
    open_store = opener(store, container, credential, store_options, timeout=timeout)

    async def main() -> list[StreamInfo]:
        async with open_store.opened() as catalog:
            return await found_streams(catalog, places_of, names)

    return run(main)


async def found_streams(
    catalog: Catalog, places_of: PlacesOf, names: dict[str, str]
) -> list[StreamInfo]:
    """The streams below these names, from one listing."""
    places = places_of(names)
    found: dict[tuple[str, str, str], tuple[int, int, int, int]] = {}
    for listed in await listing(catalog, prefix_of(places)):
        place = find_place(places, listed.path)
        if place is None:
            continue
        said = names | dict(zip(places[0].asked, place.names, strict=True))
        key = (said.get("model", ""), said.get("version", ""), said.get("identifier", ""))
        parts, size, begin, end = found.get(key, (0, 0, place.begin, place.end))
        found[key] = (
            parts + 1,
            size + listed.length,
            min(begin, place.begin),
            max(end, place.end),
        )
    return [
        StreamInfo(*key, parts, size, _moment(begin), _moment(end))
        for key, (parts, size, begin, end) in sorted(found.items())
    ]


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
