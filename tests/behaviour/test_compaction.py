"""compact(): the rows of the files and of what is not in them are those that were collected."""

from __future__ import annotations

import asyncio
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

import aiocollect
from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect.cli import main
from aiocollect.errors import StoreRefused
from aiocollect.stores.local import LocalStore
from aiocollect.testing import Fault, FaultKind, Operation
from aiocollect.typing import METADATA
from tests.support.reads import NOON, three_rows, write

ID, TIME, ROW = METADATA
FOLDER = "model=churn/version=10/stream=inputs/date=2026-01-31"


def cells(dataset: Any) -> list[str]:
    """All rows as text, NaN too, sorted: the order within a day is that of time."""
    return sorted(map(repr, dataset.to_arrow().to_pylist()))


def files(store: Any) -> list[str]:
    return sorted(path for path in store._blobs if path.endswith(".parquet"))


async def copy(blobs: dict[str, bytes], folder: Path) -> None:
    """As a pipeline would have written them there."""
    store = LocalStore(folder)
    for path, data in blobs.items():
        await store.create(path, content_type="text/csv")
        await store.append(path, data, offset=0)
    await store.aclose()


def test_what_is_read_is_the_same_before_and_after() -> None:
    """One stream, and all of them joined; from the store itself, and from another one."""
    store, lake = write(three_rows), MemoryStore()
    before = cells(aiocollect.read(store, "churn"))
    assert len(before) == 3
    made = aiocollect.compact(store, lake)
    assert [(file.stream, file.rows) for file in made.files] == [("inputs", 3), ("predictions", 3)]
    assert cells(aiocollect.read(store, "churn", compacted=lake)) == before
    assert cells(aiocollect.read(store, "churn")) == before
    aiocollect.compact(store, store)
    dataset = aiocollect.read(store, "churn")
    assert cells(dataset) == before
    assert {part.format for part in dataset.parts} == {"parquet"}


def test_other_readers_get_the_cells_from_the_files() -> None:
    """Missing, NaN and "" stay three things; times are UTC."""
    store = write(three_rows)
    aiocollect.compact(store, store)
    table = pq.read_table(pa.BufferReader(bytes(store._blobs[f"{FOLDER}/0.parquet"].data)))
    assert table["age"].to_pylist() == [41, None, 7]
    assert table["plan"].to_pylist() == ["a,b", "", None]
    assert str(table.schema.field(TIME).type) == "timestamp[us, tz=UTC]"


def test_late_rows_make_one_more_file() -> None:
    """And until then they are read behind the watermark."""
    store = write(three_rows)
    aiocollect.compact(store, store)
    write(three_rows, store=store, at=NOON.replace(minute=7))
    everything = cells(aiocollect.read(store, "churn"))
    assert len(set(everything)) == 6
    parts = aiocollect.read(store, "churn", streams="inputs").parts
    assert [(part.format, part.start > 0) for part in parts] == [("parquet", False), ("csv", True)]
    again = aiocollect.compact(store, store)
    assert [file.path for file in again.files][:1] == [f"{FOLDER}/1.parquet"]
    assert cells(aiocollect.read(store, "churn")) == everything
    assert not aiocollect.compact(store, store).files


def test_a_part_that_was_made_again_is_another_one() -> None:
    """Its watermark is that of its life, not of its name."""
    store = write(three_rows)
    aiocollect.compact(store, store)
    for path in list(store.blobs):
        store.delete(path)
    write(three_rows, store=store, at=NOON.replace(hour=15))
    assert len(set(cells(aiocollect.read(store, "churn")))) == 6
    aiocollect.compact(store, store)
    assert len(set(cells(aiocollect.read(store, "churn")))) == 6


def test_only_days_that_ended_are_compacted() -> None:
    """until counts from the end of the folder."""
    now = datetime.now(UTC)
    store = write(three_rows, at=now)
    assert not aiocollect.compact(store, store).files
    assert len(aiocollect.compact(store, store, until="0d").files) == 2


