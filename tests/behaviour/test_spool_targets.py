"""Whose rows a spool holds: they come to their own store, workspace and service, and to no other.
The oracle is each store's files."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from aiocollect import MemoryStore, Pipeline
from aiocollect._spool.format import HEADER_SIZE
from aiocollect.cli import main as command
from aiocollect.events import Event, SpoolLeft
from aiocollect.stores.local import LocalStore
from aiocollect.testing import Seams, VirtualLoop, run_virtual
from tests.support.spools import down, files, numbers, spooled


class Tenant(MemoryStore):
    """A store that says which one it is."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(**options)
        self.target = f"memory://{name}"


def leave(store: MemoryStore, directory: Path, life: int = 1, **options: Any) -> None:
    """A life that leaves ten rows."""

    async def main(loop: VirtualLoop) -> None:
        faults, store.faults = store.faults, down
        pipeline = spooled(store, loop, directory, life, **options)
        collector = pipeline.collector("m", feature_names=["a"])
        for number in range(10):
            collector.collect(float(10 * life + number))
        report = await pipeline.aclose(timeout=0.5)
        assert report.in_spool - report.adopted == 10
        store.faults = faults

    run_virtual(main)


def rest(store: MemoryStore, directory: Path, **options: Any) -> dict[str, str]:
    """A life that stores what it may; returns what was held."""
    held: dict[str, str] = {}

    async def main(loop: VirtualLoop) -> None:
        pipeline = spooled(store, loop, directory, 9, **options)
        await pipeline.start()
        await asyncio.sleep(100.0)
        held.update(pipeline.stats().held)
        assert pipeline.healthy() is not bool(held)
        await pipeline.aclose()

    run_virtual(main)
    return held


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ({"store": "b"}, "store 'memory://a' (here: 'memory://b')"),
        ({"workspace": "other/one/here"}, "workspace 'default/default/default'"),
        ({"service": "other"}, "service 'default' (here: 'other')"),
    ],
)
def test_rows_of_another_target_stay_where_they_are(
    tmp_path: Path, there: dict[str, str], words: str
) -> None:
    """Not a byte of them changes; it is told once, and held; their own pipeline stores them."""
    a, b = Tenant("a"), Tenant(there.get("store", "a"))
    options = {name: value for name, value in there.items() if name != "store"}
    leave(a, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    events: list[Event] = []
    held = rest(b, tmp_path, hooks=[events.append], **options)
    assert b.blobs == {}
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    (left,) = [event for event in events if isinstance(event, SpoolLeft)]
    assert words in left.reason
    assert held == {f"spool/{left.life}": left.reason}
    assert rest(a, tmp_path) == {}
    assert numbers(a) == [*map(float, range(10, 20))]
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://acme.blob.core.windows.net/c", "https://acme.blob.core.windows.net:443/c"),
        ("https://acme.blob.core.windows.net/c", "https://ACME.blob.core.windows.net./c"),
        ("http://127.0.0.1:80/a/c", "http://127.0.0.1/a/c"),
    ],
)
def test_one_target_by_other_spellings(one: str, other: str, tmp_path: Path) -> None:
    """A port that goes without saying, letters of a host or a workspace make no other target."""
    first, second = MemoryStore(), MemoryStore()
    first.target, second.target = one, other  # type: ignore[attr-defined]
    leave(first, tmp_path, workspace="Sub/Group/Space")
    assert rest(second, tmp_path, workspace="sub/group/space") == {}
    assert numbers(second) == [*map(float, range(10, 20))]


def test_one_directory_by_other_names(tmp_path: Path) -> None:
    """A link to it, and a way there and back."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    names = [tmp_path / "real", tmp_path / "link", tmp_path / "link" / ".." / "real"]
    assert len({LocalStore(name).target for name in names}) == 1


def test_a_life_behind_a_link_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An operator has moved it to another disk and left a link: it is not taken, and not passed
    over in silence."""
    spool, store = tmp_path / "spool", tmp_path / "store"
    memory = MemoryStore()
    memory.target = f"file://{store}"  # type: ignore[attr-defined]
    leave(memory, spool)
    (life,) = spool.iterdir()
    life.rename(tmp_path / "moved")
    life.symlink_to(tmp_path / "moved")
    assert command(["replay", str(spool), "--store", str(store)]) == 1
    assert "it is a link or a file; move the directory itself here" in capsys.readouterr().err


def test_tenants_share_a_directory_and_nothing_else(tmp_path: Path) -> None:
    """Of many lives of two stores each brings its own; those of the other one hinder nobody."""
    a, b = Tenant("a"), Tenant("b")
    for life in range(6):
        leave((a, b)[life % 2], tmp_path, life)
    rest(a, tmp_path)
    assert sorted(numbers(a)) == [float(10 * life + n) for life in (0, 2, 4) for n in range(10)]
    assert numbers(b) == []
    rest(b, tmp_path)
    assert sorted(numbers(b)) == [float(10 * life + n) for life in (1, 3, 5) for n in range(10)]
    assert files(tmp_path) == []


def test_after_a_move_they_can_be_brought_elsewhere_on_purpose(tmp_path: Path) -> None:
    """replay(any_target=True): to this store, to the paths that they were given."""
    a, b = Tenant("a"), Tenant("b")
    leave(a, tmp_path, workspace="w/x/y")

    async def main(loop: VirtualLoop) -> None:
        pipeline = spooled(b, loop, tmp_path, 2)
        assert (await pipeline.replay()).accepted == 0
        report = await pipeline.replay(any_target=True)
        assert (report.adopted, report.stored) == (10, 10)
        await pipeline.aclose()

    run_virtual(main)
    assert a.blobs == {}
    (path,) = b.blobs
    assert path.startswith("w/x/y/")
    assert numbers(b) == [*map(float, range(10, 20))]


