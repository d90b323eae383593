"""The events that hooks get: ``Pipeline(…, hooks=[my_hook])`` calls ``my_hook(event)`` with each.

All are immutable, and none carries the value of a cell. A reason or a code is a short text that
``aiocollect.remedies.explain()`` and docs/reference/errors.md explain.

Words that several events share: ``path`` is a stream's blob name, ``part`` the blob of it that is
meant (a path goes on in further parts), ``stream`` a collector's label (model/version/identifier).
``first`` and ``last`` are the writer's sequence numbers, on this path, of the first and last row;
``life`` is the writer whose numbers these are (of rows adopted from a spool, the one that accepted
them), and ``lane`` counts its lanes, since a path that rests for long begins again at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .stats import Report

__all__ = [
    "BlobReplaced",
    "Closed",
    "CredentialWarning",
    "DeadLettered",
    "DeadLettersLost",
    "Dropped",
    "Event",
    "Held",
    "HighWater",
    "LogIncomplete",
    "LowWater",
    "PossiblyStored",
    "RateChanged",
    "Refused",
    "Resumed",
    "Retrying",
    "Rolled",
    "Settled",
    "SettingsRejected",
    "SettingsRemoved",
    "SpoolAdopted",
    "SpoolDamaged",
    "SpoolFailed",
    "SpoolLeft",
    "Spooled",
    "StatusFailed",
    "StreamsForgotten",
    "WriterTurnedOwn",
]


# The ends of rows ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _RowsEnded:
    path: str
    rows: int
    first: int
    last: int
    life: str = ""
    lane: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(_RowsEnded):
    """A batch is stored for good.

    ==================  ===========================================================================
    ``path``            the stream's blob name
    ``part``            the blob that holds the batch
    ``created``         tells this blob from others of its name; empty without the right to read
    ``offset, length``  where its rows are in that blob, in bytes; a header before them is not
                        counted
    ``rows``            how many rows
    ``first, last``     the sequence numbers of the first and last row
    ``crc``             CRC-32 of these bytes
    ``life, lane``      whose numbers these are
    ==================  ===========================================================================
    """

    part: str
    created: str = ""
    offset: int
    length: int
    crc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PossiblyStored(_RowsEnded):
    """Nothing can tell any more whether these rows are stored: the pipeline closed while a request
    had no answer, or the blob may not be read.

    ``path``, ``rows``, ``first``, ``last``, ``life`` and ``lane`` say which rows, ``part`` where
    they would be, with the ``length`` and ``crc`` of their bytes; ``reason`` what cut the doubt
    short.
    """

    part: str
    length: int = 0
    crc: int = 0
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped(_RowsEnded):
    """Accepted rows are lost.

    ``path``, ``rows``, ``first``, ``last``, ``life`` and ``lane`` say which rows, ``reason`` why: a
    key of Stats.dropped.
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLettered(_RowsEnded):
    """Rows can never be stored: the store refuses them for good, or the encoder or layout raised.

    ``path``, ``rows``, ``first``, ``last``, ``life`` and ``lane`` say which rows (-1 for rows that
    have no number yet; ``path`` is then the stream), ``reason`` why: a key of
    Stats.dead_lettered.
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled(_RowsEnded):
    """Rows that were not stored when the pipeline closed are in the spool; another process, or the
    next start, stores them. ``path``, ``rows``, ``first``, ``last``, ``life`` and ``lane`` say
    which rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A call was not accepted; nothing of it was recorded.

    ``stream``: which collector's. ``rows``: how many rows it had, as far as that is known.
    ``reason``: a key of Stats.refused. ``error``: what a strict pipeline raises, without a value.
    """

    stream: str
    rows: int
    reason: str
    error: Exception


# Paths --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfPart:
    path: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(_OfPart):
    """A path waits for an operator; its rows are kept. ``path`` and ``part`` say which, ``reason``
    is the code of what is to be repaired."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying(_OfPart):
    """For some attempts the store has not given an answer that decides anything. ``path`` and
    ``part`` say where, ``code`` is its last answer, ``attempts`` how many there were."""

    code: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(_OfPart):
    """A path that was held or retrying works again: a block of ``path`` was stored in ``part``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled(_OfPart):
    """A path continues in its next part. ``path`` and ``part`` (the new one) say where, ``reason``
    why: the last one is full, sealed, replaced, of another header or type, ends within a line, or
    it is not known whether it was created."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobReplaced(_OfPart):
    """Another client deleted, truncated or replaced ``part`` of ``path``: the rows in it are
    gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterTurnedOwn(_OfPart):
    """The credential may not read, which sharing a blob needs: ``path`` continues in ``part``, a
    blob of this writer alone."""


# Collectors, settings and credentials -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChanged:
    """A collector records another share of its calls from now on. ``stream``: which one.
    ``rate``: from 0 (off) to 1 (all)."""

    stream: str
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamsForgotten:
    """Many collectors were made and dropped again, each with rules, an encoder, a layout or columns
    of its own, as when they are made for each request. ``streams``: how many are forgotten."""

    streams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialWarning:
    """The store's SAS should be replaced by another one. ``aspect``: "rights" (more than needed),
    "missing" (a right), "scope", "expiry", "start" or "protocol". ``reason``: a sentence for the
    log."""

    aspect: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRejected:
    """The settings file cannot be read, for this ``reason``; its last valid content still holds."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRemoved:
    """The settings file is gone, so only what the program says holds. ``holds``: what that is."""

    holds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFailed:
    """The status file cannot be written, for this ``reason``. Told once, until it works again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLettersLost:
    """Dead letters could not be written to their file, for this ``reason``. ``rows``: how many rows
    they had; each was told by a DeadLettered before."""

    rows: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIncomplete:
    """Records of the log will not be in the store; no row is lost with them, but verify() cannot
    prove this time any more. ``lines``: how many. ``reason``: why: "full" (too many wait for the
    store), "closed", or a key of Stats.dropped."""

    lines: int
    reason: str


# The spool ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolAdopted:
    """This process stores what an ended one left in the spool. ``life``: the name of its directory.
    ``rows``: how many rows."""

    life: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolDamaged:
    """A part of what an ended process left in the spool cannot be read.

    ``life``: the name of its directory. ``corrupt``: how many stretches of bytes were set aside.
    ``rows``: how many rows were in them, as far as that is known. ``reason``: why, where the file
    is not a spool's and is left alone; else empty.
    """

    life: str
    corrupt: int
    rows: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolLeft:
    """What an ended process left in the spool stays there. ``life``: the name of its directory.
    ``reason``: it is for another store, workspace or service, of a later version, or cannot be
    opened. It is tried again after growing waits."""

    life: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolFailed:
    """The disk does not accept rows, for this ``reason``; they are in memory alone until it does
    again."""

    reason: str


# Memory, and the end ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HighWater:
    """Memory is nearly used up: ``used`` bytes, more than three quarters of max_memory_bytes."""

    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LowWater:
    """Memory is free again: ``used`` bytes, at most half of max_memory_bytes."""

    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The pipeline has closed. ``report``: what became of its rows."""

    report: Report


Event: TypeAlias = (
    Settled
    | PossiblyStored
    | Dropped
    | DeadLettered
    | Spooled
    | Refused
    | Held
    | Retrying
    | Resumed
    | Rolled
    | BlobReplaced
    | WriterTurnedOwn
    | RateChanged
    | StreamsForgotten
    | CredentialWarning
    | SettingsRejected
    | SettingsRemoved
    | StatusFailed
    | DeadLettersLost
    | LogIncomplete
    | SpoolAdopted
    | SpoolDamaged
    | SpoolFailed
    | SpoolLeft
    | HighWater
    | LowWater
    | Closed
)
