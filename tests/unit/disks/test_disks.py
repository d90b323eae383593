"""The contract of a disk, held by the one in memory and by the one of this machine; and what only
the real one can show: modes, links, owners, limits, and locks between processes."""

from __future__ import annotations

import errno
from pathlib import Path
from random import Random

import pytest

from aiocollect._disks.local import LocalDisk
from aiocollect._spool.disk import Disk, File
from aiocollect.testing import MemoryDisk
from tests.support.disk_errors import answer, error_of


@pytest.fixture(params=["memory", "local"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Disk, str]:
    """A disk and an empty directory on it."""
    if request.param == "local":
        return LocalDisk(), str(tmp_path)
    disk: Disk = MemoryDisk(Random(0)).process()
    disk.make_directory("/top")
    return disk, "/top"


def test_files_keep_what_is_written_where_it_is_written(place: tuple[Disk, str]) -> None:
    """Bytes at offsets, zeros in gaps, reads that end with the file, sizes, cutting off."""
    disk, top = place
    file: File = disk.open(f"{top}/f", new=True)
    assert (file.size(), file.read(0, 10)) == (0, b"")
    file.write(b"hello", 0)
    file.write(b"J", 0)
    file.write(b"!", 7)
    file.write(b"", 100)
    assert (file.size(), file.read(0, 100)) == (8, b"Jello\0\0!")
    assert (file.read(1, 3), file.read(7, 5), file.read(8, 5)) == (b"ell", b"!", b"")
    file.truncate(3)
    assert (file.size(), file.read(0, 9)) == (3, b"Jel")
    file.truncate(5)
    assert file.read(0, 9) == b"Jel\0\0"
    file.sync()
    file.close()
    file.close()
    assert error_of(lambda: file.read(0, 1)) == (OSError, errno.EBADF)
    assert error_of(lambda: file.write(b"x", 0)) == (OSError, errno.EBADF)
    again = disk.open(f"{top}/f", new=False)
    assert again.read(0, 9) == b"Jel\0\0"
    again.close()


def test_names_come_and_go(place: tuple[Disk, str]) -> None:
    """New files are new, names are sorted, a full directory stays."""
    disk, top = place
    disk.make_directory(f"{top}/a/b")
    disk.make_directory(f"{top}/a/b")
    for name in ("z", "m", "a"):
        file = disk.open(f"{top}/a/b/{name}", new=True)
        file.write(name.encode(), 0)
        file.close()
    assert disk.names(f"{top}/a/b") == ["a", "m", "z"]
    assert disk.names(f"{top}/a") == ["b"]
    disk.remove(f"{top}/a/b/z")
    missing, exists = (FileNotFoundError, errno.ENOENT), (FileExistsError, errno.EEXIST)
    assert error_of(lambda: disk.open(f"{top}/a/b/m", new=True)) == exists
    assert error_of(lambda: disk.open(f"{top}/a/b/x", new=False)) == missing
    assert error_of(lambda: disk.remove(f"{top}/a/b/x")) == missing
    assert error_of(lambda: disk.names(f"{top}/x")) == missing
    assert error_of(lambda: disk.open(f"{top}/x/f", new=True)) == missing
    assert error_of(lambda: disk.lock(f"{top}/x")) == missing
    assert error_of(lambda: disk.lock(f"{top}/a/b/m")) == (NotADirectoryError, errno.ENOTDIR)
    assert error_of(lambda: disk.remove(f"{top}/a/b")) == (OSError, errno.ENOTEMPTY)
    assert error_of(lambda: disk.open(f"{top}/a", new=False)) == (
        IsADirectoryError,
        errno.EISDIR,
    )
    with pytest.raises(OSError, match="a/b/m"):  # whatever stands in a directory's place
        disk.make_directory(f"{top}/a/b/m")
    disk.remove(f"{top}/a/b/m")
    disk.remove(f"{top}/a/b/a")
    disk.remove(f"{top}/a/b")
    assert disk.names(f"{top}/a") == []


def test_a_file_that_lost_its_name_is_still_open(place: tuple[Disk, str]) -> None:
    """Removing a file takes its name; whoever has it open goes on."""
    disk, top = place
    file = disk.open(f"{top}/f", new=True)
    disk.remove(f"{top}/f")
    file.write(b"x", 0)
    assert file.read(0, 1) == b"x"
    file.close()
    assert disk.names(top) == []


def test_a_directory_is_locked_once_whatever_becomes_of_what_is_in_it(
    place: tuple[Disk, str],
) -> None:
    """Held: None for everybody, also in this process, and also where a cleaner has taken the lock
    file; released, even twice: free."""
    disk, top = place
    disk.make_directory(f"{top}/one")
    held = disk.lock(f"{top}/one")
    assert held is not None
    assert disk.lock(f"{top}/one") is None
    assert held.renew()
    assert held.names() == ["lock"]
    disk.remove(f"{top}/one/lock")
    assert disk.lock(f"{top}/one") is None
    assert held.renew()
    assert held.names() == ["lock"]
    held.release()
    held.release()
    again = disk.lock(f"{top}/one")
    assert again is not None
    assert disk.lock(f"{top}/one") is None
    again.release()


def test_all_is_done_through_a_locked_directory(place: tuple[Disk, str]) -> None:
    """Files in it, their names, and in the end the directory itself; a full one stays."""
    disk, top = place
    disk.make_directory(f"{top}/one")
    held = disk.lock(f"{top}/one")
    assert held is not None
    file = held.open("f", new=True)
    file.write(b"x", 0)
    file.close()
    assert disk.names(f"{top}/one") == held.names() == ["f"]
    held.sync()
    file = held.open("f", new=False)
    assert file.read(0, 9) == b"x"
    file.close()
    assert error_of(lambda: held.open("f", new=True)) == (FileExistsError, errno.EEXIST)
    assert error_of(lambda: held.open("g", new=False)) == (FileNotFoundError, errno.ENOENT)
    assert error_of(lambda: held.remove("g")) == (FileNotFoundError, errno.ENOENT)
    assert error_of(held.dissolve) == (OSError, errno.ENOTEMPTY)
    held.remove("f")
    held.dissolve()
    assert disk.names(top) == []
    held.release()


@pytest.mark.asyncio
async def test_work_apart_is_done_in_order_and_its_errors_come_back(
    place: tuple[Disk, str],
) -> None:
    """One at a time as asked, not at once; the answer comes on the loop; an OSError is one."""
    disk, top = place
    running: list[int] = []
    done: list[int] = []
    answers: list[int | OSError] = []

    def work(number: int) -> int:
        running.append(number)
        assert running == [number]
        done.append(number)
        running.remove(number)
        return number

    for number in range(20):
        disk.apart(lambda n=number: work(n), answers.append)  # type: ignore[misc]
    assert answers == []
    assert isinstance(await answer(disk, lambda: disk.names(f"{top}/x")), FileNotFoundError)
    assert await answer(disk, lambda: work(20)) == 20
    assert done == list(range(21))
    assert answers == list(range(20))
