"""The body of ``POST /collect/…`` as columns and rows of cells.

JSON keeps its types; the cells of CSV are text, and an empty one is missing. Invariants: the result
is a table in which each row is as long as the columns; no cell is changed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from .csv_names import check_names
from .options import GatewayOptions
from .problems import Problem
from .texts import moment, parse, text

__all__ = ["CallRows", "check_cells", "csv_rows", "json_rows", "parameters"]

_ENVELOPE: Final = frozenset({"rows", "correlation_id", "at"})
_PARAMETERS: Final = _ENVELOPE - {"rows"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRows:
    """The rows of one call; ``named``: their columns came with names."""

    columns: tuple[str, ...]
    cells: Sequence[Sequence[Any]]
    named: bool
    correlation_id: str | None
    at: float | datetime | None

    def __repr__(self) -> str:
        return f"<CallRows: {len(self.cells)} of {len(self.columns)} columns>"


def parameters(query: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of the address. Raises Problem for unknown and repeated ones."""
    if len(query) != len(set(query)) or not query.keys() <= _PARAMETERS:
        detail = f"the query parameters are {' and '.join(sorted(_PARAMETERS))}, each at most once"
        raise Problem(400, "parameter", detail, field="query")
    return dict(query)


def json_rows(body: bytes, given: Mapping[str, Any], options: GatewayOptions) -> CallRows:
    """A row object, an array of rows, or an object with ``rows``. Raises Problem."""
    # Three levels more than a cell: {"rows": [[cell]]}.
    value = parse(body, depth=options.max_depth + 3)
    field = ""
    if isinstance(value, dict) and "rows" in value:
        for key in value.keys() - _ENVELOPE:
            detail = (
                "only correlation_id and at can be sent beside rows; put a row with a "
                "column 'rows' into an array"
            )
            raise Problem(422, "rows", detail, field=key[:64])
        for key in value.keys() & given.keys():
            raise Problem(422, "rows", "this is also in the query; send it once", field=key)
        given = {**given, **{key: one for key, one in value.items() if key != "rows"}}
        value = value["rows"]
        field = "rows"
        if not isinstance(value, list):
            raise Problem(422, "rows", "rows must be an array", field=field)
    rows = [value] if isinstance(value, dict) else value
    if not isinstance(rows, list):
        detail = 'send a row object, an array of rows, or {"rows": [...]}'
        raise Problem(422, "rows", detail, field="body")
    _check_number(len(rows), options)
    kind = type(rows[0])
    if kind not in (dict, list):
        raise Problem(422, "rows", "a row must be an object or an array", field=f"{field}[0]")
    for number, row in enumerate(rows):
        if type(row) is not kind:
            detail = "rows must be all objects or all arrays"
            raise Problem(422, "rows", detail, field=f"{field}[{number}]")
    if kind is list:
        columns = tuple(f"f{number}" for number in range(len(rows[0])))
        _check_columns(columns, f"{field}[0]", options)
        for number, row in enumerate(rows):
            _check_length(row, len(columns), f"{field}[{number}]")
        return _made(columns, rows, given, named=False)
    columns = tuple(dict.fromkeys(key for row in rows for key in row))
    _check_columns(columns, field or "body", options)
    check_cells(len(columns) * len(rows), options)
    return _made(columns, [[row.get(key) for key in columns] for row in rows], given)


def csv_rows(body: bytes, given: Mapping[str, Any], options: GatewayOptions) -> CallRows:
    """CSV (RFC 4180) in UTF-8, with commas and a line of names first. Raises Problem."""
    try:
        file = io.StringIO(body.decode("utf-8-sig"), newline="")
    except ValueError:
        raise Problem(400, "csv", "this is not valid UTF-8 text", field="body") from None
    rows = []
    lines = csv.reader(file, strict=True)
    # The module's own limit for a cell must not be below that of the body.
    csv.field_size_limit(max(options.max_body_bytes, csv.field_size_limit()))
    try:
        columns = tuple(next(lines, ()))
        if len(columns) <= options.max_columns:
            check_names(columns, file.getvalue())
        _check_columns(columns, "line 1", options)
        for cells in lines:
            if not cells:
                continue  # an empty line
            _check_length(cells, len(columns), f"line {lines.line_num}")
            rows.append([cell or None for cell in cells])
            if len(rows) > options.max_rows:
                break
    except csv.Error:
        field = f"line {lines.line_num}"
        raise Problem(400, "csv", "this is not valid CSV (RFC 4180)", field=field) from None
    _check_number(len(rows), options)
    return _made(columns, rows, given)


def _made(
    columns: tuple[str, ...],
    cells: Sequence[Sequence[Any]],
    given: Mapping[str, Any],
    *,
    named: bool = True,
) -> CallRows:
    correlation_id = given.get("correlation_id")
    if correlation_id is not None:
        correlation_id = text(correlation_id, field="correlation_id")
    return CallRows(
        columns=columns,
        cells=cells,
        named=named,
        correlation_id=correlation_id,
        at=moment(given.get("at"), field="at"),
    )


def _check_number(rows: int, options: GatewayOptions) -> None:
    if not rows:
        raise Problem(422, "rows", "there are no rows", field="body")
    if rows > options.max_rows:
        detail = f"there are more than {options.max_rows} rows; send fewer at a time"
        raise Problem(413, "too-large", detail, field="body")


def check_cells(cells: int, options: GatewayOptions) -> None:
    """Refuse a table far larger than its body: each row has a few keys, all of them different."""
    if cells > options.max_body_bytes // 4:
        raise Problem(413, "too-large", "there are too many cells; send fewer rows", field="body")


def _check_columns(columns: Sequence[str], field: str, options: GatewayOptions) -> None:
    """Raise Problem with numbers, not names: in the place of a name there may be a cell."""
    if not columns:
        raise Problem(422, "columns", "there are no columns", field=field)
    if len(columns) > options.max_columns:
        detail = f"there are more than {options.max_columns} columns"
        raise Problem(413, "too-large", detail, field=field)
    seen: set[str] = set()
    for number, column in enumerate(columns, 1):
        if column in seen:
            raise Problem(
                422, "columns", f"column {number} has the name of another column", field=field
            )
        seen.add(column)
        if column.startswith("$aml_"):
            raise Problem(
                422,
                "columns",
                f"column {number}: names that begin with $aml_ are reserved",
                field=field,
            )
        try:
            text(column, field=field)
        except Problem as problem:
            detail = f"the name of column {number}: {problem.detail}"
            raise Problem(422, "columns", detail, field=field) from None


def _check_length(row: Sequence[Any], width: int, field: str) -> None:
    if len(row) != width:
        detail = f"this row has {len(row)} cells, but there are {width} columns"
        raise Problem(422, "rows", detail, field=field)
