"""The context: which correlation id is in force where none is given.

``collect()`` only reads it; ``correlation()`` alone sets it, so that a library cannot join what an
application did not mean to.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType

from .errors import ConfigError

__all__ = ["correlation"]

in_force: ContextVar[correlation | None] = ContextVar("aiocollect_correlation", default=None)


class correlation:  # noqa: N801 - used like a function: with correlation(): ...
    """Puts one correlation id in force for a block of code, and for the tasks started in it::

        with correlation() as scoring:
            inputs.collect(x)
            predictions.collect(y)
        answer = {"id": scoring.id}

    Without ``id`` the first collect() inside makes one, which carries the day of its scoring; until
    then ``.id`` is None. Several calls of one stream inside go on counting their rows, so that
    inputs and predictions that were recorded in pieces are joined by id and row, one to one. A
    block of the same id within goes on counting with this one, and carries no day if it does not.

    ``carries_day``: an ``id`` in the form of ours goes to the day that it carries. Say False where
    it comes from outside, or whoever sends it chooses the days, and so the blobs: then it is an id
    as anybody else's. Raises ConfigError for an id that is no text.
    """

    __slots__ = ("_entered", "_outer", "_token", "carries_day", "hour", "id", "rows")

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
        # One that the first collect() makes carries its day, whatever is said of ids from outside.
        self.carries_day = carries_day or id is None
        # By the label of the stream, the index of its next row.
        self.rows: dict[str, int] = {}
        # The one (since 1970) that the id carries; -1 for an id of anybody else, None before the
        # first collect().
        self.hour: int | None = None
        self._token: Token[correlation | None] | None = None
        self._outer: correlation | None = None  # the block around this one, while it lasts
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
            self.rows = same.rows
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
    """The one of this id, from the inner to the outer one; None where there is none."""
    while context is not None and (id is None or context.id != id):
        context = context._outer
    return context
