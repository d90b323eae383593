"""read() and follow() on what others write: Azure ML's collectors, block blobs, files of v1."""

from __future__ import annotations

import json
from typing import Any

import pytest

import aiocollect
from aiocollect import MemoryStore, Pipeline
from aiocollect.encoders import MdcEncoder
from aiocollect.errors import SnapshotGone
from aiocollect.layouts import MdcLayout
from aiocollect.testing import VirtualLoop, run_virtual
from tests.support.reads import NOON, write

ID, TIME, ROW = "$aml_dc_correlation_id", "$aml_dc_scoring_timestamp", "$aml_dc_row"
WHERE: dict[str, Any] = {"service": "endpoint", "layout": "mdc"}


def attributes(name: str) -> dict[str, str]:
    return {"id": f"{name}-record", "source": "/s", "type": "azureml.inference.inputs"}


def written(instance: str, ids: list[str], store: Any = None) -> MemoryStore:
    """Records of one process: a call of two rows and one of one, with their outputs."""

    async def use(pipeline: Pipeline) -> None:
        options: dict[str, Any] = {
            "feature_names": MdcEncoder.features,
            "format": MdcEncoder(),
            "layout": MdcLayout(instance=instance),
        }
        inputs = pipeline.collector("blue", identifier="model_inputs", **options)
        outputs = pipeline.collector("blue", identifier="model_outputs", **options)
        calls: list[list[dict[str, Any]]] = [[{"a": 1, "t": "x,\n"}, {"a": 2}], [{"a": 0.5}]]
        for rows, cid in zip(calls, ids, strict=True):
            told = [{"p": row["a"] / 8} for row in rows]
            inputs.collect([[json.dumps(rows), attributes(cid)]], correlation_id=cid)
            outputs.collect([[json.dumps(told), attributes(cid)]], correlation_id=cid)

    store = write(use, store=store, service="endpoint")
    assert isinstance(store, MemoryStore)
    return store


def test_records_of_azure_mls_collector_are_rows() -> None:
    """A row for each object of data, id and index apart; the files of all processes, joined."""
    store = written("pod_1", ["one", "two"])
    written("pod_2", ["three", "four"], store)
    dataset = aiocollect.read(store, "blue", streams=["model_inputs", "model_outputs"], **WHERE)
    table = dataset.to_arrow()
    assert table.select([ID, ROW, "a", "t", "p"]).to_pydict() == {
        ID: ["one", "one", "two", "three", "three", "four"],
        ROW: [0, 1, 0] * 2,
        "a": [1.0, 2.0, 0.5] * 2,
        "t": ["x,\n", None, None] * 2,
        "p": [0.125, 0.25, 0.0625] * 2,
    }
    assert {moment.replace(microsecond=0) for moment in table[TIME].to_pylist()} == {NOON}
    assert dataset.missing == {"model_inputs": 0, "model_outputs": 0}
    alone = aiocollect.read(store, "blue", streams="model_inputs", **WHERE)
    assert alone.count() == 6
    assert [info.stream for info in aiocollect.streams(store, **WHERE)] == [
        "model_inputs",
        "model_outputs",
    ]


def test_records_in_a_layout_of_ours() -> None:
    """format="mdc" says what the lines are."""

    async def use(pipeline: Pipeline) -> None:
        stream = pipeline.collector(
            "m", identifier="inputs", feature_names=MdcEncoder.features, format=MdcEncoder()
        )
        for payload in ('[{"a":1}]', '{"a":2}', "[[1,2],3]", '"x"'):
            stream.collect([[payload, attributes("i")]])

    table = aiocollect.read(write(use), "m", streams="inputs", format="mdc").to_arrow()
    assert table.select([ROW, "a", "data"]).to_pydict() == {
        ROW: [0, 0, 0, 1, 0],
        "a": [1, 2, None, None, None],
        "data": [None, None, "[1,2]", "3", "x"],
    }


