"""Tables: the values that v1 accepted, as columns, lines, and the correlation fields of each row.

These are lists, arrays of numpy, frames of pandas and of Spark, and nothing else. None of these
packages is imported here: a value of one of them comes from code that has imported it.

The rule for lists and arrays, with k names: a list of lists, or an array of two dimensions, holds
rows. A flat one is one row if its length is k, or if there are no names; n rows if k is 1; else it
is refused. A row may have the correlation columns after the others.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ...errors import EncodeError
from .csv_lines import frame_lines, row_lines

__all__ = ["CORRELATIONS", "CollectedTable", "correlated", "moment_of", "table_of"]

# In this order, after the columns of the user.
CORRELATIONS = (
    *("$aml_dc_correlation_id", "$aml_dc_scoring_timestamp", "$aml_dc_boundary", "$aml_workspace"),
    *("$aml_service_name", "$aml_model_name", "$aml_model_version", "$aml_request_id"),
)


class CollectedTable(NamedTuple):
    """``header`` is None if the columns have no names. ``correlations`` has the cells of each of
    CORRELATIONS that is a column: one for each line, None where it is missing."""

    header: tuple[Any, ...] | None
    lines: list[str]
    correlations: dict[str, list[Any]]


def table_of(data: Any, names: Sequence[Any] | None, *, one_by_one: bool) -> CollectedTable:
    """``data`` as a table. ``one_by_one``: correlated rows of frames are written by csv.writer, as
    v1 did for data after the inputs. Raises EncodeError for other values."""
    kind = _kind(data)
    if kind == "frame":
        return _frame_table(data, one_by_one=one_by_one)
    rows = _rows(data, names, kind)
    header = None if names is None else tuple(names)
    if header is not None and len(rows) and len(rows[0]) > len(header):
        header += CORRELATIONS
    at = _places(rows[0], header) if len(rows) else {}
    correlations = {name: _present([row[place] for row in rows]) for name, place in at.items()}
    return CollectedTable(header, row_lines(rows), correlations)


def correlated(data: Any, names: Sequence[Any] | None, correlations: dict[str, Any]) -> Any:
    """``data`` with the correlation columns after its own; the original is not changed."""
    cells = [correlations[name] for name in CORRELATIONS]
    kind = _kind(data)
    if kind == "frame":
        frame = _pandas(data).copy(deep=False)
        for name, cell in zip(CORRELATIONS, cells, strict=True):
            frame.insert(len(frame.columns), name, cell)
        return frame
    rows = _rows(data, names, kind)
    if kind == "array":
        numpy = sys.modules["numpy"]
        behind = numpy.repeat(numpy.array([cells], dtype=object), len(rows), axis=0)
        return numpy.append(rows, behind, axis=1)
    if len(rows) == 1 and rows[0] is data:
        return data + cells
    return [[*row, *cells] for row in rows]


def moment_of(time: Any) -> datetime | None:
    """A scoring time of a row, which without a zone is UTC; None if it is not a time."""
    try:
        moment = time if isinstance(time, datetime) else datetime.fromisoformat(str(time))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


# Lists and arrays -------------------------------------------------------------------------------


def _rows(data: Any, names: Sequence[Any] | None, kind: str) -> Any:
    """Rows of a list, as a list, or of an array, as one of two dimensions."""
    rows = _list_rows(data, names) if kind == "list" else _array_rows(data, names)
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise EncodeError(
            f"the rows have from {min(widths)} to {max(widths)} cells; pass rows of equal length",
            reason="shape",
        )
    if names is not None and not widths <= {len(names), len(names) + len(CORRELATIONS)}:
        raise EncodeError(
            f"a row of {widths.pop()} cells does not fit the {len(names)} feature_names; "
            f"pass rows of {len(names)} cells",
            reason="shape",
        )
    return rows


def _list_rows(data: list[Any], names: Sequence[Any] | None) -> list[Any]:
    if all(isinstance(row, list | tuple) or getattr(row, "ndim", 0) == 1 for row in data):
        return data
    if any(isinstance(row, dict) for row in data):
        raise EncodeError(
            "a list of dicts cannot be recorded; pass a pandas DataFrame made from it"
        )
    return [[cell] for cell in data] if _is_column(len(data), names) else [data]


def _array_rows(data: Any, names: Sequence[Any] | None) -> Any:
    if data.ndim == 2:
        return data
    if data.ndim != 1:
        raise EncodeError(
            f"an array of {data.ndim} dimensions cannot be recorded; pass an array of 1 or "
            "2 dimensions",
            reason="shape",
        )
    return data.reshape(-1, 1) if _is_column(len(data), names) else data.reshape(1, -1)


def _is_column(length: int, names: Sequence[Any] | None) -> bool:
    return names is not None and len(names) == 1 and length != 1 + len(CORRELATIONS)


def _places(row: Any, header: tuple[Any, ...] | None) -> dict[str, int]:
    """Where a row has the correlation columns."""
    if header is not None:
        return {name: header.index(name) for name in CORRELATIONS if name in header}
    # Without names they are known by their look: an id, a time, minutes, and a path of three parts.
    first = len(row) - len(CORRELATIONS)
    if first < 0:
        return {}
    boundary, workspace = row[first + 2], row[first + 3]
    if str(boundary) not in ("60", "1440") or str(workspace).count("/") != 2:
        return {}
    return {name: first + place for place, name in enumerate(CORRELATIONS)}


# Frames -----------------------------------------------------------------------------------------


def _frame_table(data: Any, *, one_by_one: bool) -> CollectedTable:
    frame = _pandas(data)
    header = tuple(frame)
    places = {name: header.index(name) for name in CORRELATIONS if name in header}
    correlations = {name: _present(frame.iloc[:, place].tolist()) for name, place in places.items()}
    # A row that went its own way was made of objects: a float32 shows as a float, missing as nan.
    lines = row_lines(frame.astype(object).to_numpy()) if one_by_one and correlations else None
    return CollectedTable(header, frame_lines(frame) if lines is None else lines, correlations)


def _pandas(data: Any) -> Any:
    return data.toPandas() if hasattr(data, "toPandas") else data


def _kind(data: Any) -> str:
    """ "list", "array" or "frame". Raises EncodeError for anything else."""
    if isinstance(data, list):
        return "list"
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and isinstance(data, numpy.ndarray):
        return "array"
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return "frame"
    kind = type(data)
    if kind.__module__.startswith("pyspark.") and hasattr(data, "toPandas"):
        return "frame"
    raise EncodeError(
        f"a value of type {kind.__module__}.{kind.__qualname__} cannot be recorded; pass a "
        "list, a numpy array, a pandas DataFrame or a Spark DataFrame"
    )


def _present(cells: list[Any]) -> list[Any]:
    """The cells with None for all that is missing: NaN, NaT, NA."""
    return [
        None if type(cell).__name__ in ("NAType", "NaTType") or cell != cell else cell
        for cell in cells
    ]
