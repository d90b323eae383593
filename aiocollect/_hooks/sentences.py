"""What each event says to an operator, in a sentence: for the log and for the page.

No sentence has the value of a cell: events carry none.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from ..events import (
    BlobReplaced,
    Closed,
    CredentialWarning,
    DeadLettered,
    DeadLettersLost,
    Dropped,
    Event,
    Held,
    HighWater,
    LogIncomplete,
    LowWater,
    PossiblyStored,
    RateChanged,
    Refused,
    Resumed,
    Retrying,
    Rolled,
    SettingsRejected,
    SettingsRemoved,
    Settled,
    SpoolAdopted,
    SpoolDamaged,
    Spooled,
    SpoolFailed,
    SpoolLeft,
    StatusFailed,
    StreamsForgotten,
    WriterTurnedOwn,
)
from ..remedies import explain
from ..typing import LOG_ROOT

__all__ = ["Sentence", "sentence_of"]


class Sentence(NamedTuple):
    """``cause``: events of one cause are written once in a while; "": each is. ``rows`` are lost,
    refused or left to others."""

    cause: str
    text: str
    rows: int = 0
    level: int = logging.WARNING


# The latest event that was asked about, with its sentence.
_latest: tuple[Event | None, Sentence | None] = None, None


def sentence_of(event: Event) -> Sentence | None:
    """What it says; None if it is of no interest to an operator.

    Several hooks ask about each event, one after the other: it is composed once for all of them.
    """
    global _latest
    before, said = _latest
    if before is not event:
        said = _composed(event)
        _latest = event, said  # in one: another thread never finds another event's sentence
    return said


def _composed(event: Event) -> Sentence | None:
    match event:
        case Settled() | Rolled() | RateChanged(rate=1.0):
            return None
        case WriterTurnedOwn() if event.path.startswith(LOG_ROOT):
            return None  # it has one writer: what it cannot do is said where it is held
        case Resumed():
            text = f"{event.part} works again: rows are being stored"
            return Sentence("resumed", text, level=logging.INFO)
        case Closed():
            level = logging.INFO if event.report.complete else logging.WARNING
            return Sentence("", f"closed: {event.report}", level=level)
        case LowWater():
            return _news(f"{event.used} bytes wait for the store, below the low-water mark")
        case RateChanged():
            return _news(f"{event.stream} records {100 * event.rate:.3g}% of its calls")
        case SpoolAdopted():
            return _news(f"spool: storing {event.rows} rows of ended process {event.life}")
        case Refused():
            text = f"refused rows of {event.stream}: {event.reason}: {event.error}"
            return Sentence(f"refused {event.reason}", text, event.rows)
        case Held() if event.part.startswith(LOG_ROOT):
            text = (
                f"the log cannot be written to {event.part}: {event.reason}: "
                f"{explain(event.reason)}; rows are not affected, but verify() cannot prove this "
                f"time. A SAS for one directory does not reach {LOG_ROOT}, which is beside it: use "
                "one for the container, or log=False"
            )
            return Sentence(f"log held {event.reason}", text)
        case Held():
            text = (
                f"{event.part} is held: {event.reason}: {explain(event.reason)}; its "
                "rows are kept, and it is retried until it works"
            )
            return Sentence(f"held {event.reason}", text)
        case Retrying():
            text = (
                f"{event.part}: {event.attempts} attempts without a definite answer "
                f"from the store ({event.code}: {explain(event.code)}); retrying"
            )
            return Sentence(f"retrying {event.code}", text)
        case Dropped() | DeadLettered() | PossiblyStored():
            what = type(event).__name__
            text = (
                f"{what}: {event.rows} rows of {event.path}: {event.reason}: "
                f"{explain(event.reason)}"
            )
            return Sentence(f"{what} {event.reason}", text, event.rows)
        case _:
            return _of_the_rest(event)


def _news(text: str) -> Sentence:
    return Sentence("", text, level=logging.INFO)


def _of_the_rest(event: Event) -> Sentence | None:
    match event:
        case BlobReplaced():
            text = (
                f"{event.part} was deleted or replaced by another client; continuing in "
                "the next part"
            )
            return Sentence("replaced", text)
        case WriterTurnedOwn():
            text = (
                f"this credential cannot read {event.path}, and writers that share a "
                f"blob must read it; rows go to {event.part} instead"
            )
            return Sentence("own", text)
        case CredentialWarning():
            return Sentence(f"credential {event.aspect}", f"the store's SAS: {event.reason}")
        case SettingsRejected():
            return Sentence("settings", f"{event.reason}; the previous settings stay in force")
        case SettingsRemoved():
            text = (
                "the settings file was removed; the options of the program apply again: "
                f"{event.holds}"
            )
            return Sentence("settings removed", text)
        case DeadLettersLost():
            text = (
                f"{event.rows} dead letters were not written to the dead-letter file: "
                f"{event.reason}"
            )
            return Sentence(f"dead letters {event.reason}", text)
        case LogIncomplete():
            text = (
                f"{event.lines} records of the log are not stored: {event.reason}; rows are not "
                "affected, but verify() cannot prove this time"
            )
            return Sentence(f"log {event.reason}", text)
        case Spooled():
            text = (
                f"{event.rows} rows of {event.path} stay in the spool; the next process stores them"
            )
            return Sentence("spooled", text, event.rows)
        case SpoolDamaged():
            text = (
                f"spool: {event.life}: {event.reason or 'damaged'}: {event.corrupt} "
                f"unreadable stretches set aside, at least {event.rows} rows lost"
            )
            return Sentence(f"spool damaged {event.life}", text)
        case SpoolLeft():
            text = (
                f"spool: {event.life} is left as it is: {event.reason}; start a "
                "pipeline with the same options on this directory, or see aiocollect "
                "replay --help"
            )
            return Sentence(f"spool left {event.life}", text)
        case SpoolFailed():
            text = f"spool: {event.reason}; rows are kept in memory only until it works again"
            return Sentence("spool failed", text)
        case StreamsForgotten():
            text = (
                f"{event.streams} collectors, each with other redact=, format, layout "
                "or columns, were made and discarded; make each collector once and "
                "reuse it for all requests"
            )
            return Sentence("streams", text)
        case HighWater():
            text = f"{event.used} bytes wait for the store, above the high-water mark"
            return Sentence("high water", text)
        case StatusFailed():
            return Sentence("status", f"status file: {event.reason}; rows are not affected")
        case _:
            return None
