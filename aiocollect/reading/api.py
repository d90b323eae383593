"""read() and aread(): what users call. Checks what it is given; the rest is the dataset's.

pyarrow, and all of this folder that needs it, is imported with the first call.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from .._core.settings import Settings
from .._validation.checks import check_choice, check_flag
from ..errors import ConfigError
from ..options import StoreOptions
from ..typing import METADATA, Credential, Layout, Store
from .asked.notes import Notes
from .asked.request import LABELS, Labels, OnDrift, OnMissing, ReadFormat, Request, checked_streams
from .asked.when import FOREVER, When, moment_of, span_of
from .fetch.opening import import_arrow, opener, places_in
from .fetch.patience import TIMEOUT
from .following.position import frozen_plan
from .parts.plan import narrowed
from .planning.planner import Planner

if TYPE_CHECKING:
    from .dataset import Dataset

__all__ = ["ReadOptions", "aread", "read"]


class ReadOptions(TypedDict, total=False):
    """The options of read() and aread(), for functions that pass them on."""

    version: str | None
    streams: Sequence[str] | str | None
    start: When
    end: When
    columns: Sequence[str] | None
    where: Any
    schema: Mapping[str, Any] | None
    labels: Labels
    labels_until: When
    on_missing: OnMissing
    on_drift: OnDrift
    as_of: str | None
    compacted: Store | str | os.PathLike[str] | None
    strict: bool
    prefix: bool
    container: str | None
    credential: Credential | None
    workspace: str
    service: str
    layout: Layout | str | None
    format: ReadFormat | None
    store_options: StoreOptions
    timeout: float


_DEFAULTS = Settings()
_NO_OPTIONS: StoreOptions = {}


def read(
    store: Store | str | os.PathLike[str],
    model: str,
    *,
    version: str | None = None,
    streams: Sequence[str] | str | None = None,
    start: When = None,
    end: When = None,
    columns: Sequence[str] | None = None,
    where: Any = None,
    schema: Mapping[str, Any] | None = None,
    labels: Labels = "latest",
    labels_until: When = None,
    on_missing: OnMissing = "keep",
    on_drift: OnDrift = "widen",
    as_of: str | None = None,
    compacted: Store | str | os.PathLike[str] | None = None,
    strict: bool = False,
    prefix: bool = False,
    container: str | None = None,
    credential: Credential | None = None,
    workspace: str = _DEFAULTS.workspace,
    service: str = _DEFAULTS.service,
    layout: Layout | str | None = None,
    format: ReadFormat | None = None,  # noqa: A002 - a public name
    store_options: StoreOptions = _NO_OPTIONS,
    timeout: float = TIMEOUT,
) -> Dataset:
    """What a model has seen and said, as a :class:`Dataset`: one row for each that was scored.

    Nothing is asked of the store yet. Where the dataset is looked at, the parts are listed, and
    read as far as they go at that moment: exactly, also while they are written.

    ================  ==========================================================================
    ``store``         as a Pipeline's, with ``container``, ``credential``, ``workspace``,
                      ``service``, ``store_options``; a Store of your own needs list() and fetch()
    ``version``       None: the only one there is
    ``streams``       None: inputs, predictions and labels, as far as there are any, joined by
                      correlation id and row; a list: these; a text: that stream alone
    ``start, end``    the time of the scoring, from ``start`` until before ``end``: a day, an aware
                      datetime, ISO 8601 text (UTC), or a length of time before now ("7d", "12h")
    ``columns``       None: all
    ``where``         a pyarrow.compute expression: the rows for which it is true
    ``schema``        types of columns that are told, not seen: {"age": float, "plan": "string"}
    ``labels``        "latest", "first", or "all" (a row for each); or an Arrow table or a frame of
                      your own with $aml_dc_correlation_id and, for calls of many rows, $aml_dc_row
    ``labels_until``  labels as they were known at that time
    ``on_missing``    a row without inputs or predictions: "keep" it, "drop" it, or "raise"
                      Incomplete after the last row
    ``on_drift``      columns or kinds of cells that differ between parts: "widen" to a type that
                      holds them all, and note it, or "raise" SchemaConflict
    ``as_of``         the ``snapshot`` of a dataset, or the ``position`` of a follower: these bytes
    ``compacted``     the target of compact(): its files are read, and of each part what is behind
                      them. None: they are looked for in the store itself
    ``strict``        what cannot be read raises SchemaConflict; else it is noted and left out
    ``prefix``        columns are called by their streams too: ``predictions.p``
    ``layout``        None: the documented one, by the day or the hour; "mdc": that of Azure ML's
                      model data collector; else as the Pipeline's
    ``format``        None: CSV and JSONL, by the names of the files; "mdc": the records of that
                      collector in another layout
    ``timeout``       seconds that the store may take for one answer, with all tries
    ================  ==========================================================================

    Raises ConfigError here for options that are wrong, and for names that are not there once the
    store was asked; it says which there are.
    """
    import_arrow()
    from .cells.types import told_types
    from .dataset import Dataset
    from .source import Reading

    if not isinstance(model, str) or not model:
        raise ConfigError("model must be text: the name of the model")
    if version is not None and (not isinstance(version, str) or not version):
        raise ConfigError('version must be text, such as "10", or None')
    names, single = checked_streams(streams)
    now = time.time_ns() // 1000
    begin, until = span_of(start, end, now=now)
    if isinstance(columns, str) or (columns is not None and not all(map(_is_text, columns))):
        raise ConfigError("columns must be a list of names")
    check_choice("on_missing", on_missing, ("keep", "drop", "raise"))
    check_choice("on_drift", on_drift, ("widen", "raise"))
    if format is not None:
        check_choice("format", format, ("csv", "jsonl", "mdc"))
    check_flag("strict", strict)
    check_flag("prefix", prefix)
    request = Request(
        model=model,
        version=version,
        streams=names,
        single=single,
        begin=begin or 0,
        end=FOREVER if until is None else until,
        columns=None if columns is None else tuple(columns),
        where=where,
        told=told_types(schema),
        labels=_labels(labels),
        labels_until=moment_of(labels_until, option="labels_until", now=now),
        on_missing=on_missing,
        on_drift=on_drift,
        strict=strict,
        prefix=prefix,
    )
    places_of = places_in(layout, workspace=workspace, service=service, format_=format)
    places_of({"model": model, "version": version or "default"})
    open_store = opener(store, container, credential, store_options, compacted, timeout=timeout)
    notes = Notes()
    planner = Planner(request, places_of, notes)
    plan = None if as_of is None else frozen_plan(as_of, names)
    if plan is not None:
        later = () if single else (LABELS,)
        plan = narrowed(plan, request.begin, request.end, open_ended=later)
    source = Reading(request, planner, notes, plan, is_frozen=plan is not None)
    return Dataset(source, open_store=open_store)


async def aread(
    store: Store | str | os.PathLike[str], model: str, **options: Unpack[ReadOptions]
) -> Dataset:
    """read(), and lists the parts on the caller's loop. Then ``async for batch in dataset``, or
    ``await dataset.ato_arrow()``. It takes the options of read()."""
    dataset = read(store, model, **options)
    await dataset.plan()
    return dataset


def _is_text(name: object) -> bool:
    return isinstance(name, str)


def _labels(labels: Any) -> Any:
    if isinstance(labels, str):
        check_choice("labels", labels, ("latest", "first", "all"))
        return labels
    import pyarrow as pa  # type: ignore[import-untyped]

    problem = "labels must be 'latest', 'first', 'all', or a table with a column " + METADATA[0]
    try:
        table = labels if isinstance(labels, pa.Table) else pa.table(labels)
    except (TypeError, ValueError, AttributeError):
        raise ConfigError(problem) from None
    id_, when, row = METADATA
    if id_ not in table.column_names:
        raise ConfigError(problem)
    table = table.set_column(table.column_names.index(id_), id_, table[id_].cast(pa.string()))
    if row in table.column_names:
        table = table.set_column(table.column_names.index(row), row, table[row].cast(pa.int64()))
    if when in table.column_names:
        at = table.column_names.index(when)
        table = table.set_column(at, when, table[when].cast(pa.timestamp("us", "UTC")))
    return table
