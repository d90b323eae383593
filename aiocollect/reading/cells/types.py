"""Types that users name: Python's, Arrow's, or Arrow's by their text. Pure, over Arrow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa  # type: ignore[import-untyped]

from ...errors import ConfigError
from ...typing import METADATA
from .csv_rows import ColumnType
from .declared import Declared, declared_type
from .looks import Looks, type_of

__all__ = ["FIXED", "column_types", "told_types", "undeclared"]

ID, TIME, ROW = METADATA

# Of the columns that the collector adds. The time is UTC, and written without saying so.
FIXED: Final = {
    ID: ColumnType(pa.string(), told=True),
    TIME: ColumnType(pa.timestamp("us"), told=True),
    ROW: ColumnType(pa.int64(), told=True),
}

_PYTHON: Final[dict[type, Any]] = {
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us"),
    date: pa.date32(),
}
_is_decimal: Final = re.compile(r"decimal128\((\d{1,2}), ?(-?\d{1,2})\)").fullmatch
_is_timestamp: Final = re.compile(r"timestamp\[(s|ms|us|ns)(?:, (?:tz=)?UTC)?\]").fullmatch
_TAKEN: Final = (
    "int, float, str, bool, datetime, date, a pyarrow type, or its name such as 'float32', "
    "'decimal128(10, 2)' or 'timestamp[us, UTC]'"
)


def told_types(schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """The types that ``schema`` names, as Arrow's. ConfigError for what is none."""
    if schema is None:
        return {}
    if isinstance(schema, pa.Schema):
        return {field.name: field.type for field in schema}
    if not isinstance(schema, Mapping):
        raise ConfigError("schema must be a mapping of columns to types, or a pyarrow schema")
    return {name: _told(name, type_) for name, type_ in schema.items()}


def column_types(
    looks: Mapping[str, Looks],
    told: Mapping[str, Any],
    declared: Declared = MappingProxyType({}),
    *,
    in_json: bool = False,
) -> dict[str, ColumnType]:
    """How each column is read: as it was told, as ours are, as it was declared if its cells are
    like that, else by its looks."""
    found = {}
    for name, look in looks.items():
        if name in told:
            found[name] = ColumnType(told[name], told=True)
        elif name in FIXED:
            found[name] = FIXED[name]
        else:
            said = (
                declared_type(declared[name], look, in_json=in_json) if name in declared else None
            )
            found[name] = ColumnType(type_of(look) if said is None else said)
    return found


def undeclared(
    looks: Mapping[str, Looks], declared: Declared, *, in_json: bool = False
) -> dict[str, str]:
    """The columns whose cells are not what was declared, and what that was."""
    return {
        name: word
        for name, word in declared.items()
        if name in looks and declared_type(word, looks[name], in_json=in_json) is None
    }


def _told(name: str, type_: Any) -> Any:
    if isinstance(type_, pa.DataType):
        return type_
    if isinstance(type_, type) and type_ in _PYTHON:
        return _PYTHON[type_]
    if isinstance(type_, str):
        found = _is_decimal(type_)
        if found is not None:
            return pa.decimal128(int(found[1]), int(found[2]))
        found = _is_timestamp(type_)
        if found is not None:
            return pa.timestamp(found[1], "UTC" if "UTC" in type_ else None)
        try:
            return pa.type_for_alias(type_)
        except ValueError:
            pass
    shown = repr(type_) if isinstance(type_, str | type) else f"a {type(type_).__name__}"
    raise ConfigError(f"schema[{name!r}]={shown} is not a type; use {_TAKEN}")
