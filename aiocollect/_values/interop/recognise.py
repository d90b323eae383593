"""Recognises the tables, arrays and records of other packages, and imports none of them.

A recognised value becomes a numpy array, a list, a dict, a Column or a Table (interop/); any other
value stays as it is, a single value. Tables are not read yet: their number of rows can refuse them.
Everything is read before collect() returns, even tables of Arrow and polars: they are immutable by
their own means, but can share memory with a numpy array that is not.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import Enum
from typing import Any

from ...errors import EncodeError
from ..costs import ROW_COST, estimate, too_large
from . import arrow_tables, pandas_frames, polars_frames
from .exact import CellError, type_name
from .numpy_arrays import cell_of, is_masked
from .records import as_dict
from .table import Column, Table

__all__ = ["Column", "Table", "as_dict", "recognise"]

# Words in the name of a device whose memory numpy cannot read.
_ACCELERATORS = ("cuda", "gpu", "mps", "xpu", "hip", "tpu", "meta")
# Types that have elements but are cells.
_CELLS = (str, bytes, bytearray, memoryview, Enum)
_KNOWN = frozenset({"numpy", "pandas", "polars", "pyarrow"})
# The call that turns a table of these into one in memory; doing it here would compute, or fetch,
# the whole.
_LAZY = {"dask": "compute()", "pyspark": "toPandas()", "ray": "to_pandas()", "modin": "to_pandas()"}


def recognise(data: Any, *, stream: str, max_bytes: int = sys.maxsize) -> Any:
    """``data`` as a numpy array, a list, a dict, a Column or a Table; unchanged if it is a single
    value.

    ``max_bytes`` is the limit of a call: what is larger is not copied, and of a table that arrives
    as a stream at most one batch beyond it is read. Raises EncodeError for a value that holds rows
    and cannot be read.
    """
    try:
        return _recognised(data, type(data), max_bytes)
    except CellError as error:
        text, reason = f"{stream}: {error}", error.reason
    # Outside of the handler, so that the exception's context does not lead to the value.
    raise EncodeError(text, reason=reason)


def _recognised(data: Any, kind: type, max_bytes: int) -> Any:
    root, name = _kin(kind)
    if root == "numpy" and name == "ndarray" and data.ndim:
        return data
    if root == "pandas":
        return _of_pandas(data, name)
    if root == "polars":
        return _of_polars(data, name)
    if root == "pyarrow":
        found = _of_arrow(data, name)
        if found is not None:
            return found
    if root in _LAZY and (hasattr(kind, "columns") or hasattr(kind, "schema")):
        raise _refusal(kind, f"pass its {_LAZY[root]}")
    if hasattr(kind, "__arrow_c_stream__") or hasattr(kind, "__arrow_c_array__"):
        return _by_interchange(data, kind, max_bytes // ROW_COST)
    if hasattr(kind, "__array__"):
        # Scalars of numpy can be read as numbers too, and have no shape.
        if hasattr(kind, "__float__") and not _rank(data):
            names = getattr(getattr(data, "dtype", None), "names", None)
            return data if not names else cell_of(data)
        return _array(data, kind)
    record = as_dict(data)
    if record is not None:
        return record
    if hasattr(kind, "toarray"):
        raise _refusal(kind, "pass its toarray()")
    if issubclass(kind, list | tuple):
        base: Any = list if issubclass(kind, list) else tuple
        cost = estimate(1, base.__len__(data))
        if cost > max_bytes:
            raise CellError(too_large(cost, max_bytes), reason="too_large")
        return base.__getitem__(data, slice(None))  # without the methods of a subclass
    has = frozenset().union(*map(vars, kind.__mro__))
    if "__next__" in has or ({"__iter__", "__len__"} <= has and not issubclass(kind, _CELLS)):
        raise _refusal(kind, "pass a list of its elements")
    return data


def _kin(kind: type) -> tuple[str, str]:
    """The package and name of the class by which a value is recognised: a subclass of a frame,
    wherever defined, is a frame."""
    own = str(kind.__module__).partition(".")[0]
    if own in _KNOWN:
        return own, kind.__name__
    for base in kind.__mro__:
        root = str(base.__module__).partition(".")[0]
        if root in _KNOWN and root != "numpy":
            return root, base.__name__
    return own, kind.__name__


def _of_pandas(data: Any, name: str) -> Any:
    if name == "DataFrame":
        return pandas_frames.table_of(data)
    if name == "Series":
        return pandas_frames.column_of(data)
    if name == "MultiIndex":
        return pandas_frames.index_of(data)
    if not _rank(data):
        # Timestamp, NA and similar values are cells; what itertuples() yields is a row.
        record = as_dict(data) if isinstance(data, tuple) else None
        return data if record is None else record
    # An Index or an extension array is a column.
    series = sys.modules["pandas"].Series(data, index=range(len(data)))
    return pandas_frames.column_of(series)


def _of_polars(data: Any, name: str) -> Any:
    if name == "Series":
        return polars_frames.column_of(data)
    if name == "DataFrame":
        return polars_frames.table_of(data)
    raise _refusal(type(data), "pass a DataFrame: its collect()")


def _of_arrow(data: Any, name: str) -> Any:
    if name in ("Table", "RecordBatch"):
        return arrow_tables.table_of(data)
    if hasattr(data, "to_pylist"):
        return arrow_tables.column_of(data)
    return arrow_tables.scalar_of(data) if hasattr(data, "as_py") else None


def _by_interchange(data: Any, kind: type, max_rows: int) -> Any:
    """A table of any package that supports Arrow's C interface, read by pyarrow or polars,
    whichever is loaded."""
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None and hasattr(kind, "__arrow_c_stream__"):
        reader = pyarrow.RecordBatchReader.from_stream(data)
        batches: list[Any] = []
        rows = 0
        for batch in reader:
            batches.append(batch)
            rows += batch.num_rows
            if rows > max_rows:
                break  # these are too many already
        return arrow_tables.table_of(pyarrow.Table.from_batches(batches, reader.schema))
    if pyarrow is not None:
        return _of_arrow(pyarrow.record_batch(data), "RecordBatch")
    polars = sys.modules.get("polars")
    if polars is not None:
        return polars_frames.table_of(polars.DataFrame(data))
    raise _refusal(kind, "import pyarrow or polars, which can read it")


def _array(data: Any, kind: type) -> Any:
    device = str(getattr(data, "device", "cpu")).lower()
    if any(word in device for word in _ACCELERATORS):
        raise _refusal(kind, "copy it to main memory first, such as tensor.cpu()")
    if hasattr(data, "detach"):
        data = data.detach()  # torch does not export tensors that require gradients
    numpy = sys.modules.get("numpy")
    if numpy is None:
        raise _refusal(kind, "import numpy, which can read it")
    if is_masked(data):
        return data
    try:
        found = numpy.asarray(data)
        return found if found.ndim or not found.dtype.names else cell_of(found)
    except (
        TypeError,
        ValueError,
        RuntimeError,
    ):  # bfloat16 of torch, strings, sparse arrays and so on
        pass
    raise _refusal(kind, "numpy cannot read it; pass a numpy array of float32 or float64")


def _rank(data: Any) -> int:
    shape = getattr(data, "shape", ())
    return len(shape) if isinstance(shape, Sequence) else 0


def _refusal(kind: type, hint: str) -> CellError:
    return CellError(f"a value of type {type_name(kind)} cannot be recorded; {hint}")
