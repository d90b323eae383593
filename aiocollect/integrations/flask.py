"""For Flask servers: a pipeline on a thread of its own, and correlation ids.

WSGI has no event for the end of a server. So the default pipeline is flushed when the interpreter
exits, which it does in servers that shut down in order at SIGTERM (gunicorn, waitress, mod_wsgi).
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
    """The extension: ``collect = Collect(app)``, or ``collect.init_app(app)`` later.

    ``pipeline``: one with ``host="thread"``, which you close. None: the default pipeline of the
    process, configured by AIOCOLLECT_STORE and the other variables; without a store it is switched
    off, and the log says so. Each process of a server that forks has its own, with no rows of its
    parent.

    ``trust_ids``: rows under one of our ids that a request brings go to the day in that id. Set it
    only if all senders are services that you trust.
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
        """The pipeline that the application's collectors come from."""
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

    scoring = getattr(g, _KEY, None)  # None if another before_request answered first
    if scoring is not None:
        # The context may be copied: a copy that ends in another context has nothing to undo, and
        # one that ends in this context has undone it already.
        with suppress(ValueError, RuntimeError):
            scoring.__exit__(None, None, None)
