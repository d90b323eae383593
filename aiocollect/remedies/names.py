"""Rows of remedies: the names of events and of errors, for who meets one in a log or a traceback.

They are no codes: what happened to a path or a row has a code besides, and that has a row of its
own. tests/unit/remedies holds that each event and each error is here.
"""

from __future__ import annotations

from typing import Final

from .access import Row

__all__ = ["ERRORS", "EVENTS"]

_READ_CODE: Final = "look up its reason or code: aiocollect explain CODE"
_NOTHING: Final = "no action needed"

EVENTS: Final[tuple[Row, ...]] = (
    ("Settled", "a batch of rows is stored permanently", _NOTHING),
    (
        "PossiblyStored",
        "the pipeline closed while a request had no answer, so these rows may be stored or not",
        "raise close_timeout=, or set spool=; aiocollect verify finds out which rows are there",
    ),
    ("Dropped", "accepted rows are lost", _READ_CODE),
    (
        "DeadLettered",
        "rows can never be stored: the store refuses them, or the encoder or layout failed",
        f"{_READ_CODE}; dead_letters= keeps such rows in a file",
    ),
    (
        "Spooled",
        "rows that were not stored before the close are in the spool",
        "no action needed, the next start stores them; or now: aiocollect replay DIR",
    ),
    ("Refused", "a call was not accepted, and nothing of it is recorded", _READ_CODE),
    (
        "Held",
        "the rows of a path wait until an operator has acted; none is lost while memory has room",
        f"{_READ_CODE}, or run aiocollect doctor where the process runs",
    ),
    (
        "Retrying",
        "for some attempts no answer of the store decided anything",
        f"no action needed, it is retried; if this lasts, {_READ_CODE}",
    ),
    ("Resumed", "a path that was held or retried works again", _NOTHING),
    ("Rolled", "a path continues in its next part", f"no action needed; {_READ_CODE}"),
    (
        "BlobReplaced",
        "another client deleted, truncated or replaced a blob: the rows in it are gone",
        "find out what deletes blobs: a lifecycle rule, a cleaning job, another program",
    ),
    (
        "WriterTurnedOwn",
        "the credential may not read, so this process writes to a blob that no other one shares",
        "add read to the SAS (sp=acr), or set writer='own'",
    ),
    (
        "RateChanged",
        "a collector records another share of its calls from now on",
        "no action needed; aiocollect status shows what the settings file says",
    ),
    (
        "StreamsForgotten",
        "collectors are made again and again, as when each request makes one",
        "make each collector once, when the program starts",
    ),
    (
        "CredentialWarning",
        "the SAS grants too much or too little, or ends soon",
        "do what the event's reason says; aiocollect doctor shows all findings",
    ),
    (
        "SettingsRejected",
        "the settings file cannot be read; what it said before still applies",
        "correct the file, or write it with aiocollect enable and disable",
    ),
    (
        "SettingsRemoved",
        "the settings file is gone; only what the program says applies",
        "no action needed, if it was removed on purpose",
    ),
    (
        "StatusFailed",
        "the status file cannot be written; rows are stored as before",
        "check owner, mode and free space of the status directory",
    ),
    (
        "DeadLettersLost",
        "dead letters could not be written to their file",
        "check owner, mode and free space of the file in dead_letters=",
    ),
    (
        "LogIncomplete",
        "records of the log are missing, so verify cannot prove this time; no row is lost",
        f"{_READ_CODE}; a close that takes longer needs a larger close_timeout=",
    ),
    ("SpoolAdopted", "this process stores the rows of one that ended", _NOTHING),
    (
        "SpoolDamaged",
        "a part of the spool cannot be read; it is set aside as corrupt-… beside it",
        "check the disk (dmesg); the event counts the rows that are lost",
    ),
    (
        "SpoolLeft",
        "rows of a process that ended stay in the spool: another target, a later version, no right",
        "do what the event's reason says; then aiocollect replay DIR",
    ),
    (
        "SpoolFailed",
        "the disk accepts no rows; they are in memory alone until it does",
        "check free space, owner and mode of the spool directory: df -h, df -i, ls -ld",
    ),
    (
        "HighWater",
        "memory is nearly used up by rows that wait for the store",
        "find out why the store is slow or the path is held: aiocollect doctor",
    ),
    ("LowWater", "memory is free again", _NOTHING),
    (
        "Closed",
        "the pipeline has closed",
        "no action needed, if the report says that all rows are stored",
    ),
)

ERRORS: Final[tuple[Row, ...]] = (
    ("AioCollectError", "the base of all errors of this package", "read the message"),
    (
        "ConfigError",
        "an option, address, name or template is wrong",
        "do what the message says; aiocollect doctor shows where each option comes from",
    ),
    (
        "PipelineClosed",
        "collect() was called after the pipeline had closed",
        "stop the server's requests before the pipeline closes",
    ),
    (
        "RingFull",
        "there is no room for this call at the moment",
        "try again later; raise max_memory_bytes=, or find out why the store is slow",
    ),
    (
        "EncodeError",
        "the value has a shape or type that cannot be recorded",
        "do what the message says; its reason is a code too",
    ),
    (
        "FlushTimeout",
        "a flush did not finish in time; its report says what is stored",
        "wait longer, or find out why the store is slow: aiocollect doctor",
    ),
    (
        "SchemaConflict",
        "columns or cells that were read differ from what was asked for",
        "pass schema={…} with the types of these columns, or call typed() first",
    ),
    (
        "Incomplete",
        "rows lack a stream that each of them should have",
        "wait for late labels, or use on_missing='keep'",
    ),
    (
        "SnapshotGone",
        "a blob was deleted, replaced or cut since it was listed",
        "read again without as_of=; find out what deletes blobs",
    ),
    ("StoreError", "a request to the store did not succeed", _READ_CODE),
    (
        "OffsetMismatch",
        "a condition failed: an earlier attempt may be stored",
        "no action needed, the pipeline reads back and decides",
    ),
    (
        "OutcomeUnknown",
        "a request got no answer that decides",
        "no action needed, the pipeline sends the same again",
    ),
    (
        "StoreBusy",
        "the store asks for fewer requests",
        "no action needed, it is retried more slowly",
    ),
    ("BlobFull", "a blob accepts no more blocks", "no action needed, rows go to the next part"),
    ("StoreRefused", "the store refuses, for a reason that has a remedy", _READ_CODE),
    (
        "StoreUnreachable",
        "the store gave no answer to a reader within its timeout",
        "see whether it can be reached (aiocollect doctor), or give a longer timeout=",
    ),
)
