"""aiocollect: what production models see and say, recorded exactly once.

::

    from aiocollect import Pipeline

    pipeline = Pipeline.from_env()              # AIOCOLLECT_STORE=file:///tmp/modeldata
    churn = pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])

    async with pipeline:
        churn.collect(inputs=[[41, 2]], predictions=[0.3])

What most programs need is here. The other public modules:

===================================  ==============================================================
``aiocollect.reading``               what read() returns
``aiocollect.compaction``            what compact() returns
``aiocollect.redaction``             rules that take secrets out of rows
``aiocollect.events``                what hooks get
``aiocollect.stats``                 the counts, and the reasons under which rows are counted
``aiocollect.remedies``              what a reason or code means, and what to do
``aiocollect.metrics``               the metrics of a pipeline, for exporters of your own
``aiocollect.settings_file``         what operators switch while a service runs
``aiocollect.errors``                all errors, those of stores too
``aiocollect.options``               the types of all options, for functions that pass them on
``aiocollect.typing``                Protocols of stores, encoders, layouts, hooks; option words
``aiocollect.stores.azure``          append blobs in Azure Storage; ``.local``, ``.memory``: in a
                                     directory, in memory
``aiocollect.encoders``              how rows are written
``aiocollect.layouts``               where rows are written
``aiocollect.default``               the pipeline of ModelDataCollector
``aiocollect.testing``               virtual time, and stores and disks that fail by a script
``aiocollect.integrations``          aiohttp, ASGI, Flask, OpenTelemetry, Prometheus, pytest
``aiocollect.gateway``               rows over HTTP
``aiocollect.doctor``                what keeps rows from being stored, and what to do
``aiocollect.page``                  what a pipeline does, seen in a browser
``aiocollect.compat``                drop-ins for Azure ML's collectors
===================================  ==============================================================

Of each, what its ``__all__`` names is public. Everything else may change with any release.
"""

from ._public import publish
from ._version import __version__
from .collectors import Collector, Model, Receipt, ReceiptOutcome
from .compaction import acompact, compact
from .context import correlation
from .default import ModelDataCollector, flush
from .errors import (
    AioCollectError,
    ConfigError,
    EncodeError,
    FlushTimeout,
    PipelineClosed,
    RingFull,
    StoreError,
)
from .options import Limits, Retry
from .pipeline import Pipeline
from .reading import aread, averify, follow, read, streams, verify
from .stats import Latencies, Report, Stats
from .stores.memory import MemoryStore

__all__ = [
    "AioCollectError",
    "Collector",
    "ConfigError",
    "EncodeError",
    "FlushTimeout",
    "Latencies",
    "Limits",
    "MemoryStore",
    "Model",
    "ModelDataCollector",
    "Pipeline",
    "PipelineClosed",
    "Receipt",
    "ReceiptOutcome",
    "Report",
    "Retry",
    "RingFull",
    "Stats",
    "StoreError",
    "__version__",
    "acompact",
    "aread",
    "averify",
    "compact",
    "correlation",
    "flush",
    "follow",
    "read",
    "streams",
    "verify",
]

publish(__name__, Collector, Model, ModelDataCollector, Pipeline)
publish(__name__, Receipt, ReceiptOutcome, Latencies, Report, Stats, Limits, Retry, MemoryStore)
publish(__name__, correlation, flush, read, aread, follow, streams, verify, averify)
publish(__name__, compact, acompact)
publish(__name__, AioCollectError, ConfigError, EncodeError, FlushTimeout, PipelineClosed, RingFull)
publish(__name__, StoreError)
