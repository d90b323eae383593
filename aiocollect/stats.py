"""The counts of a pipeline: a snapshot of one moment, and the report of a flush or close."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from ._native import reason as _reason

__all__ = [
    *("CORE", "DEAD_LETTERED", "DROPPED", "Happening", "LATENCY_BOUNDS", "Latencies"),
    *("REFUSED", "Report", "RowCounts", "STATUS_FORMAT", "STATUS_SUFFIX", "Stats"),
    *("StreamState", "StreamStats"),
]

# What runs the scoring path of this process: "native", or "Python" and why (native.md).
CORE: Final = f"Python ({_reason})" if _reason else "native"
# The reasons under which rows are counted, so that whoever exports the counts can begin each series
# at 0: an alert on an increase misses the first loss where its series begins with it. The store's
# own codes come on top of those of dead letters, and what a user's part gives as a reason.
REFUSED: Final = (
    *("closed", "config", "day", "encode", "full", "id", "layout", "media", "redact", "row"),
    *("schema_overflow", "shape", "streams", "time", "too_large", "type"),
)
DROPPED: Final = ("closed", "delivery_timeout", "shed_oldest", "spool")
DEAD_LETTERED: Final = ("encode", "layout", "RequestBodyTooLarge")
# Of status files (docs/reference/status.md): the version of their format, and how their names end.
STATUS_FORMAT: Final = 1
STATUS_SUFFIX: Final = ".aiocollect.json"
# Upper bounds of the classes of latencies, in seconds: each twice the one before, from 0.1 ms to 8
# minutes. What took longer than all of them has a class of its own.
LATENCY_BOUNDS: Final = tuple(2.0**power for power in range(-13, 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """How long appends took that the store has acknowledged, since the pipeline was started.

    ===========  ================================================================================
    ``counts``   how many took at most so many seconds as LATENCY_BOUNDS has at their place, and
                 more than the bound before it; the last count: longer than all bounds
    ``seconds``  how long they took together
    ===========  ================================================================================
    """

    counts: tuple[int, ...] = (0,) * (len(LATENCY_BOUNDS) + 1)
    seconds: float = 0.0

    @property
    def appends(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def quantile(self, share: float) -> float | None:
        """In how many seconds this share of them was answered, such as 0.99; None: there were none.

        Within a class they are taken to be spread evenly, so it can be off by up to half of it.
        """
        wanted = share * self.appends
        if not wanted:
            return None
        below, lower = 0, 0.0
        for count, upper in zip(self.counts, LATENCY_BOUNDS, strict=False):
            if below + count >= wanted:
                return lower + (upper - lower) * (wanted - below) / count
            below, lower = below + count, upper
        return lower


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """What became of the rows of a pipeline since it was started. Always true::

        accepted == (stored + possibly_stored + sum(dead_lettered.values())
                     + sum(dropped.values()) + in_memory + in_spool)

    ``adopted`` rows are some of the accepted ones; ``refused`` ones were never accepted.
    """

    accepted: int
    stored: int
    possibly_stored: int
    in_memory: int
    in_spool: int
    adopted: int = 0
    dead_lettered: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats(RowCounts):
    """One moment of a pipeline, since it was started. The equation of RowCounts holds in it.

    Rows, unless it says otherwise. Reasons and codes: docs/reference/errors.md, and
    aiocollect.remedies.

    ===================  ==========================================================================
    ``accepted``         taken over by the pipeline, by collect() or from the spool
    ``stored``           in the store, for good
    ``possibly_stored``  nothing can tell any more: a request was without an answer at the end
    ``dead_lettered``    by reason: they can never be stored
    ``dropped``          by reason: they were accepted, and are lost
    ``in_memory``        waiting or on their way
    ``in_spool``         on the disk alone, waiting
    ``adopted``          of the accepted ones, those that ended processes left in the spool
    ``unspooled``        of a pipeline with a spool: in memory alone, since the disk refused them
    ``refused``          by reason; never accepted
    ``sampled_out``      of calls that sampling left out; neither accepted nor refused
    ``redacted_out``     left out of their calls by rules; neither accepted nor refused
    ``sample_rates``     by collector: the share of its calls that is recorded now; 0 is off
    ``budget``           max_memory_bytes
    ``budget_used``      bytes of it that are in use
    ``oldest_age``       seconds since the oldest row that waits was accepted; None: none waits
    ``paths``            blob names that are in use: written to lately, or waiting
    ``held``             by blob (or "host", "spool…"): the code for which its rows do not move
    ``in_flight``        requests under way
    ``appends``          blocks that the store has acknowledged
    ``appended_bytes``   bytes in them
    ``append_latency``   how long these appends took: see Latencies
    ``mismatches``       appends answered "wrong position": another writer was faster, or an
                         earlier attempt was stored after all
    ``unknown``          requests that ended without an answer
    ``hook_errors``      exceptions that hooks have raised
    ``log_lost``         records of the log that are not in the store, and never will be; no row is
                         lost with them
    ``core``             what runs the scoring path: "native", or "Python" and why (CORE)
    ===================  ==========================================================================
    """

    unspooled: int
    sampled_out: int
    redacted_out: int
    sample_rates: dict[str, float]
    budget: int
    budget_used: int
    oldest_age: float | None
    paths: int
    held: dict[str, str]
    in_flight: int
    appends: int
    appended_bytes: int
    append_latency: Latencies
    mismatches: int
    unknown: int
    hook_errors: int
    core: str = CORE
    log_lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that an operator should know. Equal ones are one, counted.

    ================  =============================================================================
    ``kind``          the name of the event's class: see aiocollect.events
    ``where``         which path or stream; "" if it is about the pipeline
    ``text``          what has happened and what to do, in words; never a cell
    ``trouble``       whether it is a warning; else it is news
    ``times``         how often it has happened; the text is the latest one's
    ``rows``          the rows that were lost, refused or left by all of them
    ``first, last``   when, in seconds since 1970
    ================  =============================================================================
    """

    kind: str
    where: str
    text: str
    trouble: bool
    times: int
    rows: int
    first: float
    last: float


