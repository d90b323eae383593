"""The pipeline: the public face of the engine.

It checks what it is given, has the assembly put the parts together, and hands everything on.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType, TracebackType
from typing import Any, Unpack

from ._config.build import assemble, is_no_store, no_store
from ._config.env import options_from_env
from ._config.formats import Forms
from ._config.seams import Seams
from ._core.settings import Settings
from ._delivery.stream import Stream
from ._engine.recorder import Recorder, refuse
from ._engine.status import healthy, stats
from ._validation.addresses import check_path
from ._validation.columns import check_features, check_streams
from .collectors import Collector, Model
from .errors import ConfigError, EncodeError
from .options import Limits, PipelineOptions, Retry, StoreOptions
from .redaction import Redact, Rule, check_rules, columns_after
from .stats import Report, Stats
from .typing import (
    Columns,
    Credential,
    Encoder,
    Format,
    Hook,
    HostKind,
    Layout,
    Names,
    Store,
    WhenFull,
    Writer,
)

__all__ = ["Pipeline"]

# Values, not calls: frozen, so that one default serves all pipelines.
_LIMITS = Limits()
_RETRY = Retry()
_DEFAULTS = Settings()
_MACHINE = Seams()
_NO_OPTIONS: StoreOptions = {}


class Pipeline:
    """The engine of one process: one ring, one pump, many senders, one store.

    ``store`` is a Store, or a URL: ``azure://account/container``, ``https://…?sas``, an Azure
    connection string (with ``container=``), ``azurite://host:port/container``,
    ``file:///directory`` or a path. Times in seconds, sizes in bytes. Raises ConfigError, which
    names option and remedy.

    It starts with ``async with``, a host's lifespan, ``await start()``, or the first collect() on a
    running event loop, and lives on that loop.

    ========================  ====================================================================
    ``container``             where the URL does not name it
    ``credential``            an account key, a SAS, an async token credential (yours to close), or
                              an identity: "managed", "workload", "cli", "default" (None)
    ``workspace, service``    the first segments of every path; the workspace has three parts
    ``store_options``         of a URL: ca_file, proxy, endpoint_suffix, create_container
    ``layout``                "day", "hour", a template of paths, or a Layout of your own
    ``format``                "csv", "jsonl", or an Encoder: aiocollect.encoders, or your own
    ``columns``               after the features: "ids", "aml" (all documented ones), "none"
    ``writer``                "shared": all writers append to one data.csv; "own": one blob each
    ``host``                  "loop": the caller's event loop; "thread": one of the pipeline's own
    ``when_full``             "shed_newest", "shed_oldest" (of what was not sent yet), or "raise"
    ``linger``                how long rows wait for others to share a block with
    ``max_batch_bytes``       of one block
    ``max_memory_bytes``      the budget of all rows from accept to settle
    ``max_in_flight``         requests at a time, each to another blob
    ``delivery_timeout``      how long rows may wait to be sent; None: until close
    ``close_timeout``         how long aclose() tries to store what is left
    ``spool``                 a directory where rows outlive the process until they are stored
    ``enabled, sample_rate``  on or off, and the share of calls that is recorded
    ``pressure_sample_rate``  multiplies the rates while the budget is nearly used
    ``settings_file``         watched while it runs: see aiocollect.settings_file
    ``dead_letters``          a file for rows that can never be stored, at most 64 MiB
    ``hooks``                 callables that get every event (aiocollect.events)
    ``strict``                collect() raises instead of counting and logging
    ``limits, retry``         what few need to change: see Limits and Retry
    ========================  ====================================================================
    """

    def __init__(
        self,
        store: Store | str | os.PathLike[str],
        *,
        container: str | None = None,
        credential: Credential | None = None,
        store_options: StoreOptions = _NO_OPTIONS,
        workspace: str = _DEFAULTS.workspace,
        service: str = _DEFAULTS.service,
        layout: Layout | str | None = None,
        format: Encoder | Format = "csv",  # noqa: A002 - a public name
        writer: Writer = "shared",
        columns: Columns = "ids",
        host: HostKind = "loop",
        when_full: WhenFull = _DEFAULTS.when_full,
        linger: float = _DEFAULTS.linger,
        max_batch_bytes: int = _DEFAULTS.max_batch_bytes,
        max_memory_bytes: int = _DEFAULTS.max_memory_bytes,
        max_in_flight: int = _DEFAULTS.max_in_flight,
        delivery_timeout: float | None = None,
        close_timeout: float = _DEFAULTS.close_timeout,
        spool: str | os.PathLike[str] | None = None,
        enabled: bool = True,
        sample_rate: float = 1.0,
        pressure_sample_rate: float = 1.0,
        settings_file: str | os.PathLike[str] | None = None,
        dead_letters: str | os.PathLike[str] | None = None,
        hooks: Sequence[Hook] = (),
        strict: bool = False,
        limits: Limits = _LIMITS,
        retry: Retry = _RETRY,
        _seams: Seams = _MACHINE,
    ) -> None:
        if not isinstance(limits, Limits):
            raise ConfigError("limits must be a Limits(…)")
        if not isinstance(retry, Retry):
            raise ConfigError("retry must be a Retry(…)")
        settings = Settings(
            workspace=workspace,
            service=service,
            when_full=when_full,
            linger=linger,
            max_batch_bytes=max_batch_bytes,
            max_memory_bytes=max_memory_bytes,
            max_in_flight=max_in_flight,
            delivery_timeout=delivery_timeout,
            close_timeout=close_timeout,
            enabled=enabled,
            sample_rate=sample_rate,
            pressure_sample_rate=pressure_sample_rate,
            settings_file=_path("settings_file", settings_file),
            spool=None if spool is None else os.path.abspath(_path("spool", spool) or ""),
            dead_letters=_path("dead_letters", dead_letters),
            strict=strict,
            limits=limits,
            retry=retry,
        )
        if not isinstance(hooks, Sequence):
            raise ConfigError("hooks must be a list of callables")
        for hook in hooks:
            if not callable(hook):
                raise ConfigError(f"hooks: {type(hook).__name__} cannot be called; give callables")
        if not isinstance(store_options, Mapping):
            raise ConfigError("store_options must be a mapping of names and values")
        self._forms = Forms(layout=layout, format=format, columns=columns, writer=writer)
        self._store, self._engine = assemble(
            store,
            container=container,
            credential=credential,
            store_options=store_options,
            host=host,
            settings=settings,
            hooks=tuple(hooks),
            seams=_seams,
        )
        # Workspace and service are known now: a name that cannot make a path is refused now.
        names = self._names("model", "1", "inputs")
        self._engine.channels.check(names, self._forms.form_of(names))

    def __repr__(self) -> str:
        return f"<Pipeline to {self._store!r}: {self._engine!r}>"

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] | None = None, **options: Unpack[PipelineOptions]
    ) -> Pipeline:
        """A pipeline from ``AIOCOLLECT_STORE`` (a URL) and one variable per option.

        ``AIOCOLLECT_LINGER=0.5`` is ``linger=0.5``, and so on for every option that is a text or a
        number. The variables of the collector before us, ``AML_MODEL_DC_…``, are honoured where
        they mean something here. ``options`` win over the environment. Raises ConfigError without a
        store, unless ``AIOCOLLECT_ENABLED=false``, and for misspelled variables.
        """
        found = options_from_env(os.environ if environ is None else environ, given=options)
        return cls(**{"store": no_store(), **found})

    # Streams ----------------------------------------------------------------------------------

    def collector(
        self,
        model: str,
        *,
        version: str = "default",
        identifier: str = "default",
        feature_names: Sequence[str] | None = None,
        workspace: str | None = None,
        service: str | None = None,
        sample_rate: float = 1.0,
        redact: Redact = None,
        layout: Layout | str | None = None,
        format: Encoder | Format | None = None,  # noqa: A002 - a public name
        columns: Columns | None = None,
        writer: Writer | None = None,
    ) -> Collector:
        """One stream of a model, bound once.

        Its rows go to ``<workspace>/<service>/<model>/<version>/<identifier>/<yyyy>/<MM>/<dd>/
        data.csv``. Without ``feature_names`` the first call fixes the columns. ``sample_rate``: the
        share of calls that is recorded, decided by their ids. ``redact``: a rule or a list of
        rules (see aiocollect.redaction) that change each row before anything keeps it. None means
        the pipeline's. Raises ConfigError.
        """
        names = self._names(model, version, identifier, workspace, service)
        form = self._forms.form_of(
            names, layout=layout, format=format, columns=columns, writer=writer
        )
        features = check_features(feature_names)
        stream = self._engine.channels.open_stream(
            names, form=form, feature_names=features, rules=_rules(redact, features, "redact")
        )
        recorder = self._recorder(stream.label, (stream,), sample_rate)
        return Collector(recorder, stream)

    def model(
        self,
        model: str,
        *,
        version: str = "default",
        redact: Mapping[str, Redact] = MappingProxyType({}),
        paired: bool = True,
        **streams: Sequence[str] | None,
    ) -> Model:
        """Several streams of one model, recorded together under one id.

        Each keyword names a stream and gives its columns, or None:
        ``pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])``.
        ``redact`` gives the rules of each stream that has some: ``{"inputs": Drop("age")}``.
        ``paired``: row k of one stream belongs to row k of the others, so a call with more rows of
        one of them than of another is refused.
        """
        check_streams(streams, redact=redact, paired=paired)
        opened = {}
        for identifier, columns in streams.items():
            names = self._names(model, version, identifier)
            features = check_features(columns)
            rules = _rules(redact.get(identifier), features, f"redact[{identifier!r}]")
            opened[identifier] = self._engine.channels.open_stream(
                names, form=self._forms.form_of(names), feature_names=features, rules=rules
            )
        label = f"{model}/{version}"
        recorder = self._recorder(label, tuple(opened.values()), 1.0, paired=paired)
        return Model(recorder, label=label, streams=opened)

    def _recorder(
        self, label: str, streams: tuple[Stream, ...], sample_rate: float, *, paired: bool = False
    ) -> Recorder:
        return Recorder(
            self._engine, label=label, streams=streams, sample_rate=sample_rate, paired=paired
        )

    def _names(
        self,
        model: str,
        version: str,
        identifier: str,
        workspace: str | None = None,
        service: str | None = None,
    ) -> Names:
        settings = self._engine.settings
        workspace = settings.workspace if workspace is None else workspace
        service = settings.service if service is None else service
        return Names(workspace, service, model, version, identifier)

    def refuse(self, error: EncodeError, *, stream: str, rows: int = 1) -> None:
        """For adapters: account for rows that they cannot read as collect() would have; never
        raises, unless the pipeline is strict. ``stream`` is what to call them in the log."""
        refuse(self._engine, error, stream=stream, rows=rows)

    # Life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Bind to the running loop; idempotent. After the end of a lifespan a new life of the
        pipeline begins, with counts of its own. Raises ConfigError where it runs on another loop,
        and PipelineClosed where it was closed for good."""
        await self._engine.lifespans.start()

    async def flush(self, timeout: float | None = None) -> Report:
        """Wait until everything accepted so far is final; the pipeline stays open.

        Raises FlushTimeout, which carries the report, after ``timeout`` seconds. None: for ever.
        """
        return await self._engine.lifecycle.flush(timeout)

    def flush_sync(self, timeout: float | None = None) -> Report:
        """flush() for threads that run no event loop. Raises FlushTimeout, which carries the
        report, after ``timeout`` seconds (None: never), and ConfigError on a running loop."""
        return self._engine.lifespans.flush(timeout)

    async def replay(self, timeout: float | None = None, *, any_target: bool = False) -> Report:
        """Wait until what ended processes have left in the spool is final; it is worked on anyway.

        What is for another store, workspace or service stays where it is, unless ``any_target``:
        then it is brought to this store, to the paths that its rows were given. Raises
        FlushTimeout, which carries the report, after ``timeout`` seconds (None: never), and
        ConfigError without a spool.
        """
        return await self._engine.lifecycle.replay(timeout, any_target=any_target)

    async def aclose(self, timeout: float | None = None) -> Report:
        """Refuse new calls, store what was accepted, and report; idempotent.

        What is not stored after ``timeout`` seconds (None: close_timeout) is given up and counted.
        Outside of a lifespan it is for good: a later start() raises PipelineClosed.
        """
        return await self._engine.lifespans.aclose(timeout)

    def close(self, timeout: float | None = None) -> Report:
        """aclose() for threads that run no event loop; idempotent. Raises ConfigError on others."""
        return self._engine.lifespans.close(timeout)

    def set(self, *, enabled: bool | None = None, sample_rate: float | None = None) -> None:
        """Switch all collectors on or off, or change the share of calls that they record; from any
        thread. Raises ConfigError."""
        if enabled and is_no_store(self._store):
            raise ConfigError(
                "there is no store to record to; set AIOCOLLECT_STORE and start again"
            )
        self._engine.gates.set(enabled=enabled, sample_rate=sample_rate)

    async def __aenter__(self) -> Pipeline:
        await self._engine.lifespans.enter()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._engine.lifespans.leave()

    def __enter__(self) -> Pipeline:
        """``with pipeline:`` for threads that run no event loop; with host="loop" its rows are
        stored by flush_sync(), and at the end. Raises ConfigError on a running loop."""
        self._engine.lifespans.enter_blocking()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._engine.lifespans.leave_blocking()

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[None]:
        """For Starlette and FastAPI: ``FastAPI(lifespan=pipeline.lifespan)``. May be entered again
        after its end, as some hosts do for each test or invocation."""
        async with self:
            yield

    async def cleanup_ctx(self, app: Any) -> AsyncIterator[None]:
        """For aiohttp: ``app.cleanup_ctx.append(pipeline.cleanup_ctx)``."""
        async with self:
            yield

    # Telling ----------------------------------------------------------------------------------

    def stats(self) -> Stats:
        """A snapshot of all counters, in which the conservation equation holds."""
        return stats(self._engine)

    def healthy(self, *, max_age: float = 30.0) -> bool:
        """Whether rows find their way to the store.

        False once closed, while a path is held for an operator, above the budget's high-water
        mark, when the oldest row has waited longer than ``max_age`` seconds, and while every call
        is refused: the latest one was, within as many seconds.
        """
        return healthy(self._engine, max_age)


def _path(option: str, path: str | os.PathLike[str] | None) -> str | None:
    return None if path is None else check_path(os.fspath(path), option=option)


def _rules(redact: Redact, features: tuple[str, ...] | None, option: str) -> tuple[Rule, ...]:
    """The rules, which fit the features as far as these are known."""
    rules = check_rules(redact, option)
    if features is not None:
        columns_after(rules, features, option)
    return rules
