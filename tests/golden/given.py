"""The lives behind the golden stores: what each was given, and so what must be read of it.

Nothing here is computed by what is tested. Reading has its own types: an integer column with a
missing cell stays one, and a column with text is text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from aiocollect import Pipeline
from aiocollect.encoders import MdcEncoder
from aiocollect.layouts import MdcLayout
from aiocollect.stores.local.ledger import Record

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAN = math.nan
IDS = ("$aml_dc_correlation_id", "$aml_dc_row")
KEY = "golden-key-golden-key"

# A column of each kind, and what makes a kind hard: missing, NaN and "" stay three things.
COLUMNS = {"i": int, "f": float, "t": str, "b": bool, "d": date, "w": datetime}
CELLS: list[list[Any]] = [
    [1, 0.1, "plain", True, date(2026, 1, 31), datetime(2026, 1, 31, 1, 2, 3, 4, tzinfo=UTC)],
    [-(2**53) - 1, NAN, 'a,b "c"\nd', False, None, None],
    [None, None, "", None, date(1, 1, 1), datetime(2262, 4, 11, tzinfo=UTC)],
    [2**63 - 1, 1e22, None, True, date(9999, 12, 31), datetime(1970, 1, 1, tzinfo=UTC)],
    [0, -0.0, "007", False, date(2026, 1, 31), datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)],
    [5, math.inf, "é ☃ NaN", True, None, None],
    [6, -math.inf, "NaN", None, None, None],
    [7, 5e-324, "null", None, None, None],
]


class Golden(NamedTuple):
    """A store: how its pipeline was made, what was collected, and what a reader gets.

    ``wanted``: for each set of columns that is read, its rows. ``asked``: how to read it.
    """

    collect: Callable[[Pipeline], None]
    options: dict[str, Any]
    wanted: dict[tuple[str, ...], list[list[Any]]]
    asked: dict[str, Any] = {}  # noqa: RUF012 - never changed
    log_key: str | None = None


def _cells(names: str) -> Callable[[Pipeline], None]:
    def collect(pipeline: Pipeline) -> None:
        columns = {name: COLUMNS[name] for name in names}
        inputs = pipeline.collector("m", version="1", identifier="in", feature_names=columns)
        cells = [row[: len(names)] for row in CELLS]
        inputs.collect(cells[:3], correlation_id="one", at=NOON)
        inputs.collect(cells[3:7], correlation_id="two, of four", at=NOON.replace(hour=13))
        inputs.collect(cells[7:], correlation_id="one", at=NOON, row=3)

    return collect


def _of_cells(names: str) -> dict[tuple[str, ...], list[list[Any]]]:
    named = [["one", 0], ["one", 1], ["one", 2], *(["two, of four", row] for row in range(4))]
    named.append(["one", 3])
    rows = zip(named, CELLS, strict=True)
    return {(*IDS, *names): [[*told, *cells[: len(names)]] for told, cells in rows]}


def _joined(pipeline: Pipeline) -> None:
    model = pipeline.model("m", version="1", inputs=["a", "plan"], predictions=["p"])
    for number in range(4):
        cid = model.collect(inputs=[[number, f"plan {number}"]], predictions=[[number / 8]])
        if number % 2:
            labels = pipeline.collector("m", version="1", identifier="labels", feature_names=["y"])
            labels.collect([[number]], correlation_id=cid)


def _drifting(pipeline: Pipeline) -> None:
    """Three headers of one path: three parts."""
    for count, names in enumerate((["a"], ["a", "b"], ["b", "c"])):
        stream = pipeline.collector("m", version="1", identifier="in", feature_names=names)
        stream.collect([[count + place / 4 for place in range(len(names))]], correlation_id="x")


def _plain(pipeline: Pipeline) -> None:
    pipeline.collector("m", version="1", identifier="in", feature_names=["a", "t"]).collect(
        [[1, "x"], [2, None]], at=NOON
    )


def _mdc(pipeline: Pipeline) -> None:
    inputs = pipeline.collector(
        "m",
        identifier="model_inputs",
        feature_names=MdcEncoder.features,
        format=MdcEncoder(),
        layout=MdcLayout(instance="pod_1"),
    )
    told = {"id": "r-1", "source": "/s", "type": "azureml.inference.inputs"}
    rows = [{"a": 1, "t": "x,\n"}, {"a": 2}]
    inputs.collect([[json.dumps(rows), told]], correlation_id="r-1", at=NOON)


_ALONE = {"streams": "in"}

STORES: dict[str, Golden] = {
    "csv": Golden(_cells("iftbdw"), {}, _of_cells("iftbdw"), _ALONE),
    "csv-signed-own-hour": Golden(
        _cells("iftbdw"),
        {"writer": "own", "layout": "hour", "log_key": KEY},
        _of_cells("iftbdw"),
        _ALONE,
        KEY,
    ),
    "jsonl": Golden(_cells("iftbd"), {"format": "jsonl"}, _of_cells("iftbd"), _ALONE),
    "jsonl-template": Golden(
        _cells("iftbd"),
        {"format": "jsonl", "layout": "{model}/{version}/{identifier}/{yyyy}-{MM}.{extension}"},
        _of_cells("iftbd"),
        {**_ALONE, "layout": "{model}/{version}/{identifier}/{yyyy}-{MM}.{extension}"},
    ),
    "joined": Golden(
        _joined,
        {},
        {
            ("a", "plan", "p", "y", "$aml_dc_row"): [
                [number, f"plan {number}", number / 8, number if number % 2 else None, 0]
                for number in range(4)
            ]
        },
    ),
    "drifting": Golden(
        _drifting,
        {},
        {("a", "b", "c"): [[0.0, None, None], [1.0, 1.25, None], [None, 2.0, 2.25]]},
        _ALONE,
    ),
    "columns-aml": Golden(
        _plain,
        {"columns": "aml"},
        {("a", "t", "$aml_model_version", "$aml_dc_row"): [[1, "x", "1", 0], [2, None, "1", 1]]},
        _ALONE,
    ),
    "columns-none": Golden(
        _plain, {"columns": "none", "writer": "own"}, {("a", "t"): [[1, "x"], [2, None]]}, _ALONE
    ),
    "mdc": Golden(
        _mdc,
        {"service": "endpoint"},
        {(*IDS, "a", "t"): [["r-1", 0, 1, "x,\n"], ["r-1", 1, 2, None]]},
        {"streams": "model_inputs", "service": "endpoint", "layout": "mdc"},
    ),
}
# Of these the rows are in Parquet as well, and of the first one the parts are gone.
COMPACTED = ("csv", "jsonl")
# Of this one a reader and a follower had kept where they were.
FOLLOWED = "drifting"
# The record beside a file of the directory store. Files themselves cannot be kept: it knows each by
# its inode.
LEDGER = Record(created=1_769_860_800_000_000_000, inode=123_456, length=2**33 + 1, blocks=49_000)
