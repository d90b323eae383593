"""Formats, columns, layouts and writers, for the pipeline and for a collector."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from typing import Any

from aiocollect import MemoryStore
from aiocollect.testing import VirtualLoop, run_virtual
from tests.support.virtual import make_pipeline

MOMENT = datetime(2018, 12, 31, 23, 30, tzinfo=UTC)
FOLDER = "sub/rg/ws/aks/m/10/inputs/2018/12/31"


def stored(use: Any, **options: Any) -> dict[str, list[str]]:
    """The lines of each blob by its path."""

    async def main(loop: VirtualLoop) -> dict[str, list[str]]:
        store = MemoryStore()
        pipeline = make_pipeline(store, loop, workspace="Sub/rg/ws", service="aks", **options)
        use(pipeline)
        assert (await pipeline.aclose()).complete
        return {path: data.decode().splitlines() for path, data in store.blobs.items()}

    return run_virtual(main)


def collector(pipeline: Any, **options: Any) -> Any:
    return pipeline.collector(
        "m", version="10", identifier="inputs", feature_names=["a", "b"], **options
    )


def test_jsonl() -> None:
    """A line is an object by the names of the columns; the file has no header."""

    def use(pipeline: Any) -> None:
        collector(pipeline).collect([[1.5, None], [float("nan"), [1, {"x": "y"}]]], at=MOMENT)

    ((path, lines),) = stored(use, format="jsonl").items()
    assert path == f"{FOLDER}/data.jsonl"
    first, second = map(json.loads, lines)
    assert list(first) == [
        "a", "b", "$aml_dc_correlation_id", "$aml_dc_scoring_timestamp", "$aml_dc_row",
    ]  # fmt: skip
    assert (first["a"], first["b"], first["$aml_dc_row"]) == (1.5, None, 0)
    assert (second["a"], second["b"], second["$aml_dc_row"]) == ("NaN", [1, {"x": "y"}], 1)


def test_jsonl_of_other_columns_shares_the_file() -> None:
    """Each line names its columns, so a drift of the columns needs no further part."""

    def use(pipeline: Any) -> None:
        collector(pipeline).collect([1, 2], at=MOMENT)
        pipeline.collector("m", version="10", identifier="inputs", feature_names=["c"]).collect(
            [3], at=MOMENT
        )

    ((_, lines),) = stored(use, format="jsonl").items()
    assert [next(iter(json.loads(line))) for line in lines] == ["a", "c"]


def test_all_documented_columns() -> None:
    """columns="aml": the others of the collector before us, behind ours, in its order."""

    def use(pipeline: Any) -> None:
        collector(pipeline, columns="aml").collect([1, 2], at=MOMENT)

    ((_, (header, row)),) = stored(use).items()
    assert header.split(",")[2:] == [
        "$aml_dc_correlation_id", "$aml_dc_scoring_timestamp", "$aml_dc_row", "$aml_dc_boundary",
        "$aml_workspace", "$aml_service_name", "$aml_model_name", "$aml_model_version",
        "$aml_request_id",
    ]  # fmt: skip
    (cells,) = csv.reader([row])
    assert cells[5:] == [
        "1440", "sub/rg/ws", "aks", "m", "10", "00000000-0000-0000-0000-000000000000",
    ]  # fmt: skip


def test_no_columns_of_ours() -> None:
    """columns="none": the features alone, in blobs of this writer."""

    def use(pipeline: Any) -> None:
        collector(pipeline).collect([[1, 2], [None, None]], at=MOMENT)

    found = stored(use, columns="none", writer="own")
    assert found == {f"{FOLDER}/data-00000000aa.csv": ["a,b", "1,2", ","]}


def test_collectors_differ_from_their_pipeline() -> None:
    """Layout, format, columns and writer of one collector; the others keep the pipeline's."""

    def use(pipeline: Any) -> None:
        collector(pipeline).collect([1, 2], at=MOMENT)
        collector(pipeline, layout="hour").collect([1, 2], at=MOMENT)
        collector(pipeline, layout="{model}/{yyyy}/x.{extension}").collect([1, 2], at=MOMENT)
        collector(pipeline, format="jsonl", writer="own").collect([1, 2], at=MOMENT)

    assert sorted(stored(use)) == sorted([
        f"{FOLDER}/data.csv",
        f"{FOLDER}/23/data.csv",
        "m/2018/x.csv",
        f"{FOLDER}/data-00000000aa.jsonl",
    ])  # fmt: skip


def test_hours_have_folders() -> None:
    """layout="hour": rows go to the hour of their scoring; labels under an id follow it."""

    def use(pipeline: Any) -> None:
        one = collector(pipeline)
        first = one.collect([1, 2], at=MOMENT)
        one.collect([3, 4], at=MOMENT.replace(hour=1))
        one.collect([5, 6], correlation_id=first)

    found = stored(use, layout="hour")
    assert {path: len(lines) - 1 for path, lines in found.items()} == {
        f"{FOLDER}/23/data.csv": 2,
        f"{FOLDER}/01/data.csv": 1,
    }


def test_a_schema_drift_is_a_new_part() -> None:
    """Other columns on one path: the second header goes to data_1.csv, the first file stays."""

    def use(pipeline: Any) -> None:
        for names in (["a", "b"], ["a", "c"]):
            pipeline.collector("m", version="10", identifier="inputs", feature_names=names).collect(
                [1, 2], at=MOMENT
            )

    found = stored(use)
    assert sorted(path.rpartition("/")[2] for path in found) == ["data.csv", "data_1.csv"]
    assert {lines[0].split(",")[1] for lines in found.values()} == {"b", "c"}


def test_jsonl_goes_on_after_a_restart() -> None:
    """A file without a header is ours whatever it begins with: the next life appends to it."""

    async def main(loop: VirtualLoop) -> dict[str, bytes]:
        store = MemoryStore()
        for _ in range(3):
            pipeline = make_pipeline(store, loop, format="jsonl")
            collector(pipeline).collect([1, 2], at=MOMENT)
            assert (await pipeline.aclose()).complete
        return store.blobs

    ((path, data),) = run_virtual(main).items()
    assert path.endswith("/data.jsonl")
    assert data.count(b"\n") == 3