def test_a_dry_run_does_nothing() -> None:
    """It says what would be done."""
    store = write(three_rows)
    said = aiocollect.compact(store, store, remove_after="1d", dry_run=True)
    assert [(file.stream, file.rows, file.bytes) for file in said.files] == [
        ("inputs", None, 0),
        ("predictions", None, 0),
    ]
    assert not files(store)
    assert not said.removed
    assert {why for _, why in said.kept} == {"not all of it is in a compacted file"}


def test_parts_are_removed_only_when_asked_for() -> None:
    """Sealed and deleted, and the rows are still there."""
    store = write(three_rows)
    before = cells(aiocollect.read(store, "churn"))
    aiocollect.compact(store, store)
    assert store.blobs
    done = aiocollect.compact(store, store, remove_after="1d")
    assert len(done.removed) == 2
    assert not store.blobs
    assert cells(aiocollect.read(store, "churn")) == before
    assert cells(aiocollect.read(store, "churn", version="10")) == before


def test_rows_that_come_back_after_the_removal_are_not_doubled() -> None:
    """A spool sends the same bytes; read() and the next compact() leave them out."""
    store = write(three_rows)
    before = cells(aiocollect.read(store, "churn"))
    blobs = store.blobs
    aiocollect.compact(store, store, remove_after="1d")

    async def again() -> None:
        for path, data in blobs.items():
            await store.create(path, content_type="text/csv")
            await store.append(path, data, offset=0)

    asyncio.run(again())
    parts = aiocollect.read(store, "churn").parts
    assert [part.checked for part in parts if part.format == "csv"] == [True, True]
    assert cells(aiocollect.read(store, "churn")) == before
    write(three_rows, store=store, at=NOON.replace(minute=9))
    assert len(set(cells(aiocollect.read(store, "churn")))) == 6
    aiocollect.compact(store, store, remove_after="1d")
    assert len(cells(aiocollect.read(store, "churn"))) == 6
    assert not store.blobs


def test_a_part_with_rows_that_cannot_be_read_stays() -> None:
    """They would be gone for ever."""
    store = write(three_rows)

    async def spoil() -> None:
        for path, data in store.blobs.items():
            await store.append(path, b"1,2\n", offset=len(data))

    asyncio.run(spoil())
    done = aiocollect.compact(store, store, remove_after="1d")
    assert not done.removed
    assert {why for _, why in done.kept} == {"some of its rows could not be read"}
    assert len(cells(aiocollect.read(store, "churn"))) == 3


def test_a_torn_end_waits_for_the_rest() -> None:
    """The watermark is the end of a row."""
    store = write(three_rows)
    paths = list(store.blobs)
    for path in paths:
        store.tear(path)
    aiocollect.compact(store, store, remove_after="1d")
    assert list(store.blobs) == paths
    assert len(cells(aiocollect.read(store, "churn"))) == 3


def test_types_that_change_between_files_are_united() -> None:
    """As without compaction: a file of numbers, then text, then text behind the watermark."""
    store, plain = MemoryStore(), MemoryStore()
    for minute, value in enumerate([7, 0.5, "x", None, True, 1e300]):

        async def use(pipeline: Pipeline, value: Any = value) -> None:
            pipeline.collector("m", identifier="inputs", feature_names=["a"]).collect([value])

        for one in (store, plain):
            write(use, store=one, at=NOON.replace(minute=minute))
        if minute < 4:
            aiocollect.compact(store, store)
        got = aiocollect.read(store, "m", streams="inputs").to_arrow()
        expected = aiocollect.read(plain, "m", streams="inputs").to_arrow()
        assert got["a"].to_pylist() == expected["a"].to_pylist()
        assert got.schema == expected.schema
    assert got["a"].to_pylist() == ["7", "0.5", "x", None, "true", "1e+300"]


