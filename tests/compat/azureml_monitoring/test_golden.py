"""The same files as the original, byte for byte: golden/v1.json has what 0.1.0a21 hands to its
native library, made by make_golden.py. Where its bytes then go is said by the native library alone;
that rule is written here anew, from its documentation and its format strings."""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aiocollect import Pipeline
from aiocollect.compat.azureml_monitoring import ModelDataCollector
from tests.compat.cases import CASES

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "v1.json").read_text())
ID, TIME = "$aml_dc_correlation_id", "$aml_dc_scoring_timestamp"

Files = dict[str, tuple[str, str]]


def wanted(case: dict[str, Any], today: datetime, *, hourly: bool) -> Files:
    """What the native library makes of its calls: header and rows by path."""
    files: Files = {}
    for file in case["files"]:
        # Inputs and general know no time of a row: they go to the day of the write.
        year, month, day, hour = file["day"] or (today.year, today.month, today.day, today.hour)
        by_hour = hourly if file["boundary"] is None else file["boundary"] == 60
        folder = file["storage_path"] or "/".join(
            [*(file[name] for name in ("workspace", "service", "model", "version")), ""]
        )
        path = f"{folder}{file['designation']}/{year:04}/{month:02}/{day:02}/"
        path += f"{hour:02}/data.csv" if by_hour else "data.csv"
        header, rows = files.get(path, ("", ""))
        assert header in ("", file["header"] or "")
        files[path] = (file["header"] or "", rows + file["rows"])
    return files


def found(store: Path) -> Files:
    """Header and rows of each stored file, by its path without the writer's id."""
    files: Files = {}
    for path in store.rglob("*.csv"):
        name = re.sub(r"data-[0-9a-f]{10}\.csv", "data.csv", path.relative_to(store).as_posix())
        assert name not in files
        files[name] = ("", path.read_bytes().decode())
    return files


def plain(text: str, told: list[dict[str, Any] | None]) -> str:
    """The text without what differs from life to life: new ids, and the time of now."""
    for correlations in told:
        if correlations is not None:
            text = text.replace(correlations[TIME], "<time>")
            text = text.replace(correlations[ID][-36:], "<id>")
    if sys.version_info >= (3, 13):
        # Here Python's csv module, by which both of us write frames, quotes a cell with a CR
        # alone; in the one that wrote the goldens it does not.
        text = re.sub(r'"([^",\r\n]*\r[^",\r\n]*)"', r"\1", text)
    return text


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str]], None]:
    """Sets the environment, of which nothing else is heeded."""
    for name in ("SERVICE_NAME", "AML_MODEL_DC_BOUNDARY", "AIOCOLLECT_SERVICE"):
        monkeypatch.delenv(name, raising=False)

    def set_all(environ: Mapping[str, str]) -> None:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)

    return set_all


def test_the_goldens_are_of_these_versions() -> None:
    """Another pandas may write another text, which is then no fault of ours: make them anew. The
    lock has one version for each Python, and they were made with one Python."""
    if not platform.python_version().startswith(GOLDEN["python"].rpartition(".")[0]):
        pytest.skip(f"the goldens were made with Python {GOLDEN['python']}")
    assert (GOLDEN["numpy"], GOLDEN["pandas"]) == (np.__version__, pd.__version__)
    assert GOLDEN["cases"].keys() == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_as_the_original(
    name: str, tmp_path: Path, alone: Callable[[Mapping[str, str]], None]
) -> None:
    """Each case: the same paths, and in each the same header and rows."""
    case, golden = CASES[name], GOLDEN["cases"][name]
    alone(case.environ)
    store = tmp_path / "modeldata"
    path = None
    if case.config_map is not None:
        path = tmp_path / "map.json"
        path.write_text(json.dumps(case.config_map))
    pipeline = Pipeline(store, host="thread")
    before = datetime.now(UTC)
    told = case.run(partial(ModelDataCollector, pipeline=pipeline, config_map=path))
    report = pipeline.close()
    assert report.accepted == report.stored > 0
    assert pipeline.stats().refused == {}
    # Both give the same fields back, in the same order.
    assert [list(one) if one else None for one in told] == [
        list(one) if one else None for one in golden["correlations"]
    ]
    for ours, theirs in zip(told, golden["correlations"], strict=True):
        if ours is not None:
            changing = {ID: ours[ID], TIME: ours[TIME]}
            assert ours == {**theirs, **changing}

    hourly = case.environ.get("AML_MODEL_DC_BOUNDARY") == "hour"
    files = found(store)
    # The goldens' "now" is theirs, and a case may run over midnight.
    for today in (before, datetime.now(UTC)):
        theirs = wanted(_moved(golden, today), today, hourly=hourly)
        if theirs.keys() == files.keys():
            break
    assert files.keys() == theirs.keys()
    for path_of, (header, rows) in theirs.items():
        whole = plain(header + rows, golden["correlations"])
        assert plain(files[path_of][1], told) == whole


def _moved(golden: dict[str, Any], today: datetime) -> dict[str, Any]:
    """The golden as if made today: later rows under ids of its own now are of that day."""
    nows = [one[TIME][:13] for one in golden["correlations"] if one]
    files = []
    for file in golden["files"]:
        day = file["day"]
        if day and "{:04}-{:02}-{:02}T{:02}".format(*day) in nows:
            day = [today.year, today.month, today.day, today.hour]
        files.append({**file, "day": day})
    return {**golden, "files": files}
