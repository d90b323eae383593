"""follow(): the rows of a stream as they land. Checks what it is given; the rest is Follower's."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..._config.seams import Seams
from ..._core.settings import Settings
from ..._validation.checks import check_choice, check_number
from ...errors import ConfigError
from ...options import StoreOptions
from ...typing import Credential, Layout, Store
from ..asked.request import ReadFormat
from ..asked.when import When, moment_of
from ..fetch.opening import import_arrow, opener, places_in
from .position import resumed

if TYPE_CHECKING:
    from .follower import Follower

__all__ = ["follow"]

_DEFAULTS = Settings()
_NO_OPTIONS: StoreOptions = {}
# Seconds. More requests than that are no use: a batch lingers longer.
_SHORTEST = 0.01


class _SystemClock:
    """The machine's."""

    def time_ns(self) -> int:
        return time.time_ns()

    def monotonic(self) -> float:
        return time.monotonic()


def follow(
    store: Store | str | os.PathLike[str],
    model: str,
    *,
    stream: str,
    version: str | None = None,
    since: When = "now",
    poll: float | None = 1.0,
    columns: Sequence[str] | None = None,
    schema: Mapping[str, Any] | None = None,
    compacted: Store | str | os.PathLike[str] | None = None,
    container: str | None = None,
    credential: Credential | None = None,
    workspace: str = _DEFAULTS.workspace,
    service: str = _DEFAULTS.service,
    layout: Layout | str | None = None,
    format: ReadFormat | None = None,  # noqa: A002 - a public name
    store_options: StoreOptions = _NO_OPTIONS,
    _seams: Seams | None = None,
) -> Follower:
    """The rows of one stream as they land, each of them once: an async iterator of batches.

    ::

        async for batch in aiocollect.follow(store, "churn", stream="inputs", since=position):
            save(batch.rows, batch.position)            # in one transaction

    ``batch.rows`` is a ``pyarrow.RecordBatch`` of one part; rows of a part come in its order.
    ``batch.position`` is a text: kept together with what you make of the rows, and passed as
    ``since=`` after a restart, it makes you see each row exactly once.

    =============  =============================================================================
    ``since``      "now": what lands from now on, also late rows in old folders; a time as read()
                   takes it: rows scored from then on; None: everything; the ``position`` of a
                   batch, or the ``snapshot`` of a dataset: what came behind it
    ``poll``       seconds between two looks at the store; None: it ends when all that is there was
                   handed out
    ``columns``    None: all; those that a part does not have are left out
    ``schema``     types of columns, as for read(). Without it a batch has the types that the
                   pipeline declared, or else those that hold all cells so far: a type may become
                   wider in a later batch
    ``compacted``  the target of compact(), as for read()
    =============  =============================================================================

    It reads parts, not compacted files. Where rows that are to be handed out are in such files
    alone, it raises ConfigError: read them with read(), and follow since the ``snapshot`` of that
    dataset.

    The other options are those of read(). A store that does not answer is asked again, with waits
    of up to ten seconds; a stream, model or container that is not there yet is waited for
    (``notes`` says so), unless ``poll`` is None. Raises ConfigError; while it follows, StoreRefused
    where the store refuses to be read, and SchemaConflict where a cell is not of its ``schema``.
    """
    import_arrow()
    from ..cells.types import told_types
    from ..planning.planner import Planner
    from .followed import Following
    from .follower import Follower

    for name, text in (("model", model), ("stream", stream)):
        if not isinstance(text, str) or not text:
            raise ConfigError(f"{name} must be text: the name of the {name}")
    if version is not None and (not isinstance(version, str) or not version):
        raise ConfigError('version must be text, such as "10", or None')
    if poll is not None:
        check_number("poll", poll, at_least=_SHORTEST)
    if isinstance(columns, str) or not all(isinstance(name, str) for name in columns or ()):
        raise ConfigError("columns must be a list of names")
    if format is not None:
        check_choice("format", format, ("csv", "jsonl", "mdc"))
    clock = _SystemClock() if _seams is None or _seams.clock is None else _seams.clock
    is_text = isinstance(since, str)
    position = (
        resumed(since, model=model, version=version, stream=stream)
        if isinstance(since, str) and since != "now"
        else None
    )
    floor = 0
    if position is None and not (is_text and since == "now"):
        floor = moment_of(since, option="since", now=clock.time_ns() // 1000) or 0
    places_of = places_in(layout, workspace=workspace, service=service, format_=format)
    places_of({"model": model, "version": version or "default", "identifier": stream})
    open_store = opener(store, container, credential, store_options, compacted)
    following = Following(
        model=model,
        stream=stream,
        version=version,
        floor=floor,
        from_now=position is None and is_text and since == "now",
        position=position,
        poll=poll,
        columns=None if columns is None else tuple(columns),
        told=told_types(schema),
    )
    return Follower(
        following,
        planner=lambda request, notes: Planner(request, places_of, notes),
        places_of=places_of,
        open_store=open_store,
        clock=clock,
    )
