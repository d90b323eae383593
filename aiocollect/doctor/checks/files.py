"""Checks of the files and directories of this machine that options name. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from aiocollect.remedies import explain

from ..diagnosis import CheckResult
from ..facts import Facts, PathFacts

__all__ = ["FLEETING", "NETWORK", "paths", "problem_of"]

# Types of file systems, as /proc/self/mountinfo has them: on other machines, where file locks and
# fsync mean less; and those that end with the machine or the container.
NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "lustre", "afs"),
        *("fuse.sshfs", "fuse.s3fs", "fuse.blobfuse", "fuse.blobfuse2", "fuse.gcsfuse"),
        *("fuse.rclone", "fuse.goofys", "fuse.glusterfs", "virtiofs"),
    }
)
FLEETING = {
    "tmpfs": "in memory: rows in it are lost when the machine restarts",
    "ramfs": "in memory: rows in it are lost when the machine restarts",
    "overlay": "the container's own: rows in it are lost with the container",
}
DIRECTORIES = ("spool", "status", "store")
# They show what the kernel knows, and hold no files of others.
PSEUDO = frozenset({"proc", "sysfs", "cgroup", "cgroup2", "devpts", "securityfs", "debugfs"})
# What a status file or a settings file needs.
LITTLE = 2**20


def paths(facts: Facts) -> Iterator[CheckResult]:
    """Each path can be used for what its option says."""
    for path in facts.paths:
        problem = problem_of(path)
        if problem is not None:
            yield problem
            continue
        yield from _usable(path, facts)


def problem_of(path: PathFacts) -> CheckResult | None:
    """What makes the path useless; None if nothing does."""

    def failed(text: str, remedy: str, code: str = "") -> CheckResult:
        return CheckResult(path.what, "fail", text, remedy, code, group="machine")

    shown = path.path
    if path.code == "DiskTimeout":
        return failed(
            f"{shown}: the file system did not answer in time",
            f"check the mount: findmnt -T {shown}; use a directory on a local disk",
        )
    if path.code:
        known = explain(path.code)
        return failed(f"{shown}: {known.meaning}", known.remedy, path.code)
    if path.filesystem in PSEUDO:
        return failed(
            f"{shown} is on a file system that holds no files ({path.filesystem})",
            "use a directory on a disk",
        )
    if not path.exists:
        if not path.above or not path.writable:
            return failed(
                f"{shown} does not exist, and this user may not create it in {path.above or '/'}",
                f"sudo install -d -m 700 -o $(id -un) {shown}",
                "EACCES",
            )
        return None
    wanted = "directory" if path.what in DIRECTORIES else "file"
    if path.exists == "link" and path.what == "spool":
        return failed(f"{shown} is a link", f"name the directory itself: readlink -f {shown}")
    if path.exists not in (wanted, "link"):
        return failed(
            f"{shown} is not a {wanted}", f"use another path, or look what it is: ls -ld {shown}"
        )
    # Windows: no file says whose it is.
    without_owners = path.owner is not None and path.me is None
    if path.what == "spool" and without_owners:
        return failed(
            f"{shown}: a spool needs the file locks of Linux, macOS or another POSIX system",
            "leave spool= out; rows are in memory alone then",
        )
    private = path.what in ("spool", "status") and not without_owners
    if private and path.owner != path.me:
        return failed(
            f"{shown} belongs to user {path.owner}, and this process runs as {path.me}",
            f"use a directory of your own; or, if this one is for aiocollect alone: sudo chown -R "
            f"{path.me} {shown}",
            "EACCES",
        )
    if private and path.by_others:
        return failed(
            f"{shown}: other users may write to it",
            f"use a directory below it, such as {shown.rstrip('/')}/aiocollect; or, if this one is "
            f"for aiocollect alone: chmod 700 {shown}",
            "EACCES",
        )
    if not path.writable and path.what != "settings_file":
        return failed(
            f"{shown}: this user may not write to it",
            f"ls -ld {shown}; then change its owner or mode, or mount it writable",
            "EACCES",
        )
    if path.problem:
        return failed(path.problem, f"correct it, or remove it: {shown}", "SettingsRejected")
    return None


def _usable(path: PathFacts, facts: Facts) -> Iterator[CheckResult]:
    shown = path.path
    if path.what == "settings_file":
        text = f"{shown} does not exist yet: nothing is switched" if not path.exists else shown
        yield CheckResult(path.what, "ok", text)
        return
    wanted = facts.options.max_spool_bytes if path.what == "spool" else LITTLE
    if path.free is not None and path.free < wanted:
        yield CheckResult(
            path.what,
            "warn",
            f"{shown}: {_size(path.free)} free, and it may need {_size(wanted)}",
            f"free some space (df -h {shown}), or use another disk",
            "ENOSPC",
        )
    if path.what in ("spool", "store") and path.filesystem in NETWORK:
        yield CheckResult(
            path.what,
            "warn",
            f"{shown} is on a network file system ({path.filesystem}), whose locks and syncs are "
            "not tested",
            "use a directory on a local disk",
        )
    if path.what == "spool":
        yield from _spool(path)
    if path.what == "status" and path.exists:
        yield CheckResult("status", "ok", f"{shown}: {path.entries} processes show what they do")
    elif not path.exists:
        yield CheckResult(path.what, "ok", f"{shown} does not exist yet, and can be created")
    else:
        free = "" if path.free is None else f", {_size(path.free)} free"
        yield CheckResult(path.what, "ok", f"{shown}: writable{free}")


def _spool(path: PathFacts) -> Iterator[CheckResult]:
    fleeting = FLEETING.get(path.filesystem)
    if fleeting is not None:
        yield CheckResult(
            "spool",
            "warn",
            f"{path.path} is on a file system that is {fleeting}",
            "use a directory on a disk or a mounted volume",
        )
    for life in path.unreadable:
        yield CheckResult(
            "spool",
            "warn",
            f"{path.path}/{life} cannot be opened: another user's process made it",
            f"sudo chown -R {path.me} {path.path}/{life}; then aiocollect replay {path.path}",
            "SpoolLeft",
        )
    if path.left:
        processes = f"{path.left} ended process" + ("es" if path.left > 1 else "")
        yield CheckResult(
            "spool",
            "warn",
            f"{path.path} has rows of {processes}",
            f"the next start stores them; or now: aiocollect replay {path.path}",
        )
    if path.corrupt:
        yield CheckResult(
            "spool",
            "warn",
            f"{path.path} has {path.corrupt} pieces that could not be read (corrupt-…)",
            "check the disk (dmesg); keep the pieces, or remove them",
            "SpoolDamaged",
        )
    if path.running:
        yield CheckResult("spool", "ok", f"{path.running} running processes use it")


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:,.1f} GiB"
