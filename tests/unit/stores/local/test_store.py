"""The directory store: the protocol of append blobs, on plain files, whatever happens to them."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import resource
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from aiocollect import ConfigError
from aiocollect.errors import BlobFull, OffsetMismatch, Refusal, StoreBusy, StoreRefused
from aiocollect.stores.local import LocalStore
from aiocollect.typing import Range

PATH = "a/b/data.csv"


async def make(store: LocalStore, data: bytes = b"") -> None:
    assert await store.create(PATH, content_type="text/csv")
    if data:
        await store.append(PATH, data, offset=0)


def refusal(reason: Refusal) -> pytest.RaisesExc[StoreRefused]:
    return pytest.RaisesExc(StoreRefused, check=lambda error: error.reason is reason)


@pytest.mark.asyncio
async def test_append_and_read_back(tmp_path: Path) -> None:
    """What is appended stands in a plain file, and reads back with length, blocks and ETag."""
    store = LocalStore(tmp_path)
    await make(store)
    first = await store.append(PATH, b"head\n", offset=0)
    second = await store.append(PATH, b"row\n", offset=5, etag=first.etag)
    assert (second.length, second.blocks) == (9, 2)
    opened = await store.open(PATH, head=5)
    assert (opened.length, opened.blocks, opened.etag) == (9, 2, second.etag)
    assert opened.head == b"head\n"
    found = await store.read(PATH, offset=4, length=100)
    assert found == Range(b"\nrow\n", 9, second.etag, opened.created)
    assert (await store.read(PATH, offset=9, length=1)).data == b""
    assert (tmp_path / PATH).read_bytes() == b"head\nrow\n"
    await store.aclose()


@pytest.mark.asyncio
async def test_conditions(tmp_path: Path) -> None:
    """A wrong position or a stale ETag changes nothing."""
    store = LocalStore(tmp_path)
    await make(store, b"row\n")
    stale = (await store.open(PATH, head=1)).etag
    await store.append(PATH, b"row\n", offset=4)
    for offset, etag in ((0, None), (4, None), (9, None), (8, stale)):
        with pytest.raises(OffsetMismatch):
            await store.append(PATH, b"x\n", offset=offset, etag=etag)
    assert (tmp_path / PATH).read_bytes() == b"row\nrow\n"
    await store.aclose()


@pytest.mark.asyncio
async def test_create_never_truncates(tmp_path: Path) -> None:
    """A second create, of this or another store, finds the blob as it is."""
    store, other = LocalStore(tmp_path), LocalStore(tmp_path)
    await make(store, b"row\n")
    assert not await store.create(PATH, content_type="")
    assert not await other.create(PATH, content_type="")
    assert (await other.open(PATH, head=9)).head == b"row\n"
    await store.aclose()
    await other.aclose()


@pytest.mark.asyncio
async def test_one_winner_a_position(tmp_path: Path) -> None:
    """Fifty racers at one position over two stores: one append, forty-nine mismatches."""
    stores = LocalStore(tmp_path), LocalStore(tmp_path)
    await make(stores[0])

    async def race(number: int) -> bytes | None:
        data = b"%02d\n" % number
        while True:
            try:
                await stores[number % 2].append(PATH, data, offset=0)
                return data
            except OffsetMismatch:
                return None
            except StoreBusy:  # a slow machine: the lock was held too long
                continue

    answers = await asyncio.gather(*(race(number) for number in range(50)))
    assert [answer for answer in answers if answer] == [(tmp_path / PATH).read_bytes()]
    for store in stores:
        await store.aclose()


@pytest.mark.asyncio
async def test_block_limit(tmp_path: Path) -> None:
    """A blob takes its number of blocks and no more."""
    store = LocalStore(tmp_path, max_blocks=2)
    await make(store, b"1\n")
    await store.append(PATH, b"2\n", offset=2)
    with pytest.raises(BlobFull):
        await store.append(PATH, b"3\n", offset=4)
    await store.aclose()


@pytest.mark.asyncio
async def test_a_blob_made_anew_is_another(tmp_path: Path) -> None:
    """Deleted is missing; made anew has another creation time and ETag."""
    store = LocalStore(tmp_path)
    await make(store, b"row\n")
    before = await store.open(PATH, head=1)
    (tmp_path / PATH).unlink()
    with refusal(Refusal.BLOB_MISSING):
        await store.append(PATH, b"x\n", offset=4)
    await make(store)
    after = await store.open(PATH, head=1)
    assert after.length == 0
    assert before.created != after.created
    with pytest.raises(OffsetMismatch):
        await store.append(PATH, b"x\n", offset=0, etag=before.etag)
    await store.aclose()


@pytest.mark.asyncio
async def test_a_foreign_file_is_not_ours(tmp_path: Path) -> None:
    """A file without a ledger, a directory and a link are refused, so rows go to the next part."""
    store = LocalStore(tmp_path)
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "data.csv").write_bytes(b"by hand\n")
    (folder / "dir.csv").mkdir()
    (tmp_path / "outside").write_bytes(b"outside\n")
    (folder / "link.csv").symlink_to(tmp_path / "outside")
    for name in ("data.csv", "dir.csv", "link.csv"):
        with refusal(Refusal.WRONG_TYPE):
            await store.open(f"a/b/{name}", head=1)
        assert not await store.create(f"a/b/{name}", content_type="")
        with refusal(Refusal.WRONG_TYPE):
            await store.append(f"a/b/{name}", b"x\n", offset=0)
    assert (tmp_path / "outside").read_bytes() == b"outside\n"
    await store.aclose()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path",
    [
        *("../x", "a/../../x", "/etc/x", "a//b", "a/./b", "", "a/", "a\0b", "\ud800"),
        *(".data.csv.ledger", "a/.data.csv.ledger"),
    ],
)
async def test_names_stay_in_the_directory(tmp_path: Path, path: str) -> None:
    """No name leads out of the directory, or to a ledger."""
    store = LocalStore(tmp_path / "root")
    with refusal(Refusal.INVALID):
        await store.create(path, content_type="")
    with refusal(Refusal.INVALID):
        await store.append(path, b"x\n", offset=0)
    assert not list(tmp_path.rglob("*"))
    await store.aclose()


@pytest.mark.asyncio
async def test_links_stay_in_the_directory(tmp_path: Path) -> None:
    """A directory that is a link is followed within the store's, and refused where it leads out."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "inside").mkdir(parents=True)
    outside.mkdir()
    (root / "to_inside").symlink_to("inside")
    (root / "to_outside").symlink_to(outside)
    (root / "link.csv").symlink_to("nothing.csv")
    store = LocalStore(root)
    assert await store.create("to_inside/data.csv", content_type="")
    for path in ("to_outside/data.csv", "to_outside/deep/data.csv"):
        with refusal(Refusal.INVALID):
            await store.create(path, content_type="")
        with refusal(Refusal.INVALID):
            await store.open(path, head=1)
    assert not list(outside.iterdir())
    assert not await store.create("link.csv", content_type="")
    with refusal(Refusal.WRONG_TYPE):
        await store.open("link.csv", head=1)
    await store.aclose()


