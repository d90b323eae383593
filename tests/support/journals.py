"""Journals without a syncer, for tests of their bytes: each work done at once."""

from __future__ import annotations

from typing import Final

from aiocollect._spool.format import SpoolTarget
from aiocollect._spool.journal import Journal
from aiocollect._spool.journal_work import Work

__all__ = ["TARGET", "commit", "synced"]

TARGET: Final = SpoolTarget("file:///data", "default/default/default", "default")


def commit(journal: Journal) -> bool:
    """Write what was added; whether it is there."""
    return _done(journal, sync=False).kept


def synced(journal: Journal) -> bool:
    """Write, and sync; whether all of it is sure."""
    return _done(journal, sync=True).sure


def _done(journal: Journal, *, sync: bool) -> Work:
    work = journal.plan(sync=sync, dead=False, spare=False).run()
    journal.apply(work)
    return work
