"""The default pipeline of a process: for scoring files that make no pipeline of their own.

It takes its options from the environment, lives on a thread of its own, and is flushed when the
interpreter ends, as far as that allows: no thread can be started any more, and no name be resolved,
so a connection that stands is used, and what cannot be sent is told in one line on stderr.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from typing import Any

from .errors import ConfigError
from .pipeline import Pipeline

__all__ = ["default_pipeline"]

logger = logging.getLogger("aiocollect")

_made: list[Pipeline] = []
_making = threading.Lock()


def default_pipeline() -> Pipeline:
    """The one of this process, made when it is first asked for. Raises ConfigError for options.

    Without ``AIOCOLLECT_STORE`` (or the collector's before us, ``AML_MODEL_DC_STORAGE``) it is
    switched off, which is logged once: never a directory by guess.
    """
    with _making:
        if not _made:
            _made.append(_make())
        return _made[0]


def _make() -> Pipeline:
    if not any(os.environ.get(name) for name in ("AIOCOLLECT_STORE", "AML_MODEL_DC_STORAGE")):
        logger.warning(
            "AIOCOLLECT_STORE is not set: nothing is recorded by collectors without a pipeline"
        )
        return Pipeline.from_env(host="thread", enabled=False)
    pipeline = Pipeline.from_env(host="thread")
    atexit.register(_flush, pipeline, os.getpid())
    return pipeline


def _flush(pipeline: Pipeline, made_in: int) -> None:
    if os.getpid() != made_in and not pipeline.stats().accepted:
        return  # a child that has recorded nothing
    try:
        report = pipeline.close()
    except (ConfigError, RuntimeError) as error:
        _say(f"rows may be lost at exit: {type(error).__name__}")
        return
    if not report.complete:
        lost = report.accepted - report.stored
        _say(f"{lost} rows were not stored at exit: {report}")


def _say(text: str) -> None:
    """Not through a log, whose handlers may be gone by now."""
    sys.stderr.write(f"aiocollect: {text}\n")


def _in_child() -> None:
    """The lock may be held by a thread of the parent, which does not exist here; and workers of
    multiprocessing end without atexit, but with finalizers of their own."""
    global _making
    _making = threading.Lock()
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None:
        for pipeline in _made:
            # By then: it forgets what its parent has registered, and calls these.
            util.register_after_fork(pipeline, _finalize_in_worker)


def _finalize_in_worker(pipeline: Pipeline) -> None:
    util: Any = sys.modules["multiprocessing.util"]
    util.Finalize(None, _flush, args=(pipeline, 0), exitpriority=0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
