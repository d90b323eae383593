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
from ._config.streams import StreamOpener
from ._core.settings import Settings
from ._engine.recorder import refuse
from ._engine.status import healthy, stats, streams
from ._engine.status_file import plain_status
from ._validation.addresses import check_path
from ._validation.keys import log_key_of
from .collectors import Collector, Model
from .errors import ConfigError, EncodeError
from .options import Limits, PipelineOptions, Retry, StoreOptions
from .redaction import Redact
from .stats import Report, Stats, StreamStats
from .typing import (
    Columns,
    Credential,
    Encoder,
    Features,
    Format,
    Hook,
    HostKind,
    Layout,
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
    """Takes rows from collect(), and brings them to one store. One of these per process.

    ``store`` is a Store, or names one: ``azure://account/container``, ``https://…?sas``, an Azure
    connection string (with ``container=``), ``azurite://host:port/container``,
    ``file:///directory``, or a path that begins with /, ./ or ../, or is a PathLike.

    It starts with ``async with``, a server's lifespan, ``await start()``, or the first collect() on
    a running event loop, and then lives on that loop. Raises ConfigError, which names the option
    and says what to do. Times are in seconds, sizes in bytes; in brackets the default.

    ========================  ====================================================================
    ``container``             the container, where the store's address does not name it
    ``credential``            an account key, a SAS, a function that returns a SAS, an async token
                              credential (yours to close), or an identity by name: "managed",
                              "workload", "cli", "default" [None: "default", unless the address
                              holds a SAS or key]
    ``store_options``         of an address: see aiocollect.options.StoreOptions
    ``workspace, service``    the first segments of every path; the workspace has three
                              ["default/default/default", "default"]
    ``layout``                the rest of a path: "day", "hour", a template, or a Layout ["day"]
    ``format``                "csv", "jsonl", or an Encoder; see aiocollect.encoders ["csv"]
    ``columns``               which columns follow yours: "ids": id, time and row; "aml": also the
                              other documented ones of Azure ML; "none", with writer="own" ["ids"]
    ``writer``                "shared": all processes append to one data.csv; "own": each has a
                              data-<writer>.csv ["shared"]
    ``host``                  where it lives: "loop": on the caller's event loop; "thread": on one
                              in a thread of its own ["loop"]
    ``when_full``             when max_memory_bytes is used up: "shed_newest": refuse the call;
                              "shed_oldest": drop the oldest rows that were not sent yet; "raise":
                              RingFull out of collect() ["shed_newest"]
    ``linger``                how long rows wait for more rows to share a block with [2.0: at 1.0
                              one writer makes 86,400 blocks a day, and a blob holds 50,000]
    ``max_batch_bytes``       of one block [1 MiB: one TLS write holds the loop for 1 ms; of 4 MiB,
                              which every endpoint accepts, for 6]
    ``max_memory_bytes``      of all rows that wait, at least four blocks [64 MiB: a minute without
                              the store at 1 MiB/s]
    ``max_in_flight``         requests at a time, each to another blob, up to 1024 [16: at 20 ms
                              each, 800 a second]
    ``delivery_timeout``      rows that wait longer, and were not sent yet, are dropped [None: they
                              are kept until the pipeline closes]
    ``close_timeout``         how long aclose() tries to store what is left [10.0: most
                              orchestrators kill a container 30 s after SIGTERM]
    ``spool``                 a directory for rows until they are stored, so that they outlive the
                              process [None: rows are in memory alone]
    ``enabled``               whether anything is recorded [True]
    ``sample_rate``           the share of calls that is recorded, chosen by id [1.0]
    ``pressure_sample_rate``  multiplies the rates while memory is nearly used up, so that a thinner
                              sample takes the place of holes [1.0]
    ``settings_file``         what operators switch while it runs; see aiocollect.settings_file
    ``status``                a directory where each process shows what it does, once a second, for
                              ``aiocollect ui`` and ``top``; see docs/reference/status.md [None]
    ``dead_letters``          a file for rows that can never be stored, up to 64 MiB [None: they are
                              counted, and hooks get DeadLettered]
    ``hooks``                 callables that get each event; see aiocollect.events
    ``strict``                whether collect() raises what it otherwise counts and logs [False]
    ``log``                   whether what becomes of rows is written down beside them, so that
                              aiocollect.verify() can prove that nothing is missing [True]
    ``log_key``               a secret of 16 bytes or more that signs the log, so that a forged one
                              is found [None: it is chained, and not signed]
    ``limits, retry``         bounds and waits that few need to change: see Limits, Retry
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
        status: str | os.PathLike[str] | None = None,
        dead_letters: str | os.PathLike[str] | None = None,
        hooks: Sequence[Hook] = (),
        strict: bool = False,
        log: bool = True,
        log_key: str | bytes | None = None,
        limits: Limits = _LIMITS,
        retry: Retry = _RETRY,
        _seams: Seams = _MACHINE,
    ) -> None:
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
            status=_path("status", status),
            dead_letters=_path("dead_letters", dead_letters),
            strict=strict,
            log=log,
            log_key=log_key_of(log_key),
            limits=limits,
            retry=retry,
        )
        self._forms = Forms(layout=layout, format=format, columns=columns, writer=writer)
        self._store, self._engine, self._lifespans = assemble(
            store,
            container=container,
            credential=credential,
            store_options=store_options,
            host=host,
            settings=settings,
            hooks=hooks,
            seams=_seams,
        )
        self._streams = StreamOpener(self._engine, self._forms)
        self._streams.check()

    def __repr__(self) -> str:
        return f"<Pipeline to {self._store!r}: {self._engine!r}>"

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] | None = None, **options: Unpack[PipelineOptions]
    ) -> Pipeline:
        """A pipeline from ``AIOCOLLECT_STORE`` (an address) and one variable for each option.

        ``AIOCOLLECT_LINGER=0.5`` is ``linger=0.5``, and so on for every option that is text, a
        number or a switch. ``options`` win over the environment (``environ``: os.environ). The
        variables of the old collector, ``AML_MODEL_DC_…``, are used where they still have a
        meaning. Raises ConfigError without a store, unless ``AIOCOLLECT_ENABLED=false``, and for
        misspelled variables.
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
        feature_names: Features | None = None,
        workspace: str | None = None,
        service: str | None = None,
        sample_rate: float = 1.0,
        redact: Redact = None,
        layout: Layout | str | None = None,
        format: Encoder | Format | None = None,  # noqa: A002 - a public name
        columns: Columns | None = None,
        writer: Writer | None = None,
    ) -> Collector:
        """The collector of one stream of a model.

        Its rows go to ``<workspace>/<service>/<model>/<version>/<identifier>/<yyyy>/<MM>/<dd>/
        data.csv``. Without ``feature_names`` the first call fixes the columns; with types,
        ``{"age": float, "plan": str}``, reading knows them. ``sample_rate``: the share of calls
        that is recorded, chosen by their ids. ``redact``: a rule or a list of rules
        that change each row before anything keeps it (see aiocollect.redaction). The others are as
        for the pipeline; None means the pipeline's. Raises ConfigError.
        """
        names = self._streams.names(
            model, version, identifier, workspace=workspace, service=service
        )
        form = self._forms.form_of(
            names, layout=layout, format=format, columns=columns, writer=writer
        )
        return self._streams.collector(
            names, form, feature_names=feature_names, redact=redact, sample_rate=sample_rate
        )

    def model(
        self,
        model: str,
        *,
        version: str = "default",
        redact: Mapping[str, Redact] = MappingProxyType({}),
        paired: bool = True,
        **streams: Features | None,
    ) -> Model:
        """Several streams of one model, recorded together under one id.

        Each keyword names a stream and gives its columns, or None:
        ``pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])``. With
        types, ``inputs={"age": float, "plan": str}``, reading need not find them out; they change
        nothing of what is written.
        ``redact`` gives the rules of the streams that have some: ``{"inputs": Drop("age")}``.
        ``paired``: row k of one stream belongs to row k of the others, so a call whose streams have
        different numbers of rows is refused. Raises ConfigError.
        """
        return self._streams.model(model, version, streams, redact=redact, paired=paired)

    def refuse(self, error: EncodeError, *, stream: str, rows: int = 1) -> None:
        """For adapters: count and log rows that they cannot read, as collect() would have.

        ``stream`` is what the log calls them. Never raises, unless the pipeline is strict.
        """
        refuse(self._engine, error, stream=stream, rows=rows)

    # Life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start on the running event loop; idempotent.

        After a lifespan has ended it starts again, with counts from 0. Raises ConfigError if it
        already runs on another loop, PipelineClosed if it was closed for good.
        """
        await self._lifespans.start()

    async def flush(self, timeout: float | None = None) -> Report:
        """Wait until every row accepted so far is stored, or has come to another end.

        The pipeline stays open. Raises FlushTimeout, which carries the report, after ``timeout``
        seconds; None waits without limit.
        """
        return await self._lifespans.flush(timeout)

    def flush_sync(self, timeout: float | None = None) -> Report:
        """flush() for threads without an event loop. Raises FlushTimeout after ``timeout`` seconds
        (None: never), and ConfigError on a thread with a running loop."""
        return self._lifespans.flush_blocking(timeout)

    async def replay(self, timeout: float | None = None, *, any_target: bool = False) -> Report:
        """Wait until the rows that ended processes left in the spool are stored. Storing them
        begins by itself, with the pipeline.

        Rows for another store, workspace or service stay where they are, unless ``any_target``:
        then they are stored here, under the paths that they were given. Raises FlushTimeout, which
        carries the report, after ``timeout`` seconds (None: never), and ConfigError without a
        spool.
        """
        return await self._lifespans.replay(timeout, any_target=any_target)

    async def aclose(self, timeout: float | None = None) -> Report:
        """Refuse new calls, store what was accepted, and report; idempotent.

        What is not stored after ``timeout`` seconds (None: close_timeout) stays in the spool, or is
        dropped and counted. Outside of a lifespan this is final: a later start() raises
        PipelineClosed.
        """
        return await self._lifespans.aclose(timeout)

    def close(self, timeout: float | None = None) -> Report:
        """aclose() for threads without an event loop; idempotent. Raises ConfigError on a thread
        with a running loop."""
        return self._lifespans.close(timeout)

    def set(self, *, enabled: bool | None = None, sample_rate: float | None = None) -> None:
        """Switch all collectors on or off, or change the share of calls that they record; from any
        thread. None changes nothing. Raises ConfigError."""
        if enabled and is_no_store(self._store):
            raise ConfigError("enabled=True needs a store; set AIOCOLLECT_STORE and start again")
        self._engine.gates.set(enabled=enabled, sample_rate=sample_rate)

    async def __aenter__(self) -> Pipeline:
        await self._lifespans.enter()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._lifespans.leave()

    def __enter__(self) -> Pipeline:
        """``with pipeline:`` for threads without an event loop. With host="loop" rows are stored by
        flush_sync(), and at the end. Raises ConfigError on a thread with a running loop."""
        self._lifespans.enter_blocking()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lifespans.leave_blocking()

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[None]:
        """For Starlette and FastAPI: ``FastAPI(lifespan=pipeline.lifespan)``. It can be entered
        again after its end, as some hosts do for each test or invocation."""
        async with self:
            yield

    async def cleanup_ctx(self, app: Any) -> AsyncIterator[None]:
        """For aiohttp: ``app.cleanup_ctx.append(pipeline.cleanup_ctx)``."""
        async with self:
            yield

    # Status -----------------------------------------------------------------------------------

    def stats(self) -> Stats:
        """A snapshot of all counts, from any thread. They add up: see Stats."""
        return stats(self._engine)

    def streams(self) -> tuple[StreamStats, ...]:
        """What each path does that rows go to, or went to lately: see StreamStats. From any
        thread."""
        return streams(self._engine)

    def status(self) -> dict[str, Any]:
        """All of this as one JSON object, with what happened lately: what the status file holds
        (docs/reference/status.md). No cell, no secret. From any thread."""
        return plain_status(self._engine)

    def healthy(self, *, max_age: float = 30.0) -> bool:
        """Whether rows reach the store.

        False after close; while a path waits for an operator (held); while memory is nearly used
        up; when the oldest row has waited longer than ``max_age`` seconds; and while calls are
        refused: the latest one was, within the last ``max_age`` seconds. From any thread.
        """
        return healthy(self._engine, max_age)


def _path(option: str, path: str | os.PathLike[str] | None) -> str | None:
    return None if path is None else check_path(os.fspath(path), option=option)
