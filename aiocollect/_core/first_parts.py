"""First parts: whether the paths that lanes begin with are new, as far as the latest answers say.

A lane that looks before it creates asks once in vain where its path is new, and one that creates
before it looks does so where it is not. Both are right: a creation never replaces a blob, and a
look follows it. So this is about the number of requests alone.
"""

from __future__ import annotations

__all__ = ["FirstParts"]


class FirstParts:
    """Of all lanes of one store. ``missing``: the latest one that was asked for was not there."""

    __slots__ = ("missing",)

    def __init__(self) -> None:
        self.missing = False

    def __repr__(self) -> str:
        return f"<FirstParts {'missing' if self.missing else 'there'}>"
