"""The events that hooks see. All are immutable, and none carries a cell's value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .stats import Report

__all__ = [
    "BlobReplaced",
    "Closed",
    "CredentialWarning",
    "DeadLettered",
    "Dropped",
    "Event",
    "Held",
    "HighWater",
    "LowWater",
    "PossiblyStored",
    "RateChanged",
    "Refused",
    "Resumed",
    "Retrying",
    "Rolled",
    "DeadLettersLost",
    "SettingsRejected",
    "SettingsRemoved",
    "Settled",
    "SpoolAdopted",
    "SpoolDamaged",
    "SpoolFailed",
    "SpoolLeft",
    "Spooled",
    "StreamsForgotten",
    "WriterTurnedOwn",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A batch is stored for good. Spool, receipts, tracing and verification live on this event.

    ``path`` is the stream's blob name, ``part`` the blob of it that holds the batch, ``offset`` and
    ``length`` the bytes of its rows in that part (a header before them is not counted), ``rows``
    their number, ``first`` and ``last`` the writer's sequence numbers of the first and last row,
    ``crc`` the CRC-32 of the bytes.
    """

    path: str
    part: str
    offset: int
    length: int
    rows: int
    first: int
    last: int
    crc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PossiblyStored:
    """A doubt that the end of the pipeline, or a blob we may not read, cut short."""

    path: str
    part: str
    rows: int
    first: int
    last: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """Accepted rows that were lost, and why."""

    path: str
    rows: int
    first: int
    last: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLettered:
    """Rows the store refuses for good, and why."""

    path: str
    rows: int
    first: int
    last: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """Rows that were not stored by the end are in the spool: another life stores them."""

    path: str
    rows: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A call that was not accepted: nothing of it was recorded."""

    stream: str
    rows: int
    reason: str
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A path waits for an operator, for ``reason``, a code (remedies.py). Nothing is lost."""

    path: str
    part: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """The store has not given a deciding answer for some attempts; ``code`` is its last one."""

    path: str
    part: str
    code: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A path that was held, or had no answer, works again: a block of it is stored."""

    path: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled:
    """A path went on to its next part: full, sealed, of another header or type, replaced, without a
    line end, or of a creation in doubt."""

    path: str
    part: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobReplaced:
    """A part was deleted, truncated or made anew by somebody else: what it held is gone."""

    path: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterTurnedOwn:
    """A shared path may not be read by this credential; it goes on in blobs of its own."""

    path: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChanged:
    """A collector (its label) records another share of its calls from now on; 0 is off."""

    stream: str
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialWarning:
    """The store's credential (a SAS) works, or may, and is not what it should be.

    ``aspect``: "rights" (more than needed), "missing", "scope", "expiry", "start", "protocol".
    """

    aspect: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRejected:
    """The settings file cannot be understood; what it said before holds."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRemoved:
    """The settings file is there no more: the program's own word holds; ``holds`` says it."""

    holds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLettersLost:
    """Dead letters were not written to their file; the hooks were told of the rows before."""

    rows: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolAdopted:
    """Rows that another life has left in the spool are brought to the store by this one."""

    life: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolDamaged:
    """Of what another life has left, this cannot be read: ``corrupt`` stretches were set aside,
    with ``rows`` rows, as far as is known. ``reason`` where it is none of ours, and left alone."""

    life: str
    corrupt: int
    rows: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolLeft:
    """What another life has left in the spool stays as it is, and ``reason`` says why: it is for
    another store, workspace or service, of a later version, or cannot be opened. It is looked at
    again, after longer and longer waits."""

    life: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolFailed:
    """The disk does not take rows; they are kept in memory alone until it does again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamsForgotten:
    """So many collectors were made that nobody holds any more, each unlike the others: made per
    request, with a ``redact=``, an encoder, a layout or columns of their own each."""

    streams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HighWater:
    """The budget's use, in bytes, rose above the high-water mark."""

    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LowWater:
    """The budget's use, in bytes, fell below the low-water mark again."""

    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A life of the pipeline has ended; what became of its rows."""

    report: Report


Event: TypeAlias = (
    Settled
    | PossiblyStored
    | Dropped
    | DeadLettered
    | Refused
    | Held
    | Retrying
    | Resumed
    | Rolled
    | BlobReplaced
    | WriterTurnedOwn
    | Spooled
    | SpoolAdopted
    | SpoolDamaged
    | SpoolFailed
    | SpoolLeft
    | RateChanged
    | CredentialWarning
    | SettingsRejected
    | SettingsRemoved
    | DeadLettersLost
    | StreamsForgotten
    | HighWater
    | LowWater
    | Closed
)
