"""The values of several streams of one model, by the names of the streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._delivery.stream import Stream
from ..errors import EncodeError

__all__ = ["check_pairs", "paired"]


def paired(
    values: dict[str, Any], streams: dict[str, Stream], *, label: str
) -> list[tuple[Stream, Any]]:
    """Each value with its stream. A wrong name is TypeError: it is in the program, not in the data,
    and as loud as any unknown argument."""
    unknown = values.keys() - streams.keys()
    if unknown or not values:
        wrong = f"has no stream {', '.join(sorted(unknown))}" if unknown else "needs a stream"
        raise TypeError(f"collect() of {label} {wrong}; it has {', '.join(streams)}")
    return [(streams[name], value) for name, value in values.items()]


def check_pairs(frozen: Sequence[tuple[Any, ...]], *, label: str) -> None:
    """Check that all streams have the same number of rows: each begins with its stream and that
    number. Raises EncodeError."""
    (one, rows, *_), *others = frozen
    for other, number, *_ in others:
        if number != rows:
            raise EncodeError(
                f"{label}: {one.names.identifier} has {rows} rows, but "
                f"{other.names.identifier} has {number}; the streams of a model pair "
                "row by row: pass equally many rows, or make the model with "
                "paired=False",
                reason="shape",
            )
