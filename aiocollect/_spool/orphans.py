"""Orphans: directories in the spool whose process has ended. They are taken over, or left.

Runs off the event loop. A directory is locked first, and everything else is done through that lock
(disk.py), so renaming it changes nothing. One that cannot be taken over is left as it is, with the
reason, and does not hold up the others.
"""

from __future__ import annotations

import errno
import os
import re
from contextlib import suppress
from typing import NamedTuple

from .disk import Disk, LockedDirectory
from .format import HEADER_SIZE, UNKNOWN, Header, SpoolTarget, header_of, records
from .journal import LOCK, SLOTS, SUFFIX
from .recovery import Recovered, recover

__all__ = ["ASIDE", "Orphan", "find"]

ASIDE = "corrupt-"
# The name that a life gives its directory: writer id, and a number.
_LIFE = re.compile(r"[0-9a-f]{10}-\d+")
# Shortages that pass, and say nothing about the directory.
_PASSING = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT, errno.EIO}
# Enough bytes for the first record of a segment, which names its target.
_FIRST = 64 * 1024


class Orphan(NamedTuple):
    """A directory that was taken over, or the reason why it was left. ``passing``: it is tried
    again soon."""

    life: str
    recovered: Recovered | None
    reason: str = ""
    passing: bool = False


class Left(Exception):
    """A directory is left as it is; the text says why."""


def find(
    disk: Disk, directory: str, *, known: set[str], target: SpoolTarget, any_target: bool
) -> list[Orphan]:
    """*Apart.* The orphans, up to the first one that was taken over; ``known`` lives are skipped.
    Raises OSError if the spool's directory itself cannot be read."""
    disk.make_directory(directory)
    found: list[Orphan] = []
    for life in disk.names(directory):
        if life in known or life.startswith(ASIDE):
            continue
        try:
            recovered = _taken(disk, os.path.join(directory, life), life, target, any_target)
        except (Left, ValueError) as error:
            found.append(Orphan(life, None, str(error)))
        except FileNotFoundError:
            continue  # removed meanwhile
        except NotADirectoryError:
            if _LIFE.fullmatch(life):  # other names are not a spool's
                found.append(
                    Orphan(life, None, "it is a link or a file; move the directory itself here")
                )
        except OSError as error:
            reason = f"it cannot be opened ({error.strerror or error}): {_remedy(error)}"
            found.append(Orphan(life, None, reason, passing=error.errno in _PASSING))
        else:
            if recovered is not None:
                return [*found, Orphan(life, recovered)]
    return found


def _taken(
    disk: Disk, path: str, life: str, target: SpoolTarget, any_target: bool
) -> Recovered | None:
    """The directory, taken over. None: its process still runs, or there was nothing in it."""
    directory = disk.lock(path)
    if directory is None:
        return None
    try:
        names = directory.names()
        if SLOTS not in names and not any(name.endswith(SUFFIX) for name in names):
            if names == [LOCK] or (_LIFE.fullmatch(life) and not names):
                _sweep(directory, names)
            directory.release()
            return None
        head, whose = _head(directory, names)
        if head is None and not any(name.endswith(SUFFIX) for name in names):
            _sweep(directory, names)  # cut off before anything was in it
            directory.release()
            return None
        if head is not None and head.target not in (UNKNOWN, target.digest) and not any_target:
            other = target.difference(whose) if whose else "another target"
            raise Left(f"its rows are for {other}")
        if not directory.renew():  # a process of an earlier version has it
            directory.release()
            return None
        return recover(disk, path, directory)
    except BaseException:
        directory.release()
        raise


def _sweep(directory: LockedDirectory, names: list[str]) -> None:
    with suppress(OSError):
        for name in names:
            directory.remove(name)
        directory.dissolve()


def _head(directory: LockedDirectory, names: list[str]) -> tuple[Header | None, SpoolTarget | None]:
    """The header of the files, and their target. Raises ValueError if they are not a spool's, or of
    a later version."""
    head: Header | None = None
    for name in (SLOTS, *(name for name in names if name.endswith(SUFFIX))):
        if name not in names:
            continue
        file = directory.open(name, new=False)
        try:
            data = file.read(0, _FIRST if name != SLOTS else HEADER_SIZE)
        finally:
            file.close()
        try:
            found = header_of(data)
        except ValueError:
            if name == SLOTS:
                raise
            continue  # damaged: it is set aside when it is read in full
        head = head or found
        if found is None or name == SLOTS:
            continue
        first = next(records(data, found.salt), None)
        return head, first if isinstance(first, SpoolTarget) else None
    return head, None


def _remedy(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return "change its owner to this user (chown -R), or run as its owner"
    if error.errno in _PASSING:
        return "it is retried"
    return "inspect it, and remove what does not belong to a spool"
