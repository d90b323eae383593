"""What read() and streams() have in common: the store by its name, the layout turned round."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from ..._config.build import open_store
from ..._config.env import options_from_env as pipeline_options
from ..._validation.checks import check_number
from ...errors import ConfigError
from ...layouts import DocumentedLayout, MdcLayout, TemplateLayout, escape
from ...options import StoreOptions
from ...typing import Catalog, Credential, Layout, Store
from ..parts.places import Places
from .patience import Patient
from .united import United

__all__ = ["Opener", "import_arrow", "open_catalog", "opener", "options_from_env", "places_in"]

_NO_OPTIONS: StoreOptions = {}
_EXTENSIONS = {
    "csv": ("csv",),
    "jsonl": ("jsonl",),
    "mdc": ("jsonl",),
    None: ("csv", "jsonl"),
}
# Azure ML's model data collector: the files of all processes (layouts/mdc.py).
_MDC = (
    "modelDataCollector/{service}/{model}/{identifier}/{yyyy}/{MM}/{dd}/{HH}/{instance}.{extension}"
)
# What of a pipeline's options says where its rows are.
_SHARED = ("store", "container", "credential", "workspace", "service", "layout", "store_options")


def options_from_env(environ: Mapping[str, str] | None = None, **given: Any) -> dict[str, Any]:
    """The options of read() and streams() that the variables of a pipeline give: AIOCOLLECT_STORE,
    _CONTAINER, _CREDENTIAL, _WORKSPACE, _SERVICE, _LAYOUT and those of the store. ``given`` win.
    ConfigError without a store."""
    environ = os.environ if environ is None else environ
    # A pipeline that is switched off needs no store; whoever reads does.
    found = pipeline_options(environ, given={**given, "enabled": False})
    if not found.get("store"):
        raise ConfigError(
            "AIOCOLLECT_STORE is not set; set it to azure://account/container, file:///directory "
            "or another address, or name the store (on the command line: --store)"
        )
    return {name: found[name] for name in _SHARED if name in found}


def import_arrow() -> None:
    """ConfigError where pyarrow is not installed."""
    try:
        import pyarrow  # type: ignore[import-untyped]  # noqa: F401
    except ImportError:
        raise ConfigError('reading needs pyarrow: pip install "aiocollect[read]"') from None


def places_in(
    layout: Layout | str | None, *, workspace: str, service: str, format_: str | None
) -> Callable[[dict[str, str]], Sequence[Places]]:
    """The layout, turned round. ConfigError where it cannot be."""
    templates = _templates(layout)
    if format_ is None and (layout == "mdc" or isinstance(layout, MdcLayout)):
        format_ = "mdc"
    if not isinstance(workspace, str) or len(workspace.split("/")) != 3:
        raise ConfigError(
            "workspace must have three parts, like that of the pipeline: "
            "'<subscription>/<resource group>/<workspace>'"
        )
    fixed = {
        "workspace": "/".join(
            escape(part.lower(), what="each part of workspace") for part in workspace.split("/")
        ),
        "service": escape(service, what="service"),
    }

    def places_of(names: dict[str, str]) -> Sequence[Places]:
        known = fixed | {name: escape(text, what=name) for name, text in names.items()}
        return [
            Places(template, known=known, extensions=_EXTENSIONS[format_], format=format_)
            for template in templates
        ]

    return places_of


def _templates(layout: Layout | str | None) -> list[str]:
    if layout is None:
        return [DocumentedLayout().template, DocumentedLayout(hourly=True).template]
    if isinstance(layout, TemplateLayout):
        return [layout.template]
    if isinstance(layout, str):
        if layout == "mdc":
            return [_MDC]
        if layout in ("day", "hour"):
            return [DocumentedLayout(hourly=layout == "hour").template]
        if "{" in layout:
            return [TemplateLayout(layout).template]
        raise ConfigError(
            f"layout={layout!a} is not valid; use 'day', 'hour', 'mdc', or a template with fields"
        )
    raise ConfigError(
        f"layout: {type(layout).__name__} cannot be read back; pass its paths as a template"
    )


class Opener(NamedTuple):
    """Opens the store. It can be pickled as far as what the user has given can be: an address and
    the name of an identity always can. It has no secret but one that the user wrote into these.
    ``compacted``: the store of the compacted files, if it is another one. ``timeout``: seconds for
    an answer; None: whoever opens it looks to that."""

    store: Store | str | os.PathLike[str]
    container: str | None
    credential: Credential | None
    options: StoreOptions
    compacted: Opener | None = None
    timeout: float | None = None

    def __repr__(self) -> str:
        return "<Opener of an address>" if self._is_named else f"<Opener of {self.store!r}>"

    def __reduce__(self) -> Any:
        # What a Store holds, sessions or a memory, is nothing in another process, unless its class
        # says how it goes there.
        if not self._is_named and type(self.store).__reduce__ is object.__reduce__:
            raise ConfigError(
                f"store: a {type(self.store).__name__} cannot be used in another process; name "
                "the store by its address, such as azure://account/container"
            )
        return Opener, tuple(self)

    @property
    def owned(self) -> bool:
        """Whether what it opens is ours to close."""
        return self._is_named or (self.compacted is not None and self.compacted.owned)

    @property
    def _is_named(self) -> bool:
        return isinstance(self.store, str | os.PathLike)

    def __call__(self) -> Catalog:
        """The store, which connects when it is used. Raises ConfigError."""
        found = self._opened()
        if self.compacted is not None:
            files = self.compacted()
            closes = [found] if self._is_named else []
            closes += [files] if self.compacted.owned else []
            found = United(found, files, closes=tuple(closes))
        return found if self.timeout is None else Patient(found, self.timeout)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Catalog]:
        """The store for a ``with`` block, closed after it where that is ours to do."""
        store = self()
        try:
            yield store
        finally:
            if self.owned:
                await store.aclose()

    def _opened(self) -> Catalog:
        opened: Any = self.store
        if isinstance(self.store, str | os.PathLike):
            opened = open_store(
                self.store, container=self.container, credential=self.credential, **self.options
            )
        return _checked(opened)


def opener(
    store: Store | str | os.PathLike[str],
    container: str | None,
    credential: Credential | None,
    store_options: StoreOptions,
    compacted: Store | str | os.PathLike[str] | None = None,
    *,
    timeout: float | None = None,
) -> Opener:
    """What opens the store, and that of its compacted files, if it is another one: both with the
    same credential. Raises ConfigError for what is wrong with an address, at once."""
    if timeout is not None:
        check_number("timeout", timeout, above=0)
    given = container is not None or credential is not None or store_options
    if given and not isinstance(store, str | os.PathLike):
        raise ConfigError(
            "container=, credential= and store_options= are for a store given by URL; pass "
            "them to the Store object itself"
        )
    files = None
    if isinstance(compacted, str | os.PathLike):
        files = Opener(compacted, None, credential, store_options)
    elif compacted is not None:
        files = Opener(compacted, None, None, {})
    found = Opener(store, container, credential, store_options, files, timeout)
    found()
    return found


def open_catalog(
    store: Store | str | os.PathLike[str],
    *,
    container: str | None = None,
    credential: Credential | None = None,
    store_options: StoreOptions = _NO_OPTIONS,
) -> Catalog:
    """The store as read() opens it, for programs that list and fetch by themselves, or that stand
    between read() and the store. It connects when it is used, on the event loop of that moment.
    Whoever named it by an address closes it. Raises ConfigError."""
    return opener(store, container, credential, store_options)()


def _checked(store: Any) -> Catalog:
    for method in ("list", "fetch"):
        if not callable(getattr(store, method, None)):
            raise ConfigError(
                f"store: {type(store).__name__} cannot be read: it has no {method}(); see "
                "aiocollect.typing.Catalog"
            )
    catalog: Catalog = store
    return catalog
