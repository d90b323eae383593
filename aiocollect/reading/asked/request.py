"""What is asked for, checked once. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from ...errors import ConfigError
from .when import FOREVER

__all__ = [
    "JOINED",
    "LABELS",
    "ArrowTable",
    "Labels",
    "OnDrift",
    "OnMissing",
    "ReadFormat",
    "Request",
    "checked_streams",
    "request_of",
]


class ArrowTable(Protocol):
    """A table that Arrow takes: of pyarrow, polars, pandas and others."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """See the Arrow PyCapsule interface."""
        ...


Labels: TypeAlias = Literal["latest", "first", "all"] | ArrowTable
OnMissing: TypeAlias = Literal["keep", "drop", "raise"]
ReadFormat: TypeAlias = Literal["csv", "jsonl", "mdc"]
OnDrift: TypeAlias = Literal["widen", "raise"]

# What is read where no streams are named, as far as there is one; and the one that comes later.
JOINED = ("inputs", "predictions", "labels")
LABELS = "labels"


class Request(NamedTuple):
    """``begin`` and ``end`` are microseconds since 1970, ``labels_until`` too. ``streams`` None:
    those of JOINED that there are. ``single``: one stream alone, with its columns as they are."""

    model: str
    version: str | None
    streams: tuple[str, ...] | None
    single: bool
    begin: int
    end: int
    columns: tuple[str, ...] | None
    where: Any
    told: dict[str, Any]
    labels: Any  # "latest", "first", "all", or an Arrow table
    labels_until: int | None
    on_missing: OnMissing
    on_drift: OnDrift
    strict: bool
    prefix: bool


def request_of(
    model: str,
    *,
    version: str | None,
    stream: str,
    columns: tuple[str, ...] | None = None,
    told: dict[str, Any] | None = None,
) -> Request:
    """All rows of one stream, as they are. ``told``: the types of columns."""
    return Request(
        model=model,
        version=version,
        streams=(stream,),
        single=True,
        begin=0,
        end=FOREVER,
        columns=columns,
        where=None,
        told=told or {},
        labels="latest",
        labels_until=None,
        on_missing="keep",
        on_drift="widen",
        strict=False,
        prefix=False,
    )


def checked_streams(streams: Sequence[str] | str | None) -> tuple[tuple[str, ...] | None, bool]:
    """The names of the streams, and whether it is one alone. ConfigError."""
    if streams is None:
        return None, False
    if isinstance(streams, str):
        return (streams,), True
    if not isinstance(streams, Sequence) or not streams:
        raise ConfigError("streams must be one name, or a list of names such as ['inputs']")
    for name in streams:
        if not isinstance(name, str) or not name:
            raise ConfigError("streams must be a list of names, each of them text")
    if len(set(streams)) < len(streams):
        raise ConfigError("streams contains a name twice")
    return tuple(streams), False