def test_late_labels_of_a_compacted_day_are_found() -> None:
    """The latest counts, wherever it is."""
    store = MemoryStore()
    ids: list[Any] = []

    async def score(pipeline: Pipeline) -> None:
        model = pipeline.model("m", inputs=["a"], labels=["y"])
        ids.append(model.collect(inputs=[[1], [2]], labels=[[0], [0]]))

    async def label(pipeline: Pipeline) -> None:
        stream = pipeline.collector("m", identifier="labels", feature_names=["y"])
        stream.collect([[5]], correlation_id=ids[0], row=1)

    write(score, store=store)
    aiocollect.compact(store, store)
    write(label, store=store, at=datetime(2026, 3, 1, tzinfo=UTC), writer="00000000ab")
    dataset = aiocollect.read(store, "m")
    assert dataset.to_arrow()["y"].to_pylist() == [0, 5]
    aiocollect.compact(store, store)
    assert aiocollect.read(store, "m").to_arrow()["y"].to_pylist() == [0, 5]


@pytest.mark.parametrize("kind", [FaultKind.LOST_ANSWER, FaultKind.NOT_SENT])
def test_a_put_in_doubt_is_looked_for(kind: FaultKind) -> None:
    """Whether it landed or not, the rows are in files once."""
    store = write(three_rows)
    left = [2]

    def faults(operation: Operation, path: str) -> Fault | None:
        if operation is Operation.PUT and left[0]:
            left[0] -= 1
            return Fault(kind)
        return None

    before = cells(aiocollect.read(store, "churn"))
    store.faults = faults
    aiocollect.compact(store, store)
    assert cells(aiocollect.read(store, "churn")) == before
    assert len(files(store)) == 2


def test_services_that_share_a_target_do_not_see_each_other() -> None:
    """The folder is the same, the sources are not."""
    store, lake = MemoryStore(), MemoryStore()
    for service in ("one", "two"):
        write(three_rows, store=store, service=service)
        aiocollect.compact(store, lake, service=service)
    assert len(files(lake)) == 4
    for service in ("one", "two"):
        dataset = aiocollect.read(store, "churn", service=service, compacted=lake)
        assert dataset.count() == 3


def test_a_directory_works_too(tmp_path: Path) -> None:
    """Rows, removal, and files that other programs find."""
    folder, lake = tmp_path / "data", tmp_path / "lake"
    memory = write(three_rows)
    asyncio.run(copy(memory.blobs, folder))
    before = cells(aiocollect.read(folder, "churn"))
    aiocollect.compact(folder, lake, remove_after="1d")
    assert sorted(path.name for path in lake.rglob("*.parquet")) == ["0.parquet", "0.parquet"]
    assert not list(folder.rglob("*.csv"))
    assert not list(folder.rglob(".*.ledger"))
    assert cells(aiocollect.read(folder, "churn", compacted=lake)) == before
    asyncio.run(copy(write(three_rows, at=NOON.replace(minute=3)).blobs, folder))
    assert len(set(cells(aiocollect.read(folder, "churn", compacted=lake)))) == 6


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was done on stdout; 3 where there is nothing; what exists where a name is wrong."""
    folder, lake = str(tmp_path / "data"), str(tmp_path / "lake")
    assert main(["compact", "--store", folder, "--to", lake]) == 3
    asyncio.run(copy(write(three_rows).blobs, Path(folder)))
    assert main(["compact", "churn", "--store", folder, "--to", lake, "--dry-run"]) == 0
    assert not list(Path(lake).rglob("*.parquet"))
    assert main(["compact", "churn", "--store", folder, "--to", lake, "--json"]) == 0
    shown, _ = capsys.readouterr()
    made = [json.loads(line) for line in shown.splitlines() if line.startswith("{")]
    assert [(one["kind"], one["stream"], one["rows"]) for one in made] == [
        ("file", "inputs", 3),
        ("file", "predictions", 3),
    ]
    assert main(["compact", "--store", folder, "--to", lake]) == 0
    assert "compacted already" in capsys.readouterr().err
    assert main(["compact", "chrun", "--store", folder, "--to", lake]) == 1
    assert "churn" in capsys.readouterr().err
    assert main(["compact", "churn/10/inputs", "--store", folder, "--to", lake]) == 1
    assert "MODEL/VERSION" in capsys.readouterr().err


def test_pieces_for_other_processes_have_the_files_too() -> None:
    """splits() of a dataset with files, a tail, and a day whose sources are gone."""
    store = write(three_rows)
    aiocollect.compact(store, store, remove_after="1d")
    write(three_rows, store=store, at=NOON.replace(minute=8))
    for streams in (None, "inputs"):
        dataset = aiocollect.read(store, "churn", streams=streams)
        pieces = dataset.splits(target_bytes=1)
        found = [row for piece in pieces for row in piece.table().to_pylist()]
        assert sorted(map(repr, found)) == cells(dataset)


def test_a_span_of_time_and_columns_are_those_of_the_rows() -> None:
    """Files hold whole days."""
    store = write(three_rows)
    write(three_rows, store=store, at=NOON.replace(hour=20))
    aiocollect.compact(store, store)
    dataset = aiocollect.read(store, "churn", start="2026-01-31T18:00", columns=["p", ID])
    assert dataset.count() == 3
    assert dataset.schema.names == ["p", ID]
    assert math.isnan(dataset.to_arrow()["p"].to_pylist()[1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"until": None}, "until must be a time"),
        ({"until": "soon"}, "until must be a date"),
        ({"remove_after": 30}, "remove_after must be a length of time"),
        ({"format": "orc"}, "format='orc'"),
        ({"model": ""}, "model must be text"),
        ({"version": "1"}, "version= needs a model"),
        ({"dry_run": 1}, "dry_run"),
        ({"model": "chrun"}, "no 'chrun'"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    """With the option's name and what to do."""
    store = write(three_rows)
    with pytest.raises(ConfigError, match=message):
        aiocollect.compact(store, store, **options)


