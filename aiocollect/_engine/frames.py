"""Frames: recognises the tables, arrays and records of other packages, and imports none of them.

Whatever is recognised becomes a numpy array, a list, a dict, or a Table, which has names. All of it
is read before collect() returns: also Arrow's and polars' tables, which cannot be changed by their
own means, but may share their memory with a numpy array that can.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import EncodeError
from .cells import listed

__all__ = ["Table", "as_dict", "recognise"]

# Words in the name of a device whose memory numpy cannot read.
_ACCELERATORS = ("cuda", "gpu", "mps", "xpu", "hip", "tpu", "meta")


class Table:
    """Columns of ``rows`` rows. ``read()`` gives them as tuples of cells.

    ``names`` is None where the columns have none. ``size`` are the bytes of its cells, as far as
    that is known before they are read. ``array`` is the whole as one numpy array, where it is one.
    """

    __slots__ = ("array", "names", "read", "rows", "size")

    def __init__(
        self,
        names: tuple[str, ...] | None,
        *,
        rows: int,
        read: Callable[[], list[tuple[Any, ...]]],
        size: int = 0,
        array: Any = None,
    ) -> None:
        self.names = names
        self.rows = rows
        self.read = read
        self.size = size
        self.array = array

    @classmethod
    def of(cls, names: tuple[str, ...] | None, columns: Sequence[list[Any]]) -> Table:
        """A table of columns that are lists."""
        rows = list(zip(*columns, strict=True))
        return cls(names, rows=len(rows), read=lambda: rows)

    def __repr__(self) -> str:
        return f"<Table of {self.rows} rows>"


def recognise(data: Any, *, stream: str) -> Any:
    """``data`` as a numpy array, a list, a dict or a Table; itself where it is a single value.

    Raises EncodeError for what holds rows and cannot be read.
    """
    kind = type(data)
    root = kind.__module__.partition(".")[0]
    if root == "pandas":
        return _pandas(data, kind.__name__)
    if root == "polars":
        return _polars(data, stream)
    if root == "pyarrow":
        found = _arrow(data)
        if found is not None:
            return found
    if hasattr(kind, "__arrow_c_stream__") or hasattr(kind, "__arrow_c_array__"):
        return _by_interchange(data, stream)
    if hasattr(kind, "__array__"):
        # Scalars of numpy are read as numbers too, and have no shape.
        return data if hasattr(kind, "__float__") and not _rank(data) else _array(data, stream)
    record = as_dict(data)
    if record is not None:
        return record
    if hasattr(kind, "toarray"):
        raise _refusal(stream, kind, "give its toarray()")
    if hasattr(kind, "__next__") or isinstance(data, set | frozenset) or kind is range:
        raise _refusal(stream, kind, "give a list of it")
    return data


def as_dict(data: Any) -> dict[Any, Any] | None:
    """One row by name, where ``data`` is a record: a mapping, named tuple, dataclass or pydantic
    model."""
    if isinstance(data, Mapping):
        return dict(data)
    fields = getattr(type(data), "_fields", None)
    if isinstance(data, tuple) and fields:
        return dict(zip(fields, data, strict=True))
    if dataclasses.is_dataclass(data) and not isinstance(data, type):
        return {field.name: getattr(data, field.name) for field in dataclasses.fields(data)}
    dump = getattr(type(data), "model_dump", None)
    if callable(dump):
        found = dump(data)
        return found if type(found) is dict else None
    return None


# pandas -----------------------------------------------------------------------------------------


def _pandas(data: Any, name: str) -> Any:
    if name == "DataFrame":
        numpy = sys.modules["numpy"]
        kinds = set(data.dtypes)
        names = _names(data.columns)
        (only,) = kinds if len(kinds) == 1 else (None,)
        if isinstance(only, numpy.dtype) and only.kind in "biuf" and only.itemsize <= 8:
            array = data.to_numpy()
            if names is None:
                return array
            return Table(names, rows=len(array), read=_reader(array), array=array)
        return Table.of(names, [_cells_of(data.iloc[:, place]) for place in range(data.shape[1])])
    if name == "Series":
        cells = _cells_of(data)
        names = _names(data.index)
        # A row of a frame is a Series whose index is the names of the columns.
        if names is None or len(set(names)) < len(names):
            return cells
        return dict(zip(names, cells, strict=True))
    # Timestamp, NA and the like are cells; an Index or an extension array is a column.
    return listed(data.__array__()) if _rank(data) else data


def _cells_of(series: Any) -> list[Any]:
    numpy = sys.modules["numpy"]
    if isinstance(series.dtype, numpy.dtype):
        values = series.to_numpy()
        if values.dtype.kind != "M":  # those come as pandas' own, which know of more than numpy's
            return listed(values)
    found: list[Any] = series.tolist()
    return found


def _names(labels: Any) -> tuple[str, ...] | None:
    """Labels as names of columns; None where they are numbers or tuples: then order counts."""
    names = tuple(labels)
    return names if names and all(type(name) is str for name in names) else None


def _reader(array: Any) -> Callable[[], list[tuple[Any, ...]]]:
    return lambda: [tuple(row) for row in listed(array)]


# polars and Arrow -------------------------------------------------------------------------------


def _polars(data: Any, stream: str) -> Any:
    name = type(data).__name__
    if name == "Series":
        return data.to_list()
    if name == "DataFrame":
        data = _decoded(data)
        return Table(
            tuple(data.columns),
            rows=data.height,
            size=int(data.estimated_size()),
            read=lambda: _rows(
                [_column(data[name].to_list(), data[name].dtype) for name in data.columns]
            ),
            array=_stacked([data[name] for name in data.columns]) if _plain(data.dtypes) else None,
        )
    raise _refusal(stream, type(data), "give a DataFrame: its collect()")


def _arrow(data: Any) -> Any:
    name = type(data).__name__
    if name in ("Table", "RecordBatch"):
        data = _arrow_decoded(data)

        def read() -> list[tuple[Any, ...]]:
            return _rows([_column(column.to_pylist(), column.type) for column in data.columns])

        names = tuple(data.schema.names)
        array = _stacked(data.columns) if _plain(data.schema.types) else None
        return Table(names, rows=data.num_rows, size=int(data.nbytes), read=read, array=array)
    if hasattr(data, "to_pylist"):
        return data.to_pylist()
    return data.as_py() if hasattr(data, "as_py") else None


def _decoded(frame: Any) -> Any:
    """The frame with its categories as text: else a short code could stand for a megabyte, which
    would be accepted for the price of the code."""
    polars = sys.modules["polars"]
    coded = {
        name: polars.String
        for name, kind in frame.schema.items()
        if type(kind).__name__ in ("Categorical", "Enum")
    }
    return frame.cast(coded) if coded else frame


def _arrow_decoded(table: Any) -> Any:
    """The table with its dictionaries decoded: see _decoded()."""
    for place, column in enumerate(table.schema):
        if hasattr(column.type, "value_type") and str(column.type).startswith("dictionary"):
            plain = table.column(place).cast(column.type.value_type)
            table = table.set_column(place, column.name, plain)
    return table


# What one numpy dtype holds as it is: by these names in polars and in Arrow.
_PLAIN = frozenset(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)) | {
    "float",
    "float32",
    "float64",
    "double",
}


def _rows(columns: Sequence[list[Any]]) -> list[tuple[Any, ...]]:
    return list(zip(*columns, strict=True))


def _column(cells: list[Any], kind: Any) -> list[Any]:
    """The cells of a column; those of single precision as numpy's scalars, which are written with
    no more digits than they ever had."""
    numpy = sys.modules.get("numpy")
    if numpy is None or str(kind).lower() not in ("float", "float32"):
        return cells
    return [None if cell is None else numpy.float32(cell) for cell in cells]


def _plain(kinds: Sequence[Any]) -> bool:
    """Whether all columns are of one plain number type."""
    return len(set(map(str, kinds))) == 1 and str(kinds[0]).lower() in _PLAIN


def _stacked(columns: Sequence[Any]) -> Any:
    """Columns of one plain type as one array, ten times as fast as row by row; None where cells are
    missing, which no such array can tell from NaN."""
    numpy = sys.modules.get("numpy")
    missing = [column.null_count for column in columns]
    if numpy is None or any(count() if callable(count) else count for count in missing):
        return None
    return numpy.column_stack([numpy.asarray(column) for column in columns])


def _by_interchange(data: Any, stream: str) -> Any:
    """A table of any package that speaks Arrow's C interface, through one that is loaded."""
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None:
        return _arrow(pyarrow.table(data))
    polars = sys.modules.get("polars")
    if polars is not None:
        return _polars(polars.DataFrame(data), stream)
    raise _refusal(stream, type(data), "import pyarrow or polars once, which can read it")


# Arrays -----------------------------------------------------------------------------------------


def _array(data: Any, stream: str) -> Any:
    device = str(getattr(data, "device", "cpu")).lower()
    if any(word in device for word in _ACCELERATORS):
        raise _refusal(stream, type(data), "copy it to the host first, such as tensor.cpu()")
    if hasattr(data, "detach"):
        data = data.detach()  # torch refuses to show numbers that gradients hang on
    numpy = sys.modules.get("numpy")
    if numpy is None:
        raise _refusal(stream, type(data), "import numpy once, which can read it")
    if hasattr(data, "filled") and hasattr(data, "mask"):
        return data.tolist()  # masked cells are missing
    return numpy.asarray(data)


def _rank(data: Any) -> int:
    shape = getattr(data, "shape", ())
    return len(shape) if isinstance(shape, Sequence) else 0


def _refusal(stream: str, kind: type, hint: str) -> EncodeError:
    return EncodeError(
        f"{stream}: a {kind.__module__}.{kind.__qualname__} cannot be recorded; {hint}",
        reason="type",
    )
