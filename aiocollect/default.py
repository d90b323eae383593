"""The default pipeline of a process: for scoring files that make no pipeline themselves.

It takes its options from the environment and lives on a thread of its own. Like every pipeline that
was not closed, it is closed when the process ends (see _engine/exits.py).
"""

from __future__ import annotations

import logging
import os
import threading

from .collectors import Collector
from .pipeline import Pipeline
from .redaction import Redact
from .stats import Report
from .typing import Features

__all__ = ["ModelDataCollector", "default_pipeline", "flush"]

logger = logging.getLogger("aiocollect")

_made: list[Pipeline] = []
_making = threading.Lock()


def default_pipeline() -> Pipeline:
    """The default pipeline, made when it is first asked for. Raises ConfigError for bad options.

    Without ``AIOCOLLECT_STORE`` (or the old collector's ``AML_MODEL_DC_STORAGE``) it is switched
    off, which is logged once. It never guesses a directory.
    """
    with _making:
        if not _made:
            _made.append(_make())
        return _made[0]


def _make() -> Pipeline:
    if not any(os.environ.get(name) for name in ("AIOCOLLECT_STORE", "AML_MODEL_DC_STORAGE")):
        logger.warning(
            "AIOCOLLECT_STORE is not set, so collectors without a pipeline record nothing"
        )
        return Pipeline.from_env(host="thread", enabled=False)
    return Pipeline.from_env(host="thread")


class ModelDataCollector(Collector):
    """A collector of the process's default pipeline.

    That pipeline takes its options from the environment (``AIOCOLLECT_STORE`` and others), lives on
    a thread of its own, starts at the first collect() and is flushed when the interpreter ends: for
    init()/run() scripts, and wherever no event loop runs. Without a store in the environment it
    records nothing, and says so in the log once. Raises ConfigError for names and options.
    """

    __slots__ = ()

    def __init__(
        self,
        model: str,
        *,
        version: str = "default",
        identifier: str = "default",
        feature_names: Features | None = None,
        redact: Redact = None,
    ) -> None:
        made = default_pipeline().collector(
            model,
            version=version,
            identifier=identifier,
            feature_names=feature_names,
            redact=redact,
        )
        super().__init__(made._recorder, made._stream)


def flush(timeout: float | None = None) -> Report:
    """Wait until all rows of collectors of the default pipeline are stored; blocks this thread.

    For jobs and workers that end by ``os._exit``, which leaves no time to store them. Raises
    FlushTimeout, which carries the report, after ``timeout`` seconds (None: never), and ConfigError
    on a thread with a running event loop: there, ``await asyncio.to_thread(aiocollect.flush)``.
    If nothing was recorded, all counts of the report are 0.
    """
    with _making:
        made = list(_made)
    if not made:
        return Report(accepted=0, stored=0, possibly_stored=0, in_memory=0, in_spool=0, seconds=0.0)
    return made[0].flush_sync(timeout)


def _in_child() -> None:
    """A thread of the parent may hold the lock; it does not exist here."""
    global _making
    _making = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
