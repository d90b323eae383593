"""Facts of files and directories that options name. Nothing is created, or locked for long."""

from __future__ import annotations

import errno
import os
import re
import stat
from typing import Any, Final, Literal

from aiocollect import ConfigError
from aiocollect.settings_file import read_control
from aiocollect.stats import STATUS_SUFFIX

from ..facts import PathFacts
from .limits import in_time

__all__ = ["filesystem_of", "path_facts"]

# The directory of a process in a spool: writer id, and a number.
_is_life = re.compile(r"[0-9a-f]{10}-\d+").fullmatch
_ASIDE: Final = "corrupt-"
_ROWS: Final = ".rows"
_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


def path_facts(what: str, path: str, *, limit: float) -> PathFacts:
    """Look at a path; at most ``limit`` seconds, since a file system can hang."""
    path = os.path.abspath(path)
    try:
        return in_time(limit, lambda: _look(what, path))
    except TimeoutError:
        return PathFacts(what=what, path=path, code="DiskTimeout")
    except OSError as error:
        return PathFacts(what=what, path=path, code=errno.errorcode.get(error.errno or 0, "EIO"))


def _look(what: str, path: str) -> PathFacts:
    common: dict[str, Any] = {"what": what, "path": path, "me": _me()}
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        above = path
        while above != os.path.dirname(above) and not os.path.lexists(above):
            above = os.path.dirname(above)
        usable = os.path.isdir(above) and os.access(above, os.W_OK | os.X_OK)
        return PathFacts(
            exists="", above=above, writable=usable, filesystem=filesystem_of(above),
            free=_free(above), **common,
        )  # fmt: skip
    kind = _kind(found.st_mode)
    if kind == "link":
        found = os.stat(path)
        kind = "link" if what == "spool" else _kind(found.st_mode)
    wanted = os.W_OK | os.X_OK if stat.S_ISDIR(found.st_mode) else os.W_OK
    more: dict[str, Any] = {}
    if kind == "directory" and what == "spool":
        more = _spool(path)
    elif kind == "directory" and what == "status":
        more = {"entries": sum(name.endswith(STATUS_SUFFIX) for name in os.listdir(path))}
    elif kind == "file" and what == "settings_file":
        more = {"problem": _problem(path)}
    return PathFacts(
        exists=kind, owner=found.st_uid, by_others=bool(found.st_mode & _BY_OTHERS),
        writable=os.access(path, wanted), free=_free(path), filesystem=filesystem_of(path),
        **common, **more,
    )  # fmt: skip


def _spool(path: str) -> dict[str, Any]:
    """Who uses it, what was left in it."""
    running = left = corrupt = 0
    unreadable = []
    for name in sorted(os.listdir(path)):
        if name.startswith(_ASIDE):
            corrupt += 1
        if not _is_life(name):
            continue
        try:
            if _is_locked(os.path.join(path, name)):
                running += 1
            elif any(file.endswith(_ROWS) for file in os.listdir(os.path.join(path, name))):
                left += 1
        except PermissionError:
            unreadable.append(name)
        except FileNotFoundError:
            continue  # its process has just ended
    return {
        "running": running, "left": left, "corrupt": corrupt, "unreadable": tuple(unreadable),
    }  # fmt: skip


def _is_locked(directory: str) -> bool:
    """Whether a process holds it. A shared lock, for a moment: who wants it alone looks again."""
    import fcntl

    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # this file system cannot lock directories
    finally:
        os.close(descriptor)
    return False


def _problem(path: str) -> str:
    try:
        read_control(path)
    except ConfigError as error:
        return str(error)
    return ""


def _kind(mode: int) -> Literal["directory", "file", "link", "other"]:
    if stat.S_ISDIR(mode):
        return "directory"
    if stat.S_ISLNK(mode):
        return "link"
    return "file" if stat.S_ISREG(mode) else "other"


def _me() -> int | None:
    return os.geteuid() if hasattr(os, "geteuid") else None


def _free(path: str) -> int | None:
    try:
        found = os.statvfs(path)
    except (AttributeError, OSError):
        return None
    return found.f_bavail * found.f_frsize


def filesystem_of(path: str, mounts: str = "/proc/self/mountinfo") -> str:
    """The type of the file system; "" where that cannot be read. man 5 proc_pid_mountinfo."""
    real = os.path.realpath(path)
    best, kind = "", ""
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.readlines()
    except OSError:
        return ""
    for line in lines:
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if not dash or len(fields) < 5:
            continue
        point = fields[4].encode().decode("unicode_escape", "replace")
        if (real == point or real.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind
