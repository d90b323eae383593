"""What both collectors are told to record: the original one, whose writes are the goldens, and
ours. Knows neither: each case gets the class. Needs numpy and pandas, nothing of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

NAMES = ["a", "b"]
TIME = "$aml_dc_scoring_timestamp"
ODD = ["plain", "with, comma", 'with "quotes"', "two\nlines", "", "é ☃", " padded ", "007", "NaN"]
CELLS = [None, True, 2**70, 1e-7, float("nan"), float("inf"), b"x", "\r", "'"]


class Case(NamedTuple):
    """``run`` gets the collector's class, and returns the correlations that it was given."""

    run: Callable[[Any], list[dict[str, Any] | None]]
    environ: Mapping[str, str] = MappingProxyType({})
    config_map: dict[str, Any] | None = None


def correlations(**changed: Any) -> dict[str, Any]:
    """What an inputs collector would have returned, at some time, somewhere."""
    return {
        "$aml_dc_correlation_id": "loan-7-6a1f0a52-98a4-4d0c-8a6c-0d5d3c1b2e4f",
        "$aml_dc_scoring_timestamp": "2026-01-31T23:59:58.250000",
        "$aml_dc_boundary": 1440,
        "$aml_workspace": "sub/rg/ws",
        "$aml_service_name": "Svc",
        "$aml_model_name": "Best",
        "$aml_model_version": "10",
        "$aml_request_id": "00000000-0000-0000-0000-000000000000",
        **changed,
    }


def frame() -> pd.DataFrame:
    """A column of each type that pandas has a way of its own for."""
    return pd.DataFrame(
        {
            "i": [1, -2, 2**53 + 1],
            "f": [0.1, float("nan"), 1e22],
            "f32": np.array([0.1, 1.5, 3e-8], dtype="float32"),
            "t": ["x", 'a,"b"', None],
            "b": [True, False, True],
            "d": pd.to_datetime(["2026-01-31", None, "2026-02-01"]),
            "lines": ["1\n2", "", "\r"],
        }
    )


def _inputs(values: list[Any], names: list[str] | None, user: str = "") -> Any:
    def run(collector: Any) -> list[Any]:
        inputs = collector("Best", designation="inputs", feature_names=names)
        return [inputs.collect(value, user) if user else inputs.collect(value) for value in values]

    return run


def _general(values: list[Any], names: list[str] | None) -> Any:
    def run(collector: Any) -> list[Any]:
        general = collector("Best", feature_names=names)
        return [general.collect(value) for value in values]

    return run


def _told(
    designation: str, names: list[str] | None, pairs: list[tuple[Any, dict[str, Any]]]
) -> Any:
    """Later data under correlations of before."""

    def run(collector: Any) -> list[Any]:
        later = collector("Best", designation, names)
        for value, told in pairs:
            later.collect(later.add_correlations(value, told))
        return []

    return run


def _plain(value: Any) -> Any:
    def run(collector: Any) -> list[Any]:
        collector("Best", "predictions", ["p", "q"]).collect(value)
        return []

    return run


def _paired(collector: Any) -> list[Any]:
    inputs = collector("Best", "inputs", NAMES, "Sub/RG/Ws", "Svc", "10")
    predictions = collector("Best", "predictions", ["p"], "Sub/RG/Ws", "Svc", "10")
    told = inputs.collect([1, 2.5], "loan-7")
    predictions.collect(predictions.add_correlations([0.25], told))
    return [told]


def _columns_by_hand(collector: Any) -> list[Any]:
    labels = collector("Best", "labels")
    told = correlations()
    later = correlations(**{"$aml_dc_scoring_timestamp": "2026-02-01T00:00:00"})
    other = correlations(**{"$aml_model_version": "11", "$aml_workspace": "sub/rg/other"})
    hourly = correlations(**{"$aml_dc_boundary": 60, "$aml_service_name": "two"})
    told_all = [told, later, told, other, hourly]
    data = pd.DataFrame({"y": [0, 1, 0, 1, 0], "w": [0.5, 1.0, 1.5, float("nan"), 2.5]})
    labels.collect(pd.concat([data, pd.DataFrame(told_all)], axis=1))
    return []


MAP = {
    "modelsInfo": {
        "Best": {
            "2": {"internalId": "x", "dataCollectorStoragePath": "old/"},
            "10": {"dataCollectorStoragePath": "some/where/{webservice_name}/"},
        }
    },
    "accountContext": {
        "subscriptionId": "SUB",
        "resourceGroupName": "RG",
        "accountName": "WS",
        "workspaceId": "1",
    },
}
PLAIN_MAP = {"modelsInfo": {"Best": {"2": {}, "10": {}}}, "accountContext": MAP["accountContext"]}

ROW = [1, 2.5]
TABLE = np.array([[1.0, 2.5], [float("nan"), 1e22], [0.1, -0.0]])