@pytest.mark.asyncio
async def test_a_missing_directory(tmp_path: Path) -> None:
    """It is made on request, and refused like a missing container otherwise."""
    strict = LocalStore(tmp_path / "none", create=False)
    with refusal(Refusal.CONTAINER_MISSING):
        await strict.open(PATH, head=1)
    store = LocalStore(tmp_path / "none")
    with refusal(Refusal.BLOB_MISSING):
        await store.open(PATH, head=1)
    await make(store)
    for each in (strict, store):
        await each.aclose()


@pytest.fixture
def file_size_limit() -> Iterator[int]:
    """A process that may write files of 32 MiB: the disk is full. Not less: our own output may be
    a file too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (32 * 2**20, before[1]))
    yield 32 * 2**20
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.asyncio
async def test_a_full_disk_leaves_no_half_append(tmp_path: Path, file_size_limit: int) -> None:
    """EFBIG in the middle of a write is "busy": the part that fitted is cut off again."""
    store = LocalStore(tmp_path)
    await make(store, b"row\n")
    with pytest.raises(StoreBusy, match=errno.errorcode[errno.EFBIG]):
        await store.append(PATH, b"x" * (file_size_limit + 1), offset=4)
    assert (tmp_path / PATH).read_bytes() == b"row\n"
    assert (await store.append(PATH, b"fits\n", offset=4)).length == 9
    await store.aclose()


@pytest.fixture
def unwritable() -> Iterator[Path]:
    """A directory that we may look into, and not write to."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root may write anywhere
    yield folder
    os.seteuid(user)
    folder.rmdir()


@pytest.mark.asyncio
async def test_no_permission_is_held(unwritable: Path) -> None:
    """A directory that may not be written to is a matter for an operator."""
    store = LocalStore(unwritable)
    with refusal(Refusal.CREDENTIAL):
        await store.create(PATH, content_type="")
    await store.aclose()


@pytest.mark.asyncio
async def test_a_file_in_the_place_of_a_directory_is_held(tmp_path: Path) -> None:
    """No part of the path could ever be made there: a matter for an operator too."""
    (tmp_path / "a").write_bytes(b"by hand\n")
    for store in (LocalStore(tmp_path), LocalStore(tmp_path / "a")):
        with refusal(Refusal.CONTAINER_MISSING):
            await store.open(PATH, head=1)
        with refusal(Refusal.CONTAINER_MISSING):
            await store.create(PATH, content_type="")
        await store.aclose()
    assert (tmp_path / "a").read_bytes() == b"by hand\n"


