"""The local store as a Catalog: what is committed, of whichever files, without a lock."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from aiocollect.errors import Refusal, StoreRefused
from aiocollect.stores.local import LocalStore
from aiocollect.typing import Catalog, Listed


def run(directory: Path, use: Callable[[LocalStore], Coroutine[Any, Any, Any]]) -> Any:
    """The result of ``use`` with a store on the directory."""

    async def main() -> Any:
        store = LocalStore(directory)
        try:
            return await use(store)
        finally:
            await store.aclose()

    return asyncio.run(main())


async def listed(store: Catalog, prefix: str = "") -> dict[str, Listed]:
    return {one.path: one async for one in store.list(prefix)}


async def written(store: LocalStore, path: str = "a/data.csv", data: bytes = b"12345\n") -> None:
    await store.create(path, content_type="text/csv")
    await store.append(path, data, offset=0)


def test_blobs_by_their_beginnings(tmp_path: Path) -> None:
    """Ledgers are no blobs; the created text is the one that reads name."""

    async def use(store: LocalStore) -> None:
        for path in ("a/data.csv", "a/data_1.csv", "a/b/data.csv", "ab/data.csv"):
            await written(store, path)
        assert sorted(await listed(store)) == [
            *("a/b/data.csv", "a/data.csv", "a/data_1.csv", "ab/data.csv")
        ]
        assert sorted(await listed(store, "a/data")) == ["a/data.csv", "a/data_1.csv"]
        assert sorted(await listed(store, "a/")) == ["a/b/data.csv", "a/data.csv", "a/data_1.csv"]
        assert not await listed(store, "nowhere/")
        assert not await listed(store, "../")
        (one,) = (await listed(store, "ab")).values()
        opened = await store.open("ab/data.csv", head=1)
        found = await store.fetch("ab/data.csv", offset=2, length=99)
        changed = (tmp_path / "ab/data.csv").stat().st_mtime
        assert one == Listed("ab/data.csv", 6, opened.created, True, True, changed)
        assert (found.data, found.length, found.created) == (b"345\n", 6, opened.created)

    run(tmp_path, use)


def test_what_is_not_committed_is_not_there(tmp_path: Path) -> None:
    """While a writer holds the lock and is in the middle of a block."""

    async def use(store: LocalStore) -> None:
        await written(store)
        with (
            (tmp_path / "a/data.csv").open("ab") as file,
            (tmp_path / "a/.data.csv.ledger").open("rb") as held,
        ):
            fcntl.flock(held, fcntl.LOCK_EX)
            file.write(b"torn")
            file.flush()
            assert (await listed(store))["a/data.csv"].length == 6
            found = await store.fetch("a/data.csv", offset=0, length=99)
            assert (found.data, found.length) == (b"12345\n", 6)

    run(tmp_path, use)


@pytest.mark.parametrize("damage", ["gone", "cut", "foreign", "short"])
def test_without_a_sound_ledger_a_file_is_as_long_as_it_is(tmp_path: Path, damage: str) -> None:
    """A copy, a restored file: its end may be torn."""
    run(tmp_path, written)
    file, ledger = tmp_path / "a/data.csv", tmp_path / "a/.data.csv.ledger"
    if damage == "gone":
        ledger.unlink()
    elif damage == "cut":
        ledger.write_bytes(ledger.read_bytes()[:20])
    elif damage == "foreign":
        copy = tmp_path / "copy"
        copy.write_bytes(file.read_bytes())
        copy.replace(file)
    else:
        os.truncate(file, 3)

    async def use(store: LocalStore) -> None:
        one = (await listed(store))["a/data.csv"]
        assert (one.length, one.committed) == (3 if damage == "short" else 6, False)
        found = await store.fetch("a/data.csv", offset=0, length=9)
        assert found.created == one.created
        assert found.data == b"12345\n"[: one.length]

    run(tmp_path, use)


def test_nothing_but_regular_files(tmp_path: Path) -> None:
    """Pipes hold nobody up, links lead nowhere, names do not leave the directory."""
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    os.mkfifo(root / "a" / "pipe.csv")
    (tmp_path / "secret.csv").write_bytes(b"x\n")
    (root / "a" / "link.csv").symlink_to(tmp_path / "secret.csv")
    (root / "linked").symlink_to(tmp_path)

    async def use(store: LocalStore) -> None:
        assert not await listed(store)
        for path, reason in (
            ("../secret.csv", Refusal.INVALID),
            ("a/link.csv", Refusal.WRONG_TYPE),
            ("a/pipe.csv", Refusal.WRONG_TYPE),
            ("a/missing.csv", Refusal.BLOB_MISSING),
            ("a/.data.csv.ledger", Refusal.INVALID),
        ):
            with pytest.raises(StoreRefused) as caught:
                await store.fetch(path, offset=0, length=1)
            assert caught.value.reason is reason

    run(root, use)
