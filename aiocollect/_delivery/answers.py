"""Which answers of a store are answers to what was asked.

A store may be a user's, and a proxy may mix answers up: what a wrong one says of a blob would be
taken for the work of others, and rows would be doubled.
"""

from __future__ import annotations

from typing import Any

from .._core.commands import Append, LaneEvent, Open, Read, Request
from ..typing import Appended, Created, Opened, Range

__all__ = ["ANSWERS", "fits"]

# What the answer to each kind of request is.
ANSWERS: dict[LaneEvent, type[Any] | tuple[type[Any], ...]] = {
    LaneEvent.APPENDED: Appended,
    LaneEvent.OPENED: Opened,
    LaneEvent.CREATED: (Created, bool),
    LaneEvent.RANGE: Range,
}


def fits(request: Request, answer: Any) -> bool:
    """Whether the answer can be one to this request, neither mixed up nor cut off."""
    match request:
        case Append():
            return bool(answer.length == request.offset + len(request.data))
        case Open():
            return bool(len(answer.head) == min(request.head, answer.length))
        case Read():
            there = max(0, answer.length - request.offset)
            return bool(len(answer.data) == min(request.length, there))
        case _:
            return True
