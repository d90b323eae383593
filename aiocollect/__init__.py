"""aiocollect: what production models see and say, recorded exactly once.

::

    from aiocollect import Pipeline

    pipeline = Pipeline.from_env()              # AIOCOLLECT_STORE=file:///tmp/modeldata
    churn = pipeline.model("churn", version="10", inputs=["age", "plan"], predictions=["p"])

    async with pipeline:
        churn.collect(inputs=[[41, 2]], predictions=[0.3])
"""

from .collectors import Collector, Model, Receipt, ReceiptOutcome
from .context import correlation
from .default import ModelDataCollector, flush
from .errors import (
    AioCollectError,
    ConfigError,
    EncodeError,
    FlushTimeout,
    PipelineClosed,
    RingFull,
)
from .options import Limits, Retry
from .pipeline import Pipeline
from .stats import Report, Stats
from .stores.memory import MemoryStore

# The one place where the version is written: pyproject.toml reads it here.
__version__ = "0.2.0.dev0"

__all__ = [
    "AioCollectError",
    "Collector",
    "ConfigError",
    "EncodeError",
    "FlushTimeout",
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
    "__version__",
    "correlation",
    "flush",
]
