"""What is followed, and what is handed out. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..._public import publish
from .position import Position

__all__ = ["FollowedRows", "Following"]


class FollowedRows:
    """Rows that were handed out together: of one part, in its order.

    ``rows``: a ``pyarrow.RecordBatch``. ``path``: the blob that they are from. ``position``: a text
    to keep with what you make of them; follow(since=position) goes on behind them.
    """

    __slots__ = ("_frozen", "path", "rows")

    def __init__(self, rows: Any, path: str, frozen: Position) -> None:
        self.rows = rows
        self.path = path
        self._frozen = frozen

    def __repr__(self) -> str:
        return f"<FollowedRows: {self.rows.num_rows} rows of {self.path}>"

    @property
    def position(self) -> str:
        """Where a follower that goes on begins, as text."""
        return self._frozen.text()


class Following(NamedTuple):
    """What is followed. ``from_now``: what is there already is not handed out; ``poll``: seconds,
    None to end when all that is there was handed out."""

    model: str
    stream: str
    version: str | None
    floor: int
    from_now: bool
    position: Position | None
    poll: float | None
    columns: tuple[str, ...] | None
    told: dict[str, Any]


publish("aiocollect.reading", FollowedRows)
