"""The directory store: the protocol of append blobs, on plain files, whatever happens to them."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiocollect import (
    BlobFull,
    OffsetMismatch,
    Refusal,
    StoreBusy,
    StoreRefused,
)
from aiocollect.stores import local_ledger
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
    answers = await asyncio.gather(
        *(stores[n % 2].append(PATH, b"%02d\n" % n, offset=0) for n in range(50)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, OffsetMismatch) for answer in answers) == 49
    assert len((tmp_path / PATH).read_bytes()) == 3
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
async def test_a_torn_append_is_cut_off(tmp_path: Path) -> None:
    """What a killed writer left of an append is gone once anybody looks; its neighbours stay."""
    store = LocalStore(tmp_path)
    await make(store, b"whole\n")
    tear(tmp_path / PATH, b"torn row that was meant to be longer\n", 9)
    opened = await store.open(PATH, head=100)
    assert opened.head == b"whole\n"
    assert (tmp_path / PATH).read_bytes() == b"whole\n"
    assert (await store.append(PATH, b"next\n", offset=6)).length == 11
    await store.aclose()


def tear(path: Path, data: bytes, written: int) -> None:
    """Leave file and ledger as a writer does that is killed after ``written`` bytes of ``data``."""
    with local_ledger.locked(path) as blob:
        pending = blob.record
        ledger = path.with_name(f".{path.name}.ledger")
        record = local_ledger.Record(
            pending.created, pending.inode, pending.length, pending.blocks, len(data)
        )
        ledger.write_bytes(record.pack())
    with path.open("ab") as file:
        file.write(data[:written])


@pytest.mark.asyncio
async def test_a_file_that_somebody_else_changed_is_left_alone(tmp_path: Path) -> None:
    """Longer or shorter than committed without a torn append: refused, and never written to."""
    store = LocalStore(tmp_path)
    await make(store, b"row\nrow\n")
    file = tmp_path / PATH
    for changed in (b"row\nrow\nby hand\n", b"row\n"):
        file.write_bytes(changed)
        with refusal(Refusal.WRONG_TYPE):
            await store.append(PATH, b"x\n", offset=8)
        assert file.read_bytes() == changed
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
@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/x", "a//b", "a/./b", "", "a\0b"])
async def test_names_stay_in_the_directory(tmp_path: Path, path: str) -> None:
    """No name leads out of the directory."""
    store = LocalStore(tmp_path / "root")
    with refusal(Refusal.INVALID):
        await store.create(path, content_type="")
    assert not (tmp_path / "x").exists()
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
    """A process that may write files of 10,000 bytes: the disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    yield 10_000
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.asyncio
async def test_a_full_disk_leaves_no_half_append(tmp_path: Path, file_size_limit: int) -> None:
    """EFBIG in the middle of a write is "busy": the part that fitted is cut off again."""
    store = LocalStore(tmp_path)
    await make(store, b"row\n")
    with pytest.raises(StoreBusy, match=errno.errorcode[errno.EFBIG]):
        await store.append(PATH, b"x" * (2 * file_size_limit), offset=4)
    assert (tmp_path / PATH).read_bytes() == b"row\n"
    assert (await store.append(PATH, b"fits\n", offset=4)).length == 9
    await store.aclose()


@pytest.mark.asyncio
async def test_no_permission_is_held(tmp_path: Path) -> None:
    """A directory that may not be written to is a matter for an operator."""
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    tmp_path.chmod(0o500)
    store = LocalStore(tmp_path)
    with refusal(Refusal.CREDENTIAL):
        await store.create(PATH, content_type="")
    await store.aclose()
