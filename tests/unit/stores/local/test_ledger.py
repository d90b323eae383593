"""A local blob's ledger: torn appends are cut off; what others did to a file is left alone."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from aiocollect.errors import Refusal, StoreRefused
from aiocollect.stores.local import LocalStore
from aiocollect.stores.local import ledger as local_ledger

PATH = "a/b/data.csv"


async def make(store: LocalStore, data: bytes) -> None:
    assert await store.create(PATH, content_type="text/csv")
    await store.append(PATH, data, offset=0)


def refused_as_foreign() -> pytest.RaisesExc[StoreRefused]:
    return pytest.RaisesExc(StoreRefused, check=lambda error: error.reason is Refusal.WRONG_TYPE)


@pytest.mark.asyncio
async def test_a_torn_append_is_cut_off(tmp_path: Path) -> None:
    """Whatever a killed writer left of an append is gone once anybody looks; the rest stays."""
    store = LocalStore(tmp_path)
    await make(store, b"whole\n")
    torn = b"torn row\n"
    for written in range(len(torn) + 1):
        tear(tmp_path / PATH, torn, written)
        opened = await store.open(PATH, head=100)
        assert (opened.length, opened.head) == (6, b"whole\n")
        assert (tmp_path / PATH).read_bytes() == b"whole\n"
    tear(tmp_path / PATH, torn, 4)
    assert (await store.append(PATH, b"next\n", offset=6)).length == 11
    assert (tmp_path / PATH).read_bytes() == b"whole\nnext\n"
    await store.aclose()


def tear(path: Path, data: bytes, written: int) -> None:
    """Leave file and ledger as a writer does that is killed after ``written`` bytes of ``data``."""
    ledger = path.with_name(f".{path.name}.ledger")
    record = local_ledger.Record.unpack(ledger.read_bytes())
    assert record is not None
    ledger.write_bytes(record._replace(pending=len(data)).pack())
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
        with refused_as_foreign():
            await store.append(PATH, b"x\n", offset=8)
        assert file.read_bytes() == changed
    await store.aclose()


@pytest.mark.asyncio
async def test_a_copied_file_is_not_ours(tmp_path: Path) -> None:
    """A file restored or edited under our ledger has another inode: refused, empty or not."""
    store = LocalStore(tmp_path)
    await make(store, b"row\n")
    file = tmp_path / PATH
    for content in (b"row\n", b""):
        copy = file.with_name("copy")
        copy.write_bytes(content)
        copy.replace(file)
        with refused_as_foreign():
            await store.append(PATH, b"x\n", offset=len(content))
        assert file.read_bytes() == content
    await store.aclose()


@pytest.mark.asyncio
async def test_an_empty_file_is_not_adopted(tmp_path: Path) -> None:
    """Somebody may be about to write to it: no append, and no ledger beside it."""
    store = LocalStore(tmp_path)
    (tmp_path / "data.csv").touch()
    assert not await store.create("data.csv", content_type="")
    with refused_as_foreign():
        await store.append("data.csv", b"x\n", offset=0)
    assert [file.name for file in tmp_path.iterdir()] == ["data.csv"]
    await store.aclose()


@pytest.mark.asyncio
async def test_a_damaged_ledger_harms_no_row(tmp_path: Path) -> None:
    """A ledger with any byte changed, cut at any place, or of another version: refused, kept."""
    store = LocalStore(tmp_path)
    await make(store, b"row\n")
    ledger = tmp_path / "a/b/.data.csv.ledger"
    sound = ledger.read_bytes()
    changed = [
        sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :]
        for place in range(len(sound))
    ]
    cut = [sound[:place] for place in range(len(sound))]
    for damaged in (*changed, *cut, bytes(len(sound)), b"AIOL\2\0" + bytes(90)):
        ledger.write_bytes(damaged)
        with refused_as_foreign():
            await store.append(PATH, b"x\n", offset=4)
        assert ledger.read_bytes() == damaged
    assert (tmp_path / PATH).read_bytes() == b"row\n"
    ledger.write_bytes(sound)
    assert (await store.append(PATH, b"x\n", offset=4)).blocks == 2
    await store.aclose()


def test_the_ledger_of_the_first_version() -> None:
    """Files of this version stay readable: the record, byte for byte."""
    packed = struct.pack("<4sHH5Q", b"AIOL", 1, 0, 11, 12, 13, 14, 15)
    golden = packed + struct.pack("<I", zlib.crc32(packed))
    assert len(golden) == 52
    assert local_ledger.Record.unpack(golden) == (11, 12, 13, 14, 15)
    assert local_ledger.Record(11, 12, 13, 14, 15).pack() == golden