def test_what_the_previous_version_has_left_is_taken_over(tmp_path: Path) -> None:
    """Its files name no target, and it knew none: they are the one's who comes."""
    a = Tenant("a")
    leave(a, tmp_path)
    for path in [*tmp_path.rglob("*.rows"), *tmp_path.rglob("slots")]:
        data = path.read_bytes()
        start = struct.pack("<8sHxxI", b"aiospool", 1, struct.unpack_from("<I", data, 12)[0])
        head = (start + struct.pack("<I", crc32(start))).ljust(HEADER_SIZE, b"\0")
        path.write_bytes(head + data[HEADER_SIZE:])
    b = Tenant("b")
    assert rest(b, tmp_path) == {}
    assert numbers(b) == [*map(float, range(10, 20))]


@pytest.mark.slow
def test_a_target_shows_no_secret(tmp_path: Path) -> None:
    """A signature in the store's URL is nowhere in the spool."""
    url = "https://account.blob.core.windows.net/modeldata?sv=2024-01-01&sp=racw&sig=c2VjcmV0"

    async def main() -> None:
        pipeline = Pipeline(url, spool=tmp_path, linger=100.0)
        pipeline.collector("m", feature_names=["a"]).collect(1.0)
        await asyncio.sleep(0.1)
        assert (await pipeline.aclose(timeout=0)).in_spool == 1

    asyncio.run(main())
    text = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"https://account.blob.core.windows.net/modeldata" in text
    assert b"c2VjcmV0" not in text


# The command line -------------------------------------------------------------------------------


def left_for(
    store: Path, spool: Path, rows: int = 400, *, writer_id: str | None = None, **options: Any
) -> None:
    """A life whose store is a directory, and which has no time to store anything."""
    # Beside the others: it is not to take over what they have left.
    own = spool.with_name(f"{spool.name}-own")

    async def main() -> None:
        pipeline = Pipeline(
            store, spool=own, linger=100.0, **options, _seams=Seams(writer_id=writer_id)
        )
        collector = pipeline.collector("m", feature_names=["a"])
        for number in range(rows):
            collector.collect(float(number))
        await asyncio.sleep(0.2)
        assert (await pipeline.aclose(timeout=0)).in_spool == rows

    asyncio.run(main())
    spool.mkdir(mode=0o700, exist_ok=True)
    for life in own.iterdir():
        life.rename(spool / life.name)


def stored(store: Path) -> list[float]:
    found: list[float] = []
    for path in sorted(store.rglob("*.csv")):
        found += [float(line.split(",")[0]) for line in path.read_text().splitlines()[1:]]
    return found


@pytest.mark.parametrize("place", [1, 3])
def test_replay_says_what_is_damaged_and_fails(
    place: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest is stored; what is not is told in rows, on stderr with the place; exit 1."""
    store, spool = tmp_path / "store", tmp_path / "spool"
    left_for(store, spool)
    (segment,) = spool.rglob("*.rows")
    data = bytearray(segment.read_bytes())
    data[len(data) * place // 4] ^= 0x55
    segment.write_bytes(data)
    assert command(["replay", str(spool), "--store", str(store)]) == 1
    found = stored(store)
    out, err = capsys.readouterr()
    assert 0 < len(found) < 400, out
    known = 400 - len(found) if place == 1 else 0  # behind the last row nobody can count
    told = f"{len(found)} of {len(found) + known} rows stored"
    assert out == told + (f", {known} dropped (damaged)\n" if known else "\n")
    assert (
        f"1 unreadable stretches set aside beside it as corrupt-…, at least {known} rows lost"
        in err
    )
    assert list(spool.glob("corrupt-*"))
    assert command(["replay", str(spool), "--store", str(store)]) == 0
    assert capsys.readouterr().out == "nothing to replay\n"


@pytest.mark.slow
def test_replay_says_what_it_has_left_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A lock file that is a directory, rows of another store: each by name, with the reason; the
    others are stored; exit 1. With the right options it is 0."""
    store, spool = tmp_path / "store", tmp_path / "spool"
    left_for(store, spool, 10, writer_id="00000000aa")
    left_for(store, spool, 10, writer_id="00000000bb", workspace="a/b/c", service="s")
    left_for(store, spool, 10, writer_id="00000000cc")
    (lock,) = spool.glob("00000000aa-*/lock")
    lock.unlink()
    lock.mkdir()
    arguments = ["replay", str(spool), "--store", str(store)]
    assert command(arguments) == 1
    out, err = capsys.readouterr()
    assert out == "10 of 10 rows stored\n"
    assert "left as it is: it cannot be opened (Is a directory)" in err
    assert "left as it is: its rows are for workspace 'a/b/c'" in err
    lock.rmdir()
    assert command([*arguments, "--workspace", "a/b/c", "--service", "s"]) == 1
    assert capsys.readouterr().out == "10 of 10 rows stored\n"
    assert command(arguments) == 0
    assert stored(store) == [*map(float, range(10))] * 3


@pytest.mark.slow
def test_replay_keeps_its_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A store that never works: what is left is told, exit 1, and the rows stay."""
    store, spool = tmp_path / "store", tmp_path / "spool"
    left_for(store, spool, 10)
    store.mkdir(exist_ok=True)
    for path in store.rglob("*"):
        if path.is_file():
            path.unlink()
    blocked = store / "default"
    if blocked.is_dir():
        blocked.rename(store / "gone")
    blocked.write_bytes(b"a file in a directory's place")
    assert command(["replay", str(spool), "--store", str(store), "--timeout", "1"]) == 1
    out, err = capsys.readouterr()
    assert out == "0 of 10 rows stored, 10 left in the spool\n"
    assert "not finished within 1 s; run it again" in err
