"""The real disk: rights, links, locks that a fork must not keep, and limits of the system."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from aiocollect._disks.local import LocalDisk
from tests.support.disk_errors import answer, error_of


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0, 0o022, 0o277])
def test_only_this_user_may_read_it_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """Directories 0700, files and lock files 0600."""
    disk = LocalDisk()
    before = os.umask(umask)
    try:
        disk.make_directory(str(tmp_path / "a" / "b"))
        disk.open(str(tmp_path / "a" / "f"), new=True).close()
        lock = disk.lock(str(tmp_path / "a"))
        assert lock is not None
        lock.renew()
    finally:
        os.umask(before)
    lock.release()
    assert [mode(tmp_path / name) for name in ("a", "a/b")] == [0o700, 0o700]
    assert [mode(tmp_path / name) for name in ("a/f", "a/lock")] == [0o600, 0o600]


@pytest.mark.parametrize("others", [0o720, 0o702, 0o777])
def test_a_directory_that_others_may_write_to_is_refused(tmp_path: Path, others: int) -> None:
    """PermissionError, naming the directory and the remedy; one that stands is left as it is."""
    path = tmp_path / "open"
    path.mkdir()
    path.chmod(others)
    with pytest.raises(PermissionError, match=rf"chmod it to 700.*{path}"):
        LocalDisk().make_directory(str(path))
    assert mode(path) == others
    path.chmod(0o755)
    LocalDisk().make_directory(str(path))
    assert mode(path) == 0o755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_somebody_elses_directory_is_refused(tmp_path: Path) -> None:
    """PermissionError, naming the owner and the remedy."""
    path = tmp_path / "theirs"
    path.mkdir(0o700)
    os.chown(path, 12345, -1)
    with pytest.raises(PermissionError, match=r"user 12345; use a directory of your own"):
        LocalDisk().make_directory(str(path))


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    """A link in the place of a file, a lock or the directory is an error, and so is a pipe."""
    disk = LocalDisk()
    target = tmp_path / "target"
    target.write_bytes(b"theirs")
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "dangling").symlink_to(tmp_path / "made")
    (tmp_path / "directory").mkdir(0o700)
    (tmp_path / "way").symlink_to(tmp_path / "directory")
    os.mkfifo(tmp_path / "pipe")
    assert error_of(lambda: disk.open(f"{tmp_path}/link", new=False))[1] == errno.ELOOP
    assert error_of(lambda: disk.open(f"{tmp_path}/dangling", new=True))[1] == errno.EEXIST
    assert error_of(lambda: disk.lock(f"{tmp_path}/way"))[0] is NotADirectoryError
    with pytest.raises(PermissionError, match="it is a link; name the directory itself"):
        disk.make_directory(f"{tmp_path}/way")
    assert error_of(lambda: disk.open(f"{tmp_path}/pipe", new=False))[1] == errno.EINVAL
    assert target.read_bytes() == b"theirs"
    assert not (tmp_path / "made").exists()
    disk.remove(f"{tmp_path}/way")
    assert (tmp_path / "directory").is_dir()


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_limit_on_file_sizes_is_an_error_and_leaves_a_prefix(tmp_path: Path) -> None:
    """RLIMIT_FSIZE: EFBIG, not a signal; what fits is there."""
    found = run(
        """
        import errno, resource, sys
        from aiocollect._disks.local import LocalDisk
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        file = LocalDisk().open(sys.argv[1], new=True)
        try:
            file.write(b"x" * 9000, 0)
        except OSError as error:
            print(errno.errorcode[error.errno], file.size())
        """,
        str(tmp_path / "f"),
    )
    assert found.stdout == "EFBIG 5000\n", found.stderr


def test_a_full_disk_is_an_error_and_leaves_a_prefix(tmp_path: Path) -> None:
    """A file system of 64 KiB: ENOSPC; after a removal the same write succeeds."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can mount, and on Linux alone")
    top, unshare = str(tmp_path), ["unshare", "--mount"]
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", top]
    # In a namespace of its own, which ends with the process: nothing is left mounted.
    code = """
        import errno, sys
        from aiocollect._disks.local import LocalDisk
        disk, top = LocalDisk(), sys.argv[1]
        first = disk.open(top + "/first", new=True)
        first.write(b"x" * 40_000, 0)
        file = disk.open(top + "/file", new=True)
        try:
            file.write(b"y" * 40_000, 0)
        except OSError as error:
            print(errno.errorcode[error.errno], 0 < file.size() < 40_000)
        first.close()
        disk.remove(top + "/first")
        file.write(b"y" * 40_000, 0)
        print(file.size())
    """
    script = " ".join(mount) + ' && exec "$@"'
    found = subprocess.run(
        [*unshare, "sh", "-c", script, "sh", sys.executable, "-c", textwrap.dedent(code), top],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "permission denied" in found.stderr.lower() or "not permitted" in found.stderr.lower():
        pytest.skip("this machine lets nobody mount")
    assert found.stdout == "ENOSPC True\n40000\n", found.stderr


HOLDER = """
    import sys
    from aiocollect._disks.local import LocalDisk
    lock = LocalDisk().lock(sys.argv[1])
    print("none" if lock is None else "held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_keeps_other_processes_out_and_ends_with_a_kill(tmp_path: Path) -> None:
    """Two real processes: one has it; SIGKILL frees it at once."""
    path = str(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLDER), path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        disk = LocalDisk()
        assert disk.lock(path) is None
        holder.send_signal(signal.SIGKILL)
        holder.wait(60)
        lock = disk.lock(path)
        assert lock is not None
        assert run(HOLDER, path).stdout == "none\n"
        lock.release()


def test_a_directory_that_was_renamed_meanwhile_is_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renamed between open and lock, another one in its place: None, and nothing of it is held."""
    path = tmp_path / "life"
    path.mkdir(mode=0o700)
    flock = fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        if not (tmp_path / "renamed").exists():
            path.rename(tmp_path / "renamed")
            path.mkdir(mode=0o700)
        flock(descriptor, operation)

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", late)
        assert LocalDisk().lock(str(path)) is None
    for name in ("life", "renamed"):
        lock = LocalDisk().lock(str(tmp_path / name))
        assert lock is not None
        lock.release()


def test_a_living_directory_is_known_under_any_name(tmp_path: Path) -> None:
    """Renamed: still locked, still written to; in the end it goes from where it stands."""
    (tmp_path / "life").mkdir(mode=0o700)
    held = LocalDisk().lock(str(tmp_path / "life"))
    assert held is not None
    (tmp_path / "life").rename(tmp_path / "renamed")
    (tmp_path / "life").mkdir(mode=0o700)
    assert LocalDisk().lock(str(tmp_path / "renamed")) is None
    held.open("f", new=True).close()
    assert os.listdir(tmp_path / "renamed") == ["f"]
    held.remove("f")
    held.dissolve()
    assert os.listdir(tmp_path) == ["life"]
    held.release()


@pytest.mark.parametrize("what", ["directory", "pipe", "link"])
def test_a_lock_file_that_is_none_is_an_error(tmp_path: Path, what: str) -> None:
    """Whoever made it knows why; it is not taken for a free one, and nothing stays locked."""
    lock = tmp_path / "lock"
    {"directory": lock.mkdir, "pipe": lambda: os.mkfifo(lock)}.get(
        what, lambda: lock.symlink_to(tmp_path)
    )()
    expected = {"directory": errno.EISDIR, "pipe": errno.EINVAL, "link": errno.ELOOP}[what]
    assert error_of(lambda: LocalDisk().lock(str(tmp_path)))[1] == expected
    lock.rmdir() if what == "directory" else lock.unlink()
    held = LocalDisk().lock(str(tmp_path))
    assert held is not None
    held.release()


def test_where_directories_are_not_locked_the_file_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on some file systems that come over a network: with the file it is as ever, and without it
    nobody can know, which is told; but where nothing is in it, it is nobody's."""
    flock = fcntl.flock

    def files_alone(descriptor: int, operation: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBADF, "Bad file descriptor")
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", files_alone)
    held = LocalDisk().lock(str(tmp_path))
    assert held is not None
    assert held.renew()
    assert LocalDisk().lock(str(tmp_path)) is None
    held.open("slots", new=True).close()
    held.remove("lock")
    with pytest.raises(OSError, match="its lock file is gone") as error:
        LocalDisk().lock(str(tmp_path))
    assert error.value.errno == errno.ENOLCK
    held.release()


@pytest.mark.filterwarnings("ignore:This process.*fork:DeprecationWarning")
def test_a_forked_child_has_neither_the_lock_nor_the_thread(tmp_path: Path) -> None:
    """Its parent dies: the lock is free though the child lives; its own work finds a thread."""
    found = run(
        """
        import asyncio, os, signal, sys
        from aiocollect._disks.local import LocalDisk
        disk, path = LocalDisk(), sys.argv[1]
        async def work(what):
            future = asyncio.get_running_loop().create_future()
            disk.apart(what, future.set_result)
            await future
        asked, answer = os.pipe(), os.pipe()
        pid = os.fork()
        if pid == 0:
            lock = disk.lock(path)
            asyncio.run(work(lambda: None))
            child = os.fork()
            if child == 0:
                os.write(answer[1], b"born")  # its hooks have run
                os.read(asked[0], 1)
                lock.release()
                disk.abandon()
                asyncio.run(work(lambda: os.write(answer[1], b"worked")))
                os._exit(0)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(pid, 0)
        assert os.read(answer[0], 4) == b"born"
        print("free" if disk.lock(path) else "held")
        os.write(asked[1], b"x")
        print(os.read(answer[0], 9).decode())
        """,
        str(tmp_path),
    )
    assert found.stdout == "free\nworked\n", found.stderr


@pytest.mark.asyncio
async def test_each_line_has_a_thread_of_its_own(tmp_path: Path) -> None:
    """None before the first work; then one for all work of a line: what hangs on one line holds up
    neither the other one nor the loop."""
    disk = LocalDisk()
    assert "with 0 threads" in repr(disk)
    threads = {await answer(disk, threading.get_ident) for _ in range(5)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    thawed = threading.Event()
    hangs: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    disk.apart(thawed.wait, hangs.set_result, line="others")
    assert await answer(disk, threading.get_ident) in threads
    assert not hangs.done()
    assert "with 2 threads" in repr(disk)
    thawed.set()
    await hangs
    disk.close()
    assert "with 0 threads" in repr(disk)
    assert await answer(disk, threading.get_ident) not in {threading.get_ident()}
    disk.close()


def test_at_the_interpreters_exit_work_is_done_all_the_same() -> None:
    """On a thread that stands already, or, where none can be started any more, on the loop."""
    for before in ("True", "False"):
        found = run(
            """
            import asyncio, atexit, sys, threading
            from aiocollect._disks.local import LocalDisk
            disk = LocalDisk()
            async def work():
                future = asyncio.get_running_loop().create_future()
                disk.apart(lambda: "done", future.set_result)
                return await asyncio.wait_for(future, 5)
            if sys.argv[1] == "True":
                asyncio.run(work())
            def at_exit():
                def refuse(_):
                    raise RuntimeError("can't create new thread at interpreter shutdown")
                threading.Thread.start = refuse  # as it is from 3.12 on
                print(asyncio.run(work()))
            atexit.register(at_exit)
            """,
            before,
        )
        assert found.stdout == "done\n", found.stderr
