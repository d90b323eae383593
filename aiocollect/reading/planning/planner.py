"""Makes the plan of a request: lists what is there, and says what is missing by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeAlias

from ...errors import ConfigError, Refusal, StoreRefused
from ...typing import LOG_ROOT, Catalog, Listed
from ..asked.notes import Notes
from ..asked.request import JOINED, LABELS, Request
from ..asked.when import FOREVER, moment_text
from ..compacted.folders import day_of, folder_of, names_in
from ..fetch.fetcher import listing
from ..fetch.united import files_of
from ..parts.places import PartPlace, Places
from ..parts.plan import Plan, PlannedPart, planned

if TYPE_CHECKING:
    from ..compacted.files import Fold  # Arrow is imported when something is read

__all__ = ["PlacesOf", "Planner", "find_place", "part_of", "prefix_of"]

# The places of a stream, in each layout that may be, by the names that are known: "model",
# "version", "identifier".
PlacesOf: TypeAlias = Callable[[dict[str, str]], Sequence[Places]]


Found: TypeAlias = list[tuple[PlannedPart, PartPlace]]


class Planner:
    """``places_of`` turns the layout round."""

    def __init__(self, request: Request, places_of: PlacesOf, notes: Notes) -> None:
        self._request = request
        self._places_of = places_of
        self._notes = notes

    def __repr__(self) -> str:
        return f"<Planner of {self._request.model!r}>"

    async def plan(self, catalog: Catalog) -> Plan:
        """List the parts of all streams. ConfigError where there are none to be read."""
        request = self._request
        version = request.version
        if version is None:
            version = await self.only_version(catalog)
        found: list[tuple[PlannedPart, PartPlace]] = []
        streams = request.streams or JOINED
        there = []
        for stream in streams:
            parts = await self.parts(catalog, version, stream)
            try:
                parts, _ = await self.united(catalog, version, stream, parts)
            except StoreRefused as refused:
                # A credential may be for the rows alone, as a SAS for one directory is.
                if refused.reason is not Refusal.NO_RIGHT:
                    raise
                text = f"compacted files cannot be looked for: {refused}"
                self._notes.add("compacted", stream, text)
            found += parts
            if parts:
                there.append(stream)
        if request.streams is None:
            streams = tuple(there) or streams
        plan = planned(found, streams=streams, begin=request.begin, end=FOREVER)
        plan = Plan(
            {
                # Labels under ids of others lie where they were collected, which is later.
                stream: parts
                if stream == LABELS and not request.single
                else tuple(part for part in parts if part.begin < request.end)
                for stream, parts in plan.streams.items()
            }
        )
        empty = [stream for stream in streams if not plan.streams.get(stream)]
        if empty and (request.streams is not None or len(empty) == len(streams)):
            await self._explain(catalog, version, empty, all_empty=len(empty) == len(streams))
        return plan

    async def parts(self, catalog: Catalog, version: str, stream: str) -> Found:
        """The parts of a stream that are in the store."""
        request = self._request
        places = self._places_of({"model": request.model, "version": version, "identifier": stream})
        found = []
        for listed in await listing(catalog, self._prefix(places, stream)):
            place = find_place(places, listed.path)
            if place is None:
                continue
            found.append((part_of(stream, listed, place), place))
        return found

    async def united(
        self, catalog: Catalog, version: str, stream: str, found: Found
    ) -> tuple[Found, Fold]:
        """The parts behind their watermarks, and the compacted files that have the rest.

        The files are listed after the parts: what was put into a file and removed meanwhile is then
        in one of the two, in whichever order it happened.
        """
        from ..compacted.files import PARQUET, days_without_sources, files_in, part_of_file

        request = self._request
        places = self._places_of({"model": request.model, "version": version, "identifier": stream})
        begin, end = self._span(stream)
        fold = await files_in(
            files_of(catalog),
            folder_of(request.model, version, stream),
            begin=begin,
            end=end,
            longest=max(one.longest for one in places),
            is_mine=lambda path: find_place(places, path) is not None,
            places=prefix_of(places),
            parts=[(part.path, part.created, part.length) for part, _ in found],
        )
        there = {(part.path, part.created) for part, _ in found}
        incomplete = days_without_sources(fold.files, there, self._prefix(places, stream))
        rest = []
        for part, place in found:
            mark = fold.marks.get((part.path, part.created), 0)
            if not mark or mark < part.length:
                checked = day_of(part.begin) in incomplete
                rest.append((part._replace(start=mark, checked=checked), place))
        for file in fold.files:
            part = part_of_file(stream, file)
            # Before the parts of its day.
            place = PartPlace((), part.begin, part.end, "", -1, file.number, PARQUET, PARQUET)
            rest.append((part, place))
        return rest, fold

    def _span(self, stream: str) -> tuple[int, int]:
        request = self._request
        end = FOREVER if stream == LABELS and not request.single else request.end
        return request.begin, end

    def _prefix(self, places: Sequence[Places], stream: str) -> str:
        begin, end = self._span(stream)
        bounded = begin > 0 and end < FOREVER
        return prefix_of(places, begin, end) if bounded else prefix_of(places)

    # What is there ------------------------------------------------------------------------------

    async def versions(self, catalog: Catalog) -> list[str]:
        """The versions that there are of the model."""
        model = self._request.model
        if "version" not in self._places_of({"model": model})[0].asked:
            return ["default"]  # the layout knows no versions
        return await self._names(catalog, {"model": model}, "version")

    async def only_version(self, catalog: Catalog) -> str:
        """The one version of the model. ConfigError where there are none, or several."""
        model = self._request.model
        versions = await self.versions(catalog)
        if len(versions) == 1:
            return versions[0]
        if versions:
            raise ConfigError(
                f"model {model!r} has {len(versions)} versions: {_listed(versions)}; set version="
            )
        raise await self._no_model(catalog)

    async def explain(self, catalog: Catalog, version: str | None) -> None:
        """Raise ConfigError where the one stream that is asked for is not there."""
        if version is None:
            version = await self.only_version(catalog)
        await self._explain(catalog, version, list(self._request.streams or ()), all_empty=True)

    async def _no_model(self, catalog: Catalog) -> ConfigError:
        model = self._request.model
        models = await self._names(catalog, {}, "model")
        if not models:
            return ConfigError(
                "the store has nothing under this workspace, service and layout; check "
                "that store=, workspace=, service= and layout= are those of the pipeline"
            )
        return ConfigError(f"there is no model {model!r}; {_choice(model, models)}")

    async def _explain(
        self, catalog: Catalog, version: str, empty: list[str], *, all_empty: bool
    ) -> None:
        """Raise ConfigError where a stream was never there; else note that the span is empty."""
        request = self._request
        known = {"model": request.model, "version": version}
        streams = await self._names(catalog, known, "identifier")
        if not streams:
            versions = await self._names(catalog, {"model": request.model}, "version")
            if versions and version not in versions:
                raise ConfigError(
                    f"model {request.model!r} has no version {version!r}; "
                    f"{_choice(version, versions)}"
                )
            raise await self._no_model(catalog)
        if all_empty and request.streams is None and not set(streams) & set(JOINED):
            raise ConfigError(
                f"model {request.model!r} has no inputs, predictions or labels; there are "
                f"{_listed(streams)}: name what to read with streams="
            )
        for stream in empty:
            if stream not in streams and request.streams is not None:
                raise ConfigError(
                    f"model {request.model!r} has no stream {stream!r}; {_choice(stream, streams)}"
                )
            span = f"from {moment_text(request.begin)}"
            if request.end < FOREVER:
                span += f" to {moment_text(request.end)}"
            self._notes.add("span", stream, f"there is nothing {span}")

    async def _names(self, catalog: Catalog, known: dict[str, str], asked: str) -> list[str]:
        """The names of a field that occur below what is known."""
        places = self._places_of(known)
        if asked not in places[0].asked:
            return []
        at = places[0].asked.index(asked)
        names = set()
        for listed in await listing(catalog, prefix_of(places)):
            place = find_place(places, listed.path)
            if place is not None:
                names.add(place.names[at])
        try:
            compacted = await names_in(files_of(catalog), known, asked)
        except StoreRefused as refused:
            if refused.reason is not Refusal.NO_RIGHT:
                raise
            compacted = set()  # plan() says so
        return sorted(names | compacted)


def part_of(stream: str, listed: Listed, place: PartPlace) -> PlannedPart:
    """A blob as it was listed, as far as it went."""
    return PlannedPart(
        stream,
        listed.path,
        listed.length,
        listed.created,
        place.format,
        place.begin,
        place.end,
        listed.committed,
    )


def prefix_of(places: Sequence[Places], begin: int | None = None, end: int | None = None) -> str:
    """What all paths of these places begin with."""
    return min((one.prefix(begin, end) for one in places), key=len)


def find_place(places: Sequence[Places], path: str) -> PartPlace | None:
    """What the first of them that knows the path says of it. The log is none of them."""
    if path.startswith(LOG_ROOT):
        return None
    return next((place for one in places if (place := one.find(path)) is not None), None)


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:8])
    return f"{shown}, …" if len(names) > 8 else shown


def _choice(name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, n=1)
    meant = f": did you mean {near[0]!r}?" if near else ""
    return f"there {'is' if len(names) == 1 else 'are'} {_listed(names)}{meant}"
