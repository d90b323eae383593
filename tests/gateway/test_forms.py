"""Each form that the gateway takes is read back from the store, as it was sent."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.serving import SOURCE, records, rows, serving

ID = "$aml_dc_correlation_id"
TIME = "$aml_dc_scoring_timestamp"
# Numbers that would change if anybody read and wrote them.
EXACT = '{"x": [1.50, 1e2, 123456789012345678901234567890], "s": "\\u00e4 \\"q\\" ]{"}'


def features(found: dict[str, str]) -> dict[str, str]:
    return {name: cell for name, cell in found.items() if not name.startswith("$aml_")}


@pytest.mark.asyncio
async def test_json_rows(tmp_path: Path) -> None:
    """A row, rows, and rows with an id and a time; absent is missing; integers stay exact."""
    big = 123456789012345678901234567890
    async with serving(tmp_path) as door:
        status, one, _ = await door.post("/collect/m/1/inputs", {"a": 1, "b": "x"})
        assert (status, one["rows"]) == (202, 1)
        _, two, _ = await door.post("/collect/m/1/inputs", [{"b": "y"}, {"a": big}])
        told = {"rows": [{"a": 0.1, "b": None}], "correlation_id": "mine", "at": 1_700_000_000}
        assert (await door.post("/collect/m/1/inputs", told))[1]["correlation_id"] == "mine"
        _, four, _ = await door.post("/collect/m/1/inputs?at=2023-11-14T22:13:20Z", [[1, 2]])
    assert door.report is not None
    assert door.report.complete
    found = rows(tmp_path, "m/1/inputs")
    by_id: dict[str, list[dict[str, str]]] = {}
    for row in found:
        by_id.setdefault(row[ID], []).append(features(row))
    assert by_id == {
        one["correlation_id"]: [{"a": "1", "b": "x"}],
        two["correlation_id"]: [{"a": "", "b": "y"}, {"a": str(big), "b": ""}],
        "mine": [{"a": "0.1", "b": ""}],
        four["correlation_id"]: [{"f0": "1", "f1": "2"}],
    }
    times = {row[ID]: row[TIME] for row in found}
    assert times["mine"] == times[four["correlation_id"]] == "2023-11-14T22:13:20.000000"


@pytest.mark.asyncio
async def test_a_slip_fixes_nothing(tmp_path: Path) -> None:
    """Columns of a first request do not bind the next ones, in whatever order they come."""
    async with serving(tmp_path) as door:
        for row in ({"aeg": 1}, {"age": 2, "plan": 3}, {"plan": 4, "age": 5}, {"plan": 6}):
            assert (await door.post("/collect/m/1/i", row))[0] == 202
    found = [features(row) for row in rows(tmp_path, "m/1/i")]
    assert sorted(found, key=str) == [
        {"aeg": "1"},
        *({"age": age, "plan": plan} for age, plan in (("", "6"), ("2", "3"), ("5", "4"))),
    ]


@pytest.mark.asyncio
async def test_csv_rows(tmp_path: Path) -> None:
    """Cells of CSV are stored as the texts that they are; names and quotes are CSV's."""
    body = '\ufeffage,"plan, old"\r\n007,"a ""b""\n\u00e4"\r\n\r\n1.50,\r\n'.encode()
    async with serving(tmp_path) as door:
        status, told, _ = await door.post(
            "/collect/m/1/i?correlation_id=k", body, kind="text/csv; charset=utf-8"
        )
        assert (status, told) == (202, {"correlation_id": "k", "rows": 2})
    assert [features(row) for row in rows(tmp_path, "m/1/i")] == [
        {"age": "007", "plan, old": 'a "b"\n\u00e4'},
        {"age": "1.50", "plan, old": ""},
    ]


@pytest.mark.asyncio
async def test_gzip(tmp_path: Path) -> None:
    """gzip is taken, of several members too."""
    body = gzip.compress(b'[{"a":') + gzip.compress(b"1}]")
    async with serving(tmp_path) as door:
        status, _, _ = await door.post("/collect/m/1/i", body, Content_Encoding="gzip")
        assert status == 202
    assert [features(row) for row in rows(tmp_path, "m/1/i")] == [{"a": "1"}]


@pytest.mark.asyncio
async def test_azureml(tmp_path: Path) -> None:
    """A post of azureml-ai-monitoring becomes the record that its sidecar wrote (features as in
    learn.microsoft.com, "Collect production data from models")."""
    body = b'[{"a":1.50,"b":"x"},{"a":null,"b":"y"}]'
    async with serving(tmp_path) as door:
        status, _, _ = await door.post(
            "/modeldata/log",
            body,
            trace_id="t-1",
            ce_time="1700000000",
            ce_type="azureml.inference.model_inputs",
            ce_collect_data_type="pandas.core.frame.DataFrame",
            ce_agent="azureml-ai-monitoring/1.0.0",
            ce_x_request_id="c-1",
            ce_model_version="default",
            ce_My_Header="own",
        )
        assert status // 100 == 2
    [(folder, line)] = records(tmp_path)
    assert folder == "churn/blue/model_inputs/2023/11/14/22"
    assert f'"data":{body.decode()},' in line
    assert json.loads(line) == {
        "specversion": "1.0",
        "id": "t-1",
        "source": SOURCE,
        "type": "azureml.inference.model_inputs",
        "datacontenttype": "application/json",
        "time": "2023-11-14T22:13:20Z",
        "data": json.loads(body),
        "contentrange": f"bytes 0-{len(body) - 1}/{len(body)}",
        "correlationid": "c-1",
        "xrequestid": "c-1",
        "modelversion": "default",
        "collectdatatype": "pandas.core.frame.DataFrame",
        "agent": "azureml-ai-monitoring/1.0.0",
        "myheader": "own",
    }


