"""verify() and averify(): what users call. Checks what it is given; the rest is the verifier's."""

from __future__ import annotations

import inspect
import os
import time
from typing import Any, Final, Literal, TypedDict, Unpack, get_args

from ..._core.settings import Settings
from ..._threads.runner import run
from ..._validation.checks import check_choice
from ..._validation.keys import log_key_of
from ...errors import ConfigError
from ...options import StoreOptions
from ...typing import Credential, Format, Layout, Store
from ..asked.when import FOREVER, When, span_of
from ..fetch.opening import Opener, opener, places_in
from ..fetch.patience import TIMEOUT
from ..planning.planner import PlacesOf
from .verdict import Verdict
from .verifier import Asked, verified

__all__ = ["VerifyOptions", "averify", "verify"]

_DEFAULTS: Final = Settings()
_NO_OPTIONS: StoreOptions = {}
Depth = Literal["bytes", "rows"]


class VerifyOptions(TypedDict, total=False):
    """The options of verify() and averify(), for functions that pass them on."""

    version: str | None
    stream: str | None
    start: When
    end: When
    depth: Depth
    log_key: str | bytes | None
    compacted: Store | str | os.PathLike[str] | None
    container: str | None
    credential: Credential | None
    workspace: str
    service: str
    layout: Layout | str | None
    format: Format | None
    store_options: StoreOptions
    timeout: float


def verify(
    store: Store | str | os.PathLike[str],
    model: str | None = None,
    *,
    version: str | None = None,
    stream: str | None = None,
    start: When = None,
    end: When = None,
    depth: Depth = "bytes",
    log_key: str | bytes | None = None,
    compacted: Store | str | os.PathLike[str] | None = None,
    container: str | None = None,
    credential: Credential | None = None,
    workspace: str = _DEFAULTS.workspace,
    service: str = _DEFAULTS.service,
    layout: Layout | str | None = None,
    format: Format | None = None,  # noqa: A002 - a public name
    store_options: StoreOptions = _NO_OPTIONS,
    timeout: float = TIMEOUT,
) -> Verdict:
    """Whether what is stored is what was accepted: a :class:`Verdict`, by stream and day.

    Holds the bytes against the log that pipelines write beside their rows (``log=True``), and says
    *proven*, *consistent*, *open* or *damaged*, and never more than it knows;
    docs/reference/log.md says what each of them means. Nothing is changed, and it may run while
    rows are written.

    ================  ==========================================================================
    ``store``         as of read(), with ``container``, ``credential``, ``workspace``,
                      ``service``, ``layout``, ``format``, ``store_options``
    ``model``         None: all there are
    ``version``       None: all of the model
    ``stream``        None: all of the version
    ``start, end``    the days that are looked at, as for read()
    ``depth``         "bytes": by the log; rows are parsed only where no log tells of them, which
                      needs pyarrow. "rows": all rows are parsed too ["bytes"]
    ``log_key``       the pipeline's, where it has one: then a forged log is found
    ``compacted``     the target of compact(), if it is another store: parts that were removed after
                      compaction are no loss
    ``timeout``       seconds that the store may take for one answer, with all tries
    ================  ==========================================================================

    Raises ConfigError for options that are wrong, and StoreRefused where the credential may not
    list or read, and StoreUnreachable after ``timeout``.
    """
    prepared = _prepared(
        store,
        model,
        version=version,
        stream=stream,
        start=start,
        end=end,
        depth=depth,
        log_key=log_key,
        compacted=compacted,
        container=container,
        credential=credential,
        workspace=workspace,
        service=service,
        layout=layout,
        format=format,
        store_options=store_options,
        timeout=timeout,
    )

    async def main() -> Verdict:
        return await _closing(*prepared)

    return run(main)


async def averify(
    store: Store | str | os.PathLike[str],
    model: str | None = None,
    **options: Unpack[VerifyOptions],
) -> Verdict:
    """verify() on the caller's event loop."""
    given = inspect.signature(verify).bind(store, model, **options)
    given.apply_defaults()
    return await _closing(*_prepared(*given.args, **given.kwargs))


async def _closing(open_store: Opener, places_of: PlacesOf, asked: Asked) -> Verdict:
    async with open_store.opened() as catalog:
        return await verified(catalog, places_of, asked)


def _prepared(
    store: Store | str | os.PathLike[str],
    model: str | None,
    *,
    version: str | None,
    stream: str | None,
    start: When,
    end: When,
    depth: Depth,
    log_key: str | bytes | None,
    compacted: Store | str | os.PathLike[str] | None,
    container: str | None,
    credential: Credential | None,
    workspace: str,
    service: str,
    layout: Layout | str | None,
    format: Format | None,  # noqa: A002 - a public name
    store_options: StoreOptions,
    timeout: float,
) -> tuple[Opener, PlacesOf, Asked]:
    """The options of verify(), whose signature alone has the defaults, checked."""
    known: dict[str, Any] = {"model": model, "version": version, "identifier": stream}
    for name, text in known.items():
        if text is not None and (not isinstance(text, str) or not text):
            raise ConfigError(f"{name.replace('identifier', 'stream')} must be text, or None")
    if (version is not None and model is None) or (stream is not None and version is None):
        raise ConfigError("version= needs a model, and stream= needs a version")
    check_choice("depth", depth, get_args(Depth))
    if format is not None:
        check_choice("format", format, ("csv", "jsonl"))
    now = time.time_ns() // 1000
    begin, until = span_of(start, end, now=now)
    names = {name: text for name, text in known.items() if text is not None}
    places_of = places_in(layout, workspace=workspace, service=service, format_=format)
    places_of(names)
    open_store = opener(store, container, credential, store_options, compacted, timeout=timeout)
    asked = Asked(
        names,
        begin or 0,
        FOREVER if until is None else until,
        depth == "rows",
        log_key_of(log_key),
    )
    return open_store, places_of, asked
