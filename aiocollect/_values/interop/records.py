"""Records: one row by name, of whatever class."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from .exact import CellError, type_name

__all__ = ["as_dict", "fields_of"]


def as_dict(data: Any) -> dict[Any, Any] | None:
    """One row by name, if ``data`` is a record: a mapping, a named tuple, a row of a database, or
    an object of a dataclass, attrs, msgspec or pydantic. Raises CellError for a record whose fields
    only its own dict() gives."""
    kind = type(data)
    if isinstance(data, Mapping):
        return dict(data)
    fields = getattr(kind, "_fields", None)
    if isinstance(data, tuple) and fields:
        return dict(zip(fields, data, strict=True))
    found = fields_of(data)
    if found is None and hasattr(kind, "_asdict"):
        found = dict(data._asdict())  # a row of an ORM
    elif found is None and hasattr(kind, "keys") and hasattr(kind, "__getitem__"):
        found = dict(data)  # a row of a database: by the protocol that dict() uses
    return found


def fields_of(data: Any) -> dict[Any, Any] | None:
    """The fields of an object that consists of fields; None for any other."""
    kind = type(data)
    if isinstance(data, type):
        return None
    if dataclasses.is_dataclass(data):
        return {field.name: getattr(data, field.name) for field in dataclasses.fields(data)}
    made_of = getattr(kind, "__attrs_attrs__", None)
    if made_of is not None:
        return {field.name: getattr(data, field.name) for field in made_of}
    names = getattr(kind, "__struct_fields__", None)
    if isinstance(names, tuple):  # msgspec
        return {name: getattr(data, name) for name in names}
    dump = getattr(kind, "model_dump", None)
    if callable(dump):
        found = dump(data)
        return found if type(found) is dict else None
    if hasattr(kind, "__fields__") and callable(getattr(kind, "dict", None)):
        raise CellError(
            f"a pydantic 1 model, {type_name(kind)}, cannot be recorded; pass its dict()"
        )
    return None