KSERVE = {
    "ce_specversion": "1.0",
    "ce_id": "k-1",
    "ce_source": "http://localhost:9081/",
    "ce_type": "org.kubeflow.serving.inference.request",
    "ce_time": "2023-04-05T07:39:53.505997782Z",
    "ce_inferenceservicename": "iris",
    "ce_namespace": "team",
    "ce_component": "predictor",
    "ce_endpoint": "",
    "ce_traceparent": "00-25ba82c3-00",
}
SELDON = {
    "ce_specversion": "0.3",
    "ce_id": "s-1",
    "ce_requestid": "r-1",
    "ce_source": "http://:8000/",
    "ce_type": "io.seldon.serving.inference.response",
    "ce_inferenceservicename": "model-test",
    "ce_modelid": "classifier",
    "ce_namespace": "ml",
    "ce_endpoint": "predictor",
}


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/", "/events"])
async def test_binary_events(tmp_path: Path, path: str) -> None:
    """KServe's and Seldon's headers, as their loggers send them: answered with exactly 200; the
    payload byte for byte; request and response joined by the right id."""
    async with serving(tmp_path) as door:
        assert (await door.post(path, EXACT.encode(), **KSERVE))[0] == 200
        assert (await door.post(path, b"[0.1]", **SELDON))[0] == 200
    (one, kserve), (two, seldon) = sorted(records(tmp_path), reverse=True)
    assert one == "team.iris/predictor/request/2023/04/05/07"
    assert two.startswith("ml.model-test/classifier/response/")
    assert f'"data":{EXACT},' in kserve
    first, second = json.loads(kserve), json.loads(seldon)
    assert (first["id"], first["correlationid"]) == ("k-1", "k-1")
    assert first["time"] == "2023-04-05T07:39:53.505997Z"
    assert first["namespace"] == "team"
    assert first["traceparent"] == "00-25ba82c3-00"
    assert (second["id"], second["correlationid"]) == ("s-1", "r-1")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("kind", "body", "data", "more"),
    [
        ("application/x-www-form-urlencoded", b'{"x": 1.50}', '{"x": 1.50}', None),
        ("text/plain", "gr\u00fc\u00df\n".encode(), '"gr\u00fc\u00df\\n"', None),
        ("image/png", b"\x89PNG\xff", '"iVBOR/8="', "base64"),
        ("application/json", b"", "null", None),
    ],
)
async def test_other_payloads(
    tmp_path: Path, kind: str, body: bytes, data: str, more: str | None
) -> None:
    """JSON whatever it is called, text, and bytes as base64, which the record says."""
    async with serving(tmp_path) as door:
        assert (await door.post("/", body, kind=kind, **KSERVE))[0] == 200
    [(_, line)] = records(tmp_path)
    assert f'"data":{data},' in line
    assert json.loads(line)["datacontenttype"] == kind
    assert json.loads(line).get("datacontentencoding") == more


def event(number: int, **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": "s",
        "type": "t.request",
        **more,
    }


@pytest.mark.asyncio
async def test_structured_events(tmp_path: Path) -> None:
    """An event as one object: its data as it stands there; attributes of other types as text."""
    said = json.dumps(event(1, inferenceservicename="iris", flag=True, n=7, none=None))
    body = f'{said[:-1]} , "data" : {EXACT} }}'.encode()
    async with serving(tmp_path) as door:
        status, _, _ = await door.post("/", body, kind="application/cloudevents+json")
        assert status == 200
    [(folder, line)] = records(tmp_path)
    assert folder.startswith("iris/default/request/")
    assert f'"data":{EXACT},' in line
    found = json.loads(line)
    assert (found["flag"], found["n"], found.get("none")) == ("true", "7", None)


@pytest.mark.asyncio
async def test_batched_events(tmp_path: Path) -> None:
    """Each event of a batch is a record of its own."""
    batch = [event(1, data={"x": 1}), event(2, data_base64="/w=="), event(3)]
    async with serving(tmp_path) as door:
        status, _, _ = await door.post("/", batch, kind="application/cloudevents-batch+json")
        assert status == 200
        assert (await door.post("/", [], kind="application/cloudevents-batch+json"))[0] == 200
    found = [json.loads(line) for _, line in records(tmp_path)]
    assert [(one["id"], one["data"]) for one in found] == [
        ("e-1", {"x": 1}),
        ("e-2", "/w=="),
        ("e-3", None),
    ]


@pytest.mark.asyncio
async def test_names_are_escaped(tmp_path: Path) -> None:
    """No name of an address leads out of its folder."""
    async with serving(tmp_path) as door:
        for address in ("/collect/..%2F..%2Fx/1/i", "/collect/m/%2E%2E%2F/i"):
            status, _, _ = await door.post(address, {"a": 1})
            assert status in (202, 404)
    assert {path.relative_to(tmp_path).parts[:4] for path in tmp_path.rglob("*.csv")} == {
        ("s", "r", "w", "e")
    }