StreamState = Literal["idle", "waiting", "storing", "retrying", "held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStats:
    """One blob path of a stream at one moment: a stream has one for each day or hour that it wrote
    to lately, until that is forgotten.

    Rows of this process, since it began to write to this path.

    ===============  ==============================================================================
    ``stream``       model/version/identifier; "" for rows adopted from a spool
    ``path``         the blob's name, of its first part
    ``part``         the blob that it writes to now
    ``state``        "idle": no rows wait; "waiting": for more rows, or for their turn; "storing": a
                     request is under way; "retrying": it will be sent again; "held": an operator
                     must act
    ``code``         why rows have not moved for some attempts, for remedies.explain(); else ""
    ``sample_rate``  the share of calls that its collector records now; 0 is off; None if unknown
    ``stored``       rows in the store, for good
    ``waiting``      rows in memory or on the disk that are not final
    ``oldest_age``   seconds since the oldest of them was taken; None: none waits
    ``blocks``       blocks of the part, as far as this process knows; all writers share them
    ``max_blocks``   how many a part can have before the path goes on in the next one
    ===============  ==============================================================================
    """

    stream: str
    path: str
    part: str
    state: StreamState
    code: str
    sample_rate: float | None
    stored: int
    waiting: int
    oldest_age: float | None
    blocks: int
    max_blocks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(RowCounts):
    """What became of all accepted rows, as ``flush`` and ``aclose`` found it. The equation of
    RowCounts holds in it.

    All in rows, since the pipeline was started. ``str(report)`` is one line, without what is 0.

    ===================  ==========================================================================
    ``accepted``         taken over by the pipeline, by collect() or from the spool
    ``stored``           in the store, for good
    ``possibly_stored``  nothing can tell any more: a request was without an answer at the end
    ``in_memory``        still waiting or on their way; 0 after a close
    ``in_spool``         on the disk, for the next process
    ``seconds``          how long the flush or close took, in seconds
    ``adopted``          of the accepted ones, those that ended processes left in the spool
    ``dead_lettered``    by reason: they can never be stored
    ``dropped``          by reason: they were accepted, and are lost
    ``refused``          by reason; never accepted
    ===================  ==========================================================================
    """

    seconds: float

    @property
    def complete(self) -> bool:
        """Whether every accepted row is stored."""
        return self.stored == self.accepted

    def __str__(self) -> str:
        """The equation as a line, without what is 0."""
        parts = [f"accepted {self.accepted} rows: stored {self.stored}"]
        for what, rows in (
            ("possibly stored", self.possibly_stored),
            ("still in memory", self.in_memory),
            ("in the spool for the next process", self.in_spool),
        ):
            if rows:
                parts.append(f"{what} {rows}")
        parts += _by_reason("dead-lettered", self.dead_lettered)
        parts += _by_reason("dropped", self.dropped)
        line = ", ".join(parts)
        return "; ".join([line, *_by_reason("refused", self.refused)])


def _by_reason(what: str, rows: dict[str, int]) -> list[str]:
    found = {reason: count for reason, count in rows.items() if count}
    if not found:
        return []
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(found.items()))
    return [f"{what} {sum(found.values())} ({reasons})"]
