"""Forms of numpy: arrays of every layout, records, and tensors that speak its protocol."""

from __future__ import annotations

from random import Random
from typing import Any, Final

import numpy as np

from ..tables import Table
from .python_forms import named_rows
from .registry import form, shuffled

PLAIN: Final = {"float": "f8", "single": "f4", "half": "f2", "int": "i8", "uint": "u8", "bool": "?"}


def plain_array(table: Table) -> Any:
    kinds = {kind.name for kind, _ in table.columns.values()}
    if len(kinds) != 1 or not kinds <= PLAIN.keys() or table.missing():
        return None
    return np.array(table.cells(), dtype=PLAIN[kinds.pop()])


@form(positional=True)
def array(table: Table, random: Random) -> Any:
    return plain_array(table)


@form(positional=True)
def array_of_another_layout(table: Table, random: Random) -> Any:
    """Fortran's order, the other byte order, every second row."""
    found = plain_array(table)
    if found is None:
        return None
    found = np.repeat(found, 2, axis=0)[::2]
    return np.asfortranarray(found.astype(found.dtype.newbyteorder()))


@form(positional=True)
def array_rows(table: Table, random: Random) -> Any:
    found = plain_array(table)
    return None if found is None else list(found)


@form(positional=True)
def array_subclass(table: Table, random: Random) -> Any:
    found = plain_array(table)
    return None if found is None else np.asmatrix(found) if found.ndim == 2 else found


def object_array(table: Table) -> Any:
    found = np.empty((table.rows, len(table.names)), dtype=object)
    for at, row in enumerate(table.cells()):
        for place, cell in enumerate(row):
            found[at, place] = cell
    return found


@form(positional=True)
def array_of_objects(table: Table, random: Random) -> Any:
    return object_array(table)


@form(positional=True)
def object_rows(table: Table, random: Random) -> Any:
    return list(object_array(table))


@form(positional=True)
def masked_array(table: Table, random: Random) -> Any:
    """What is masked is missing, whatever lies beneath."""
    kinds = {kind.name for kind, _ in table.columns.values()}
    if len(kinds) != 1 or not kinds <= PLAIN.keys():
        return None
    cells = [[0 if cell is None else cell for cell in row] for row in table.cells()]
    mask = [[cell is None for cell in row] for row in table.cells()]
    return np.ma.masked_array(np.array(cells, dtype=PLAIN[kinds.pop()]), mask=mask)


class Tensor:
    """As torch's: its numbers are shown when it is detached, and not on another device."""

    device = "cpu"

    def __init__(self, data: Any, *, detached: bool = False) -> None:
        self.data = data
        self.detached = detached
        self.shape = data.shape
        self.dtype = f"torch.{data.dtype}"
        self.ndim = data.ndim

    def detach(self) -> Tensor:
        return Tensor(self.data, detached=True)

    def __len__(self) -> int:
        return len(self.data)

    def __array__(self, dtype: object = None, copy: object = None) -> Any:
        assert self.detached
        return self.data


class Jax:
    """As jax's arrays: no method of numpy's, and a device that is an object."""

    class Device:
        def __str__(self) -> str:
            return "TFRT_CPU_0"

    def __init__(self, data: Any) -> None:
        self._data = data
        self.shape = data.shape
        self.dtype = data.dtype
        self.ndim = data.ndim
        self.device = Jax.Device()

    def __len__(self) -> int:
        return len(self._data)

    def __array__(self, dtype: object = None, copy: object = None) -> Any:
        return self._data

    def __float__(self) -> float:
        return float(self._data)


@form(positional=True)
def tensor(table: Table, random: Random) -> Any:
    found = plain_array(table)
    return None if found is None else Tensor(found)


@form(positional=True)
def tensor_rows(table: Table, random: Random) -> Any:
    found = plain_array(table)
    return None if found is None else [Tensor(row) for row in found]


@form(positional=True)
def jax_array(table: Table, random: Random) -> Any:
    found = plain_array(table)
    return None if found is None else Jax(found)


@form(positional=True)
def jax_rows(table: Table, random: Random) -> Any:
    found = plain_array(table)
    return None if found is None else [Jax(row) for row in found]


FIELDS: Final = {**PLAIN, "day": "M8[D]", "moment": "M8[us]", "nanos": "M8[ns]"}


def structured(table: Table, random: Random) -> Any:
    order = shuffled(table.names, random)
    dtype = []
    for name in order:
        kind, values = table.columns[name]
        code = FIELDS.get(kind.name, "O")
        if None in values and code[0] != "M":
            code = "O"
        dtype.append((name, code))
    found = np.empty(table.rows, dtype=dtype)
    for at, row in enumerate(named_rows(table, random)):
        for name in order:
            cell = row[name]
            code = dict(dtype)[name]
            found[at][name] = (
                np.datetime64("NaT", "ns") if cell is None and code[0] == "M" else cell
            )
    return found


@form()
def structured_array(table: Table, random: Random) -> Any:
    return structured(table, random)


@form()
def structured_rows(table: Table, random: Random) -> Any:
    return list(structured(table, random))


@form()
def record_array(table: Table, random: Random) -> Any:
    return structured(table, random).view(np.recarray)


@form()
def record_rows(table: Table, random: Random) -> Any:
    return list(structured(table, random).view(np.recarray))


@form()
def list_of_structured_arrays(table: Table, random: Random) -> Any:
    found = structured(table, random)
    return [found[:1], found[1:]] if table.rows > 1 else [found]


@form()
def masked_records(table: Table, random: Random) -> Any:
    if not all(kind.name in PLAIN for kind, _ in table.columns.values()):
        return None
    order = shuffled(table.names, random)
    dtype = [(name, PLAIN[table.columns[name][0].name]) for name in order]
    rows = named_rows(table, random)
    return np.ma.masked_array(
        np.array(
            [tuple(row[n] if row[n] is not None else 0 for n in order) for row in rows], dtype
        ),
        mask=[tuple(row[name] is None for name in order) for row in rows],
    )