def test_a_store_that_cannot_put_is_refused() -> None:
    """Its class and the missing method are named."""

    class Listing:
        def list(self, prefix: str) -> Any: ...

        async def fetch(self, path: str, *, offset: int, length: int) -> Any: ...

    target: Any = Listing()
    with pytest.raises(ConfigError, match=r"target: Listing .* no put\(\)"):
        aiocollect.compact(write(three_rows), target)


def test_what_the_store_refuses_rises() -> None:
    """With its reason."""
    store = write(three_rows)
    store.faults = lambda operation, path: (
        Fault(FaultKind.CREDENTIAL) if operation is Operation.PUT else None
    )
    with pytest.raises(StoreRefused):
        aiocollect.compact(store, store)


class Overtaken(MemoryStore):
    """Has somebody else work there before its first put."""

    def __init__(self, store: MemoryStore, other: Any) -> None:
        super().__init__()
        self._blobs = store._blobs
        self._other = other

    async def put(self, path: str, file: Any, *, length: int, content_type: str) -> bool:
        """Let the other one be first."""
        other, self._other = self._other, None
        if other is not None:
            await other()
        return await super().put(path, file, length=length, content_type=content_type)


@pytest.mark.parametrize("form", ["parquet", "delta"])
def test_a_file_of_another_run_stays(form: Any) -> None:
    """The other run had more rows, and has removed their parts: nothing else has them."""
    if form == "delta":
        pytest.importorskip("deltalake")
    # Without a log: what is appended by hand would be foreign to it, and its part not removed.
    store = write(three_rows, log=False)
    late = write(three_rows, log=False, at=NOON.replace(minute=7)).blobs

    async def other() -> None:
        for path, data in late.items():
            length = (await store.open(path, head=1)).length
            await store.append(path, data[data.index(b"\n") + 1 :], offset=length)
        await aiocollect.acompact(store, store, format=form, remove_after="1d")

    slow = Overtaken(store, other)
    aiocollect.compact(slow, slow, format=form)
    assert not [path for path in store.blobs if path.endswith(".csv")]
    for stream in ("inputs", "predictions"):
        rows = cells(aiocollect.read(store, "churn", streams=stream))
        assert len(set(rows)) == len(rows) == 6
