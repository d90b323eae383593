"""The context: which correlation id collect() uses when none is given.

``collect()`` only reads it; only ``correlation()`` sets it, so that a library cannot join calls
that the application did not mean to join.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType

from ._native import ScoringBase
from .errors import ConfigError

__all__ = ["correlation"]

in_force: ContextVar[correlation | None] = ContextVar("aiocollect_correlation", default=None)


class correlation(ScoringBase):  # noqa: N801 - used like a function: with correlation(): ...
    """Gives one correlation id to a block of code, and to the tasks started in it::

        with correlation() as scoring:
            inputs.collect(x)
            predictions.collect(y)
        answer = {"id": scoring.id}

    Without ``id`` the first collect() inside makes one; until then ``.id`` is None. Several calls
    of one stream inside share one count of rows, so that inputs and predictions that are recorded
    in pieces can be joined by id and row, one to one. A block inside with the same id shares that
    count, and carries no day if this one does not.

    ``carries_day``: rows under an ``id`` that aiocollect made go to the day that is in it. Say
    False for an id from outside: else whoever sends it chooses the day, and so the blob. Raises
    ConfigError for an id that is not text.
    """

    __slots__ = ("_entered", "_token")

    def __init__(
        self,
        id: str | None = None,  # noqa: A002 - a public name
        *,
        carries_day: bool = True,
    ) -> None:
        if id is not None and (not isinstance(id, str) or not id):
            raise ConfigError(
                "correlation(id) must be text that is not empty; leave it out for a new id"
            )
        self.id = id if id is None or type(id) is str else str.__str__(id)
        # What the first collect() makes carries its day; ``carries_day`` is about ids from outside.
        self.carries_day = carries_day or id is None
        # By label of a stream: the index of its next row.
        self._rows: dict[str, int] = {}
        # The hour since 1970 that the id carries; -1 if it carries none, None before the first
        # collect().
        self._hour: int | None = None
        self._token: Token[correlation | None] | None = None
        self._outer = None  # the block around this one, while it lasts
        self._entered = False

    def __repr__(self) -> str:
        return f"<correlation {self.id or 'not made yet'}>"

    def __enter__(self) -> correlation:
        if self._entered:
            raise ConfigError(
                "a correlation() can be entered only once; create a new one for each block"
            )
        self._entered = True
        self._outer = in_force.get()
        same = of(self._outer, self.id)
        if same is not None:
            self._rows = same._rows
            self.carries_day = self.carries_day and same.carries_day
        self._token = in_force.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is None:
            raise RuntimeError("this correlation() has ended already, or was not entered")
        in_force.reset(self._token)
        # Tasks that were started within keep this one, and need not keep those around it.
        self._token = self._outer = None


def of(context: correlation | None, id: str | None) -> correlation | None:  # noqa: A002
    """The innermost block with this id; None if there is none."""
    while context is not None and (id is None or context.id != id):
        context = context._outer
    return context