CASES: dict[str, Case] = {
    "inputs, a list": Case(_inputs([ROW], NAMES)),
    "inputs, lists of every kind of cell": Case(_inputs([ODD, CELLS], [*"abcdefghi"])),
    "inputs, a list without names": Case(_inputs([ROW, [3, "x"]], None)),
    "inputs under an id of the user": Case(_inputs([ROW], NAMES, "loan, 7")),
    "inputs, names to be quoted": Case(_inputs([ROW], ["a,b", 'c"d'])),
    "inputs, an array": Case(_inputs([TABLE], NAMES)),
    "inputs, an array of one row": Case(_inputs([TABLE[0]], NAMES)),
    "inputs, arrays of other types": Case(
        _inputs(
            [
                np.array([[1, 2]]),
                np.array([[0.1, 0.2]], dtype="float32"),
                np.array([[True, False]]),
                np.array([["x", "a,b"]]),
                np.array([[1, "x"]], dtype=object),
            ],
            NAMES,
        )
    ),
    "inputs, an array without names": Case(_inputs([TABLE], None)),
    "inputs, a frame": Case(_inputs([frame(), frame().iloc[:1]], None)),
    "inputs, a frame of numbers": Case(_inputs([pd.DataFrame(TABLE, columns=NAMES)], NAMES)),
    "inputs, a frame with numbers for names": Case(_inputs([pd.DataFrame(TABLE)], None)),
    "general, a list": Case(_general([ROW, ["x", None]], NAMES)),
    "general, a list without names": Case(_general([ROW], None)),
    "general, an array": Case(_general([TABLE], NAMES)),
    "general, an array of one row": Case(_general([TABLE[0], np.array([1, 2])], NAMES)),
    "general, a frame": Case(_general([frame(), frame()], None)),
    "predictions, a list": Case(_told("predictions", ["p"], [([0.5], correlations())])),
    "predictions, an array": Case(
        _told("predictions", ["p", "q"], [(TABLE, correlations()), (TABLE[0], correlations())])
    ),
    "predictions, a frame": Case(_told("predictions", None, [(frame(), correlations())])),
    "labels by the hour": Case(
        _told(
            "labels",
            ["y"],
            [
                ([1], correlations(**{"$aml_dc_boundary": 60})),
                ([0], correlations(**{"$aml_dc_boundary": 60, TIME: "2026-01-31T22:00:00"})),
            ],
        )
    ),
    "signals of other places": Case(
        _told(
            "signals",
            ["s"],
            [
                ([1.5], correlations(**{"$aml_service_name": "two"})),
                ([2.5], correlations(**{"$aml_model_name": "Second", "$aml_model_version": 3})),
                ([3.5], correlations(**{"$aml_workspace": "s/r/other"})),
                ([4.5], correlations(**{TIME: "2025-12-31T00:00:00.000001"})),
            ],
        )
    ),
    "labels, columns by hand": Case(_columns_by_hand),
    "predictions without correlations, a list": Case(_plain([0.5, 0.25])),
    "predictions without correlations, an array": Case(_plain(TABLE)),
    "predictions without correlations, a frame": Case(_plain(frame())),
    "inputs and predictions": Case(_paired),
    "inputs and predictions by the hour": Case(_paired, {"AML_MODEL_DC_BOUNDARY": "hour"}),
    "any other boundary is the day": Case(_paired, {"AML_MODEL_DC_BOUNDARY": "Hour"}),
    "the service's name": Case(_inputs([ROW], NAMES), {"SERVICE_NAME": "churn-svc"}),
    "a config map": Case(_inputs([ROW], NAMES), {"SERVICE_NAME": "svc"}, PLAIN_MAP),
    "a config map with a path": Case(_inputs([ROW], NAMES), {"SERVICE_NAME": "svc"}, MAP),
    "a config map without this model": Case(
        _inputs([ROW], NAMES), {}, {**MAP, "modelsInfo": {"Other": {"1": {}}}}
    ),
}


# What the collector after that (v2) is told to record: frames under an id, a time and headers.
RECORDS: dict[str, tuple[pd.DataFrame, dict[str, Any]]] = {
    "numbers": (pd.DataFrame({"f1": [1.5, 3.0], "f2": [2, 4]}), {"id": "r-1"}),
    "every kind of column": (frame(), {"id": "r-2", "timestamp": 1769903998}),
    "text of all scripts": (pd.DataFrame({"é": ["☃ 日本", 'q"\\/', "\u2028\n"]}), {"id": "r-3"}),
    "no rows": (pd.DataFrame({"a": []}), {"id": "r-4"}),
    "infinite": (pd.DataFrame({"a": [float("inf"), float("nan")]}), {"id": "r-5"}),
    "with headers": (
        pd.DataFrame({"a": [1]}),
        {"id": "r-6", "headers": {"My-Tenant": 7, "agent": "mine", "x-request-id": "mine"}},
    ),
}