def test_a_record_without_rows_is_left_out_and_said() -> None:
    """Data that lies elsewhere, no id; times with an offset are UTC."""
    store = MemoryStore()
    records: list[dict[str, Any]] = [
        {"correlationid": "a", "time": "2026-01-31T13:00:00+01:00", "data": [{"x": 1, ROW: 9}]},
        {"correlationid": "b", "dataref": "https://elsewhere"},
        {"time": "2026-01-31T13:00:00Z", "data": [{"x": 2}]},
        {"correlationid": "c", "time": "soon", "data": []},
    ]
    path = "modelDataCollector/endpoint/blue/model_inputs/2026/01/31/12/pod.jsonl"
    store.upload(path, "".join(json.dumps(record) + "\n" for record in records).encode())
    dataset = aiocollect.read(store, "blue", streams="model_inputs", **WHERE)
    assert dataset.to_arrow().to_pylist() == [{"x": 1, ROW: 0, ID: "a", TIME: NOON}]
    assert [note.code for note in dataset.notes] == ["rows"]


def test_records_are_followed() -> None:
    """As rows, whatever the records are cut into."""
    store = written("pod_1", ["one", "two"])

    async def main(_: VirtualLoop) -> list[Any]:
        follower = aiocollect.follow(
            store, "blue", stream="model_inputs", since=None, poll=None, **WHERE
        )
        return [batch.rows.to_pylist() async for batch in follower]

    ((first, second, third),) = run_virtual(main)
    assert [(row[ID], row[ROW], row["a"]) for row in (first, second, third)] == [
        ("one", 0, 1.0),
        ("one", 1, 2.0),
        ("two", 0, 0.5),
    ]


FOLDER = "default/default/default/default/m/default/inputs/2026/01/31"
V1_NAMES = (
    ID,
    TIME,
    "$aml_model_name",
    "$aml_model_version",
    "$aml_service_name",
    "$aml_workspace",
)
V1 = "".join(
    f"{cells}\r\n"
    for cells in (
        ",".join(["$aml_dc_request_id", *V1_NAMES, "a", '"b,c"']),
        'r1,c1,2026-01-31T12:00:00.000000,m,1,s,w,1.5,"x\ny"',
        'r2,c1,2026-01-31T12:00:00.000000,m,1,s,w,2.5,""',
        "r3,c2,2026-01-31T12:00:01.000000,m,1,s,w,,007",
    )
).encode()


@pytest.mark.parametrize("kind", ["append", "block"])
def test_files_of_the_old_collector(kind: str) -> None:
    """CRLF, eight columns and more, no index of rows: as they are, in append and block blobs."""
    store = MemoryStore()

    async def main(_: VirtualLoop) -> Any:
        if kind == "block":
            store.upload(f"{FOLDER}/data.csv", V1)
        else:
            await store.create(f"{FOLDER}/data.csv", content_type="text/csv")
            await store.append(f"{FOLDER}/data.csv", V1, offset=0)
        follower = aiocollect.follow(store, "m", stream="inputs", since=None, poll=None)
        return [batch.rows.select(["a", "b,c"]).to_pydict() async for batch in follower]

    want = {"a": [1.5, 2.5, None], "b,c": ["x\ny", "", "007"]}
    assert run_virtual(main) == [want]
    dataset = aiocollect.read(store, "m", streams="inputs")
    assert dataset.to_arrow().select(["a", "b,c"]).to_pydict() == want
    joined = aiocollect.read(store, "m").to_arrow()
    assert joined.select([ID, ROW, "a"]).to_pydict() == {
        ID: ["c1", "c1", "c2"],
        ROW: [0, 1, 0],
        "a": [1.5, 2.5, None],
    }


def test_a_block_blob_that_was_written_anew_is_another_one() -> None:
    """A read of the old one says so, a follower begins at its start."""
    store = MemoryStore()
    rows = f"n,{ID},{TIME},{ROW}\n" + "1,a,2026-01-31T12:00:00.000000,0\n"
    store.upload(f"{FOLDER}/data.csv", rows.encode())
    dataset = aiocollect.read(store, "m", streams="inputs")
    snapshot = dataset.snapshot
    assert dataset.count() == 1
    again = rows.replace("1,a", "2,b") + "3,c,2026-01-31T12:00:00.000000,0\n"
    store.upload(f"{FOLDER}/data.csv", again.encode())
    assert aiocollect.read(store, "m", streams="inputs").to_arrow()["n"].to_pylist() == [2, 3]
    with pytest.raises(SnapshotGone):
        aiocollect.read(store, "m", streams="inputs", as_of=snapshot).to_arrow()

    async def main(_: VirtualLoop) -> list[int]:
        got: list[int] = []
        follower = aiocollect.follow(store, "m", stream="inputs", since=snapshot, poll=None)
        async for batch in follower:
            got += batch.rows["n"].to_pylist()
        return got

    assert run_virtual(main) == [2, 3]
