"""compact() and acompact(): what users call."""

from __future__ import annotations

import asyncio
import inspect
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, Unpack, get_args

from .._core.settings import Settings
from .._threads.runner import run
from .._validation.checks import check_choice, check_flag
from ..errors import ConfigError
from ..options import StoreOptions
from ..reading.asked.when import FOREVER, When, moment_of
from ..reading.fetch.opening import Opener, import_arrow, opener, places_in
from ..reading.fetch.united import files_of, parts_of
from ..typing import Credential, Layout, Store
from .result import Compaction

if TYPE_CHECKING:
    from .run import Compactor

__all__ = ["CompactOptions", "TableFormat", "acompact", "compact"]

TableFormat: TypeAlias = Literal["parquet", "delta"]
Progress: TypeAlias = Callable[[int, int], None]


class CompactOptions(TypedDict, total=False):
    """The options of compact() and acompact(), for functions that pass them on."""

    model: str | None
    version: str | None
    until: When
    format: TableFormat
    remove_after: str | None
    dry_run: bool
    progress: Progress | None
    container: str | None
    credential: Credential | None
    workspace: str
    service: str
    layout: Layout | str | None
    store_options: StoreOptions


# Two parse while one sorts; one encodes while one merges.
THREADS = 3
_DEFAULTS = Settings()
_ALL = ("0s", "0m", "0h", "0d", "0w")
_NO_OPTIONS: StoreOptions = {}


def compact(
    store: Store | str | os.PathLike[str],
    target: Store | str | os.PathLike[str],
    *,
    model: str | None = None,
    version: str | None = None,
    until: When = "2d",
    format: TableFormat = "parquet",  # noqa: A002 - a public name
    remove_after: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    container: str | None = None,
    credential: Credential | None = None,
    workspace: str = _DEFAULTS.workspace,
    service: str = _DEFAULTS.service,
    layout: Layout | str | None = None,
    store_options: StoreOptions = _NO_OPTIONS,
) -> Compaction:
    """Put what was collected into Parquet files, each row exactly once:
    ``<target>/model=churn/version=10/stream=inputs/date=2026-11-28/0.parquet``; or into a Delta
    table for each stream, in ``<target>/model=churn/version=10/stream=inputs``.

    A run takes what no file has yet: of folders that ended at ``until`` or before, one file for
    each day and stream. Any number of runs, at a time too, and runs that are killed, never lose or
    double a row. read() unites the files with what is not in them.

    ================  ==========================================================================
    ``store``         as read() takes it, with ``container``, ``credential``, ``workspace``,
                      ``service``, ``layout``, ``store_options``
    ``target``        a store, with the same credential; it can be the same one: read() finds the
                      files there by itself, and elsewhere with ``compacted=target``
    ``model``         None: all; ``version`` likewise
    ``until``         folders that ended by then: a length of time before now ("2d"; "0d": all that
                      is there), a day, an aware datetime or ISO 8601 text
    ``format``        "parquet"; or "delta", for Databricks, Fabric and Spark: needs the extra
                      ``delta``. A column of a table has one type
    ``remove_after``  None: the parts stay. "30d": parts are removed that are wholly in files, and
                      whose folder ended so long ago
    ``dry_run``       say what would be done, and do nothing
    ``progress``      is called with the bytes that are done, and those that there are
    ================  ==========================================================================

    Raises ConfigError; StoreError where the store refuses; SchemaConflict where a cell is not of
    the type that its column has in a Delta table.
    """
    compactor = _checked(
        store,
        target,
        {
            "model": model,
            "version": version,
            "until": until,
            "format": format,
            "remove_after": remove_after,
            "dry_run": dry_run,
            "progress": progress,
            "container": container,
            "credential": credential,
            "workspace": workspace,
            "service": service,
            "layout": layout,
            "store_options": store_options,
        },
    )

    async def main() -> Compaction:
        # On a loop of our own. Each thread keeps memory of its own.
        threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aiocollect-compact")
        asyncio.get_running_loop().set_default_executor(threads)
        return await compactor.run()

    return run(main)


async def acompact(
    store: Store | str | os.PathLike[str],
    target: Store | str | os.PathLike[str],
    **options: Unpack[CompactOptions],
) -> Compaction:
    """compact() on the caller's loop, with its options; what takes long is done in threads."""
    given = inspect.signature(compact).bind(store, target, **options)
    given.apply_defaults()
    return await _checked(store, target, given.kwargs).run()


def _checked(
    store: Store | str | os.PathLike[str],
    target: Store | str | os.PathLike[str],
    options: dict[str, Any],
) -> Compactor:
    """``options``: all of those of compact(), whose signature alone has the defaults."""
    import_arrow()
    from ..reading.compacted.delta_log import import_delta
    from .run import Compactor

    model, version, until = options["model"], options["version"], options["until"]
    remove_after = options["remove_after"]
    for name, text in (("model", model), ("version", version)):
        if text is not None and (not isinstance(text, str) or not text):
            raise ConfigError(f"{name} must be text, or None for all")
    if version is not None and model is None:
        raise ConfigError("version= needs a model")
    now = time.time_ns() // 1000
    end = moment_of(until, option="until", now=now)
    if end is None:
        raise ConfigError("until must be a time, such as '2d', or '0d' for everything")
    if remove_after is not None and not isinstance(remove_after, str):
        raise ConfigError("remove_after must be a length of time, such as '30d', or None")
    gone = moment_of(remove_after, option="remove_after", now=now)
    check_choice("format", options["format"], get_args(TableFormat))
    if options["format"] == "delta":
        import_delta()
    check_flag("dry_run", options["dry_run"])
    places_of = places_in(
        options["layout"],
        workspace=options["workspace"],
        service=options["service"],
        format_=None,
    )
    names = {name: one for name, one in (("model", model), ("version", version)) if one}
    places_of(names)
    open_store = opener(
        store, options["container"], options["credential"], options["store_options"], target
    )
    _check_target(open_store, removes=gone is not None)
    return Compactor(
        open_store,
        places_of,
        names,
        until=FOREVER if until in _ALL else end,
        remove_until=gone,
        format_=options["format"],
        dry_run=options["dry_run"],
        progress=options["progress"] or _silent,
    )


def _silent(done: int, total: int) -> None:
    pass


def _check_target(open_store: Opener, *, removes: bool) -> None:
    catalog = open_store()
    wanted: list[tuple[str, object, str]] = [("target", files_of(catalog), "put")]
    if removes:
        wanted += [("store", parts_of(catalog), name) for name in ("seal_at", "delete_if")]
    for option, one, method in wanted:
        if not callable(getattr(one, method, None)):
            raise ConfigError(
                f"{option}: {type(one).__name__} cannot be used for compaction: it has no "
                f"{method}(); see aiocollect.typing.ObjectStore"
            )