@pytest.mark.asyncio
async def test_files_are_the_users(tmp_path: Path) -> None:
    """Directories and files get what the umask leaves them."""
    before = os.umask(0o027)
    try:
        store = LocalStore(tmp_path / "root")
        await make(store, b"row\n")
        await store.aclose()
    finally:
        os.umask(before)
    for path, mode in (("root", 0o750), ("root/a/b", 0o750), (f"root/{PATH}", 0o640)):
        assert (tmp_path / path).stat().st_mode & 0o777 == mode


# Locks, threads, loops, processes -----------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_held_lock_holds_up_no_other_blob(tmp_path: Path) -> None:
    """A stopped process may hold a lock for ever: its blob is busy, others go on, close ends."""
    store = LocalStore(tmp_path)
    await make(store)
    await store.create("other.csv", content_type="")
    with (tmp_path / "a/b/.data.csv.ledger").open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        stuck = [asyncio.ensure_future(store.append(PATH, b"x\n", offset=0)) for _ in range(8)]
        assert (await store.append("other.csv", b"row\n", offset=0)).length == 4
        answers = await asyncio.gather(*stuck, return_exceptions=True)
        assert [(type(answer), str(answer)) for answer in answers] == [(StoreBusy, "LockHeld")] * 8
        await store.aclose()
    assert (tmp_path / PATH).read_bytes() == b""
    assert (await store.append(PATH, b"x\n", offset=0)).blocks == 1
    await store.aclose()


@pytest.mark.asyncio
async def test_a_blob_made_anew_while_waiting_for_its_lock(tmp_path: Path) -> None:
    """A ledger that was deleted guards nothing: who waited for its lock turns to the new one."""
    store, other = LocalStore(tmp_path), LocalStore(tmp_path)
    file, ledger = tmp_path / PATH, tmp_path / "a/b/.data.csv.ledger"
    await make(store)
    os.link(file, tmp_path / "kept")  # so that the new blob has another inode
    while True:
        with ledger.open("rb") as holder:
            fcntl.flock(holder, fcntl.LOCK_EX)
            waiting = asyncio.ensure_future(store.append(PATH, b"row\n", offset=0))
            while descriptors(ledger) < 2 and not waiting.done():
                await asyncio.sleep(0)
            ledger.unlink()
            file.unlink()
            assert await other.create(PATH, content_type="")
        try:
            assert (await waiting).length == 4
            break
        except StoreBusy:  # a slow machine: we held the lock for too long
            continue
    assert file.read_bytes() == b"row\n"
    await store.aclose()
    await other.aclose()


def descriptors(path: Path) -> int:
    """How many times this process has the file open."""
    count = 0
    for descriptor in os.listdir("/dev/fd"):
        with suppress(OSError):
            count += os.path.samestat(os.fstat(int(descriptor)), path.stat())
    return count


@pytest.mark.asyncio
async def test_a_cancelled_append_keeps_no_lock(tmp_path: Path) -> None:
    """It lands whole or not at all, and whoever comes next gets the lock."""
    store, other = LocalStore(tmp_path), LocalStore(tmp_path)
    await make(store)
    data = b"x" * 4_000_000 + b"\n"
    for _ in range(10):
        position = (await other.open(PATH, head=1)).length
        task = asyncio.ensure_future(store.append(PATH, data, offset=position))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await store.aclose()
        assert (await other.open(PATH, head=1)).length in (position, position + len(data))
    assert (tmp_path / PATH).read_bytes().replace(data, b"") == b""
    await other.aclose()


def test_a_second_loop(tmp_path: Path) -> None:
    """Loops one after the other, closed or not; a store closed twice works again when used."""
    store = LocalStore(tmp_path)
    asyncio.run(make(store))
    asyncio.run(append(store, 0))
    asyncio.run(store.aclose())
    asyncio.run(store.aclose())
    asyncio.run(append(store, 4))
    assert "at rest" not in repr(store)
    asyncio.run(store.aclose())
    assert "at rest" in repr(store)


async def append(store: LocalStore, offset: int) -> None:
    await store.append(PATH, b"row\n", offset=offset)


def test_bad_options() -> None:
    """No directory, no threads, no blocks: refused at construction, by name."""
    with pytest.raises(ConfigError, match="directory"):
        LocalStore("")
    with pytest.raises(ConfigError, match="threads=0"):
        LocalStore("data", threads=0)
    with pytest.raises(ConfigError, match="max_blocks"):
        LocalStore("data", max_blocks=0)
