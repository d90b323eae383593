"""What older releases, and this one, left in stores and on disks is read as it was meant.

If one of these fails after a change of a format, the change breaks what users have: raise the
format's number (docs/reference/formats.md), keep the reader of the older one, and let ``make
golden-release`` write the files of the *next* release. The files of a release are never made again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest

import aiocollect
from aiocollect import MemoryStore
from aiocollect._spool import format as formats
from aiocollect.stores.local.ledger import Record
from aiocollect.testing import VirtualLoop, run_virtual
from tests.golden.given import FOLLOWED, LEDGER, STORES
from tests.golden.kept import HERE, SUMS, kept_spool, kept_store, sums
from tests.golden.spools import SPOOLS
from tests.support.disks import InlineDisk
from tests.support.virtual import make_pipeline

RELEASES = sorted(path for path in HERE.iterdir() if (path / SUMS).exists())


def under(folder: str) -> list[Any]:
    """Each kept store or spool of each release."""
    found = [path for release in RELEASES for path in sorted((release / folder).iterdir())]
    return [pytest.param(path, id=f"{path.parents[1].name}-{path.name}") for path in found]


def same(one: Any, other: Any) -> bool:
    """Equal as cells: NaN is NaN, and -0.0 is not 0.0."""
    if isinstance(one, float) and isinstance(other, float):
        return (math.isnan(one) and math.isnan(other)) or (
            one == other and math.copysign(1, one) == math.copysign(1, other)
        )
    return type(one) is type(other) and bool(one == other)


def check_rows(store: MemoryStore, name: str, **more: Any) -> None:
    """In any order: that of the parts is no promise."""
    golden = STORES[name]
    for columns, wanted in golden.wanted.items():
        dataset = aiocollect.read(store, "m", **golden.asked, **more)
        found = [[row[column] for column in columns] for row in dataset.to_arrow().to_pylist()]
        unmatched = list(found)
        for row in wanted:
            match = [one for one in unmatched if all(map(same, one, row))]
            assert match, (row, found)
            unmatched.remove(match[0])
        assert not unmatched


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: str(path.name))
def test_nobody_has_changed_them(release: Path) -> None:
    """By their checksums."""
    assert (release / SUMS).read_text() == sums(release)


@pytest.mark.parametrize("folder", under("stores"))
def test_each_cell_of_a_store_is_read(folder: Path) -> None:
    """Layouts, formats, writers and columns; parts with other headers; Parquet with and without the
    parts beside it; joined with late labels."""
    check_rows(kept_store(folder), folder.name.removesuffix("-compacted"))


@pytest.mark.parametrize(
    "folder", [one for one in under("stores") if "compacted" not in one.values[0].name]
)
def test_the_log_still_proves_them(folder: Path) -> None:
    """And an altered byte is still found by it."""
    golden, store = STORES[folder.name], kept_store(folder)
    told = [name for name in ("service", "layout") if name in golden.asked]
    where: dict[str, Any] = {name: golden.asked[name] for name in told}
    if golden.log_key:
        where["log_key"] = golden.log_key
    assert aiocollect.verify(store, "m", **where).state == "proven"
    path = next(iter(store.blobs))
    data = store._blobs[path].data
    at = data.rindex(b"\n") - 3
    data[at] ^= 1
    assert aiocollect.verify(store, "m", **where).state == "damaged"


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: str(path.name))
def test_tokens_that_users_keep(release: Path) -> None:
    """A snapshot gives the same rows; a follower goes on behind the first batch."""
    tokens = json.loads((release / "tokens.json").read_text())
    store = kept_store(release / "stores" / FOLLOWED)
    check_rows(store, FOLLOWED, as_of=tokens["snapshot"])

    async def rest() -> int:
        options: dict[str, Any] = {"version": "1", "stream": "in", "poll": None}
        async with aiocollect.follow(store, "m", since=tokens["position"], **options) as follower:
            return sum([batch.rows.num_rows async for batch in follower])

    assert asyncio.run(rest()) == 2


@pytest.mark.parametrize("folder", under("spools"))
def test_a_spool_is_adopted_and_its_rows_are_stored_once(folder: Path, tmp_path: Path) -> None:
    """Of a process that was killed: rows that were stored before it, those whose answer was lost,
    and those that were never sent."""
    case = SPOOLS[folder.name]
    store = kept_store(folder / "store")
    store.readable = case.readable
    spool = kept_spool(folder / "spool", tmp_path)

    async def main(loop: VirtualLoop) -> None:
        heir = make_pipeline(
            store, loop, spool=spool, disk=InlineDisk(), writer_id="00000000bb", log=False
        )
        async with heir:
            await asyncio.sleep(5.0)

    run_virtual(main)
    assert numbers(store) == case.wanted
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def numbers(store: MemoryStore) -> list[int]:
    """The first cells of all rows, part by part, without any reader of ours."""
    found = []
    for path, data in sorted(store.blobs.items()):
        lines = data.decode().splitlines()
        if path.endswith(".jsonl"):
            found += [json.loads(line)["a"] for line in lines]
        else:
            found += [int(line.split(",")[0]) for line in lines[1:]]
    return found


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: str(path.name))
def test_the_spools_have_all_kinds_of_records(release: Path) -> None:
    """Target, lanes and rows; intents that are placed, own and blind; rows given up behind them."""
    kinds, flags = set(), set()
    for file in (release / "spools").rglob("*.rows"):
        data = file.read_bytes()
        head = formats.header_of(data)
        assert head is not None
        kinds |= {type(record).__name__ for record in formats.records(data, head.salt)}
        slots = file.with_name("slots").read_bytes()
        for _, _, slot in formats.slots(slots, head.salt):
            assert slot is not None
            told = {"own": slot.own, "blind": slot.blind, "placed": slot.placed}
            told |= {"intent": slot.rows > 0, "given up": slot.dropped_to > slot.dropped}
            flags |= {name for name, is_ in told.items() if is_}
    assert kinds == {"SpoolTarget", "LaneRecord", "RowsRecord"}
    assert flags == {"own", "blind", "placed", "intent", "given up"}


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: str(path.name))
def test_a_dead_letter_and_a_ledger(release: Path) -> None:
    """A line of what could not be stored, with its cells; a record of the directory store."""
    (line,) = (release / "dead-letters.jsonl").read_text().splitlines()
    letter = json.loads(line)
    assert letter["path"].endswith("/m/1/in/2026/01/31/data.csv")
    assert (letter["reason"], letter["rows"]) == ("RequestBodyTooLarge", 1)
    assert letter["content"].startswith('"long long')
    assert Record.unpack((release / "ledger").read_bytes()) == LEDGER


def test_a_changed_file_is_seen(tmp_path: Path) -> None:
    """The control: one byte."""
    (tmp_path / "a").write_bytes(b"x")
    before = sums(tmp_path)
    assert before == f"{hashlib.sha256(b'x').hexdigest()}  a\n"
    (tmp_path / "a").write_bytes(b"y")
    assert sums(tmp_path) != before
