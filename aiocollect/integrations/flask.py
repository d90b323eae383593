"""For Flask servers: a pipeline on a thread of its own, and correlation ids.

A WSGI server tells nobody that it ends: the default pipeline is flushed at the interpreter's end,
which servers that end orderly at SIGTERM (gunicorn, waitress, mod_wsgi) come to.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from .. import Pipeline
from ..default import default_pipeline
from .headers import scoring_of

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["Collect"]

_KEY = "aiocollect"


class Collect:
    """The extension: ``collect = Collect(app)``, or ``collect.init_app(app)`` later on.

    ``pipeline`` is one with ``host="thread"``, yours to close. None: the process's default one, by
    the variables AIOCOLLECT_STORE and so on; switched off, which is logged, where there is none.
    Each process of a server that forks has its own, with nothing of its parent's.

    ``trust_ids``: an id of ours that a request brings goes to the day of its scoring. Say True
    where only services that you trust can send requests.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        pipeline: Pipeline | None = None,
        trust_ids: bool = False,
    ) -> None:
        self._pipeline = pipeline
        self._trust_ids = trust_ids
        if app is not None:
            self.init_app(app)

    def __repr__(self) -> str:
        return f"<Collect {self._pipeline!r}>"

    @property
    def pipeline(self) -> Pipeline:
        """Where the application's collectors come from."""
        if self._pipeline is None:
            self._pipeline = default_pipeline()
        return self._pipeline

    def init_app(self, app: Flask) -> None:
        """Correlate the requests of ``app``; ``app.extensions["aiocollect"]`` is this extension."""
        app.extensions[_KEY] = self
        app.before_request(self._enter)
        app.teardown_request(_leave)

    def _enter(self) -> None:
        from flask import g, request

        scoring = scoring_of(request.headers.get, trust_ids=self._trust_ids)
        scoring.__enter__()
        setattr(g, _KEY, scoring)


def _leave(error: BaseException | None) -> None:
    from flask import g

    scoring = getattr(g, _KEY, None)  # none, where another before_request answered first
    if scoring is not None:
        # A copy of the request that ends elsewhere has nothing to undo there; one that ends here
        # has undone it already.
        with suppress(ValueError, RuntimeError):
            scoring.__exit__(None, None, None)
