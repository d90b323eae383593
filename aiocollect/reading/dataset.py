"""What read() returns: a dataset that asks the store for nothing until somebody looks at it."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa  # type: ignore[import-untyped]

from .._public import publish
from .._threads.runner import iterate, run
from .._validation.checks import check_choice, check_number
from ..errors import ConfigError
from ..typing import Catalog
from .asked.notes import ReadNote
from .asked.when import moment_text
from .fetch.opening import Opener
from .parts.plan import Plan, PlannedPart, snapshot_of
from .parts.portions import Portion
from .profiles.profile import Profile
from .source import Known, Reading
from .splits import Split, Task

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["Dataset"]


def _silent(rows: int) -> None:
    """Nobody asked how far it is."""


class Dataset:
    """The rows of a model's streams, joined, or of one stream alone. Immutable; every method may be
    called again, and asks the store again for the bytes of the same parts.

    It can be given to whatever takes Arrow streams: ``polars.DataFrame(ds)``,
    ``pandas.DataFrame.from_arrow(ds)``, ``duckdb.sql("select … from ds")``.
    """

    def __init__(
        self,
        source: Reading,
        *,
        open_store: Opener,
        limit: int | None = None,
    ) -> None:
        self._source = source
        self._open_store = open_store
        self._limit = limit
        self._schema: Any = None

    def __repr__(self) -> str:
        request, plan = self._source.request, self._source.plan
        name = request.model if request.version is None else f"{request.model}/{request.version}"
        if plan is None:
            return f"<Dataset {name}, not planned yet>"
        parts = plan.parts
        size = sum(part.length for part in parts)
        text = f"<Dataset {name}: {', '.join(plan.streams)}; {len(parts)} parts, {size:,} bytes"
        if parts:
            begin, end = min(part.begin for part in parts), max(part.end for part in parts)
            text += f", {moment_text(begin)} to {moment_text(end)}"
        return text + ">"

    # What there is ------------------------------------------------------------------------------

    @property
    def schema(self) -> Any:
        """The columns and their types, a ``pyarrow.Schema``, as the first rows of each part show
        them; to_arrow() may find that a column needs a wider one."""
        if self._schema is None:
            self._schema = run(lambda: self._with_store(self._source.schema))
        return self._schema

    @property
    def parts(self) -> tuple[PlannedPart, ...]:
        """The blobs that are read, each as far as it went when it was listed."""
        return self._plan().parts

    @property
    def snapshot(self) -> str:
        """A text that names these bytes: read(…, as_of=snapshot) gives the same rows again, as
        long as the blobs are there."""
        return snapshot_of(self._plan())

    @property
    def notes(self) -> tuple[ReadNote, ...]:
        """What was seen on the way so far: columns of several kinds or absent from parts, torn
        ends, rows and parts left out, labels that belong to no row."""
        return self._source.noted()

    @property
    def missing(self) -> dict[str, int]:
        """How many rows lack which stream. Reads the dataset where nothing has done so yet."""
        if self._source.request.single:
            return {}
        if self._source.missing is None:
            run(lambda: self._with_store(self._source.collected))
        assert self._source.missing is not None
        return dict(self._source.missing)

    def count(self) -> int:
        """The number of rows."""
        return sum(batch.num_rows for batch in self)

    # Other views --------------------------------------------------------------------------------

    def select(self, *columns: str) -> Dataset:
        """These columns alone, in this order."""
        if not columns or not all(isinstance(name, str) for name in columns):
            raise ConfigError("select() needs names of columns")
        return self._viewed(columns=columns)

    def typed(self) -> Dataset:
        """Looks at every cell now, so that the types hold all of them, and iterating meets none
        that does not fit. It costs as much as reading; returns the dataset."""
        run(lambda: self._with_store(self._source.survey))
        self._schema = None
        return self

    def filter(self, expression: Any) -> Dataset:
        """The rows for which a ``pyarrow.compute.Expression`` is true."""
        where = self._source.request.where
        return self._viewed(where=expression if where is None else where & expression)

    def head(self, count: int = 10) -> Dataset:
        """The first rows."""
        check_number("count", count, at_least=0, integer=True)
        return Dataset(self._source, open_store=self._open_store, limit=count)

    def _viewed(self, **changes: Any) -> Dataset:
        request = self._source.request._replace(**changes)
        return Dataset(
            self._source.viewed(request),
            open_store=self._open_store,
            limit=self._limit,
        )

    def splits(self, target_bytes: int = 64 << 20) -> list[Split]:
        """The dataset in pieces of about so many bytes of the blobs, which can be pickled and read
        in other processes: their rows are those of the dataset, each once.

        One stream is split by its parts, and a large one where the log proves that a block begins;
        joined ones by their folders, of a day or an hour. Joined rows under ids of your own, which
        can lie in two folders, are one split. The types are those
        that ``schema`` shows: call typed() before, where they must be those of all rows. Labels of
        your own go with each split.
        """
        check_number("target_bytes", target_bytes, at_least=1, integer=True)
        if self._limit is not None:
            target_bytes = sys.maxsize

        async def divide(catalog: Catalog) -> tuple[list[Portion], Known]:
            return await self._source.divided(catalog, target_bytes)

        portions, known = run(lambda: self._with_store(divide))
        plan, request = self._plan(), self._source.request
        stream = next(iter(plan.streams))
        return [
            Split(
                Task(
                    self._open_store,
                    request,
                    snapshot_of(plan if parts is None else Plan({stream: parts})),
                    known,
                    window,
                    self._limit,
                ),
                schema=self.schema,
                size_bytes=size,
            )
            for parts, window, size in portions
        ]

    def profile(self, tell: Callable[[int], None] = _silent) -> Profile:
        """What the rows are like, in one pass of bounded memory: how many there are each day, what
        they lack, how each column is spread; ``profile().drift_from(another)`` compares.

        ``tell`` is called now and then with the number of rows so far.
        """

        async def look(catalog: Catalog) -> Profile:
            return await self._source.profile(catalog, tell)

        profile: Profile = run(lambda: self._with_store(look))
        return profile

    # To others ----------------------------------------------------------------------------------

    def to_arrow(self) -> Any:
        """A ``pyarrow.Table``. Its types hold every cell exactly: each is looked at."""
        return run(self.ato_arrow)

    async def ato_arrow(self) -> Any:
        """to_arrow() on the caller's loop."""
        if self._limit is not None:
            batches = [batch async for batch in self]
            schema = await self._with_store(self._source.schema)
            return pa.Table.from_batches(batches, schema=schema)
        return await self._with_store(self._source.collected)

    def to_pandas(self, dtype_backend: Literal["numpy", "pyarrow"] = "numpy") -> pd.DataFrame:
        """A pandas DataFrame.

        "numpy": numpy's types; whole numbers and truth values with missing ones among them are
        pandas' Int64, UInt64 and boolean, so that no digit is lost; among floats missing is NaN,
        since numpy has no other word for it. "pyarrow": Arrow's types, in which it has.
        """
        import pandas as pd

        check_choice("dtype_backend", dtype_backend, ("numpy", "pyarrow"))
        table = self.to_arrow()
        if dtype_backend == "pyarrow":
            return table.to_pandas(types_mapper=pd.ArrowDtype)
        frame = table.to_pandas(types_mapper=None)
        for field in table.schema:
            nullable = _NULLABLE.get(str(field.type))
            if nullable is not None and table[field.name].null_count:
                frame[field.name] = nullable(pd).__from_arrow__(table[field.name])
        return frame

    def to_polars(self) -> pl.DataFrame:
        """A polars DataFrame."""
        import polars as pl

        frame = pl.from_arrow(self.to_arrow())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def to_ray(self, target_bytes: int = 64 << 20) -> Any:
        """A ``ray.data.Dataset`` that reads the splits() on the workers. Raises ConfigError where
        Ray is not installed."""
        from .engines import to_ray

        return to_ray(self.splits(target_bytes), self.schema)

    def to_dask(self, target_bytes: int = 64 << 20) -> Any:
        """A ``dask.dataframe.DataFrame`` in Arrow's types, with a partition for each of the
        splits(). Raises ConfigError where dask is not installed."""
        from .engines import to_dask

        return to_dask(self.splits(target_bytes), self.schema)

    def to_spark(self, session: Any, target_bytes: int = 64 << 20) -> Any:
        """A ``pyspark.sql.DataFrame`` of this session (Spark 4), with a partition for each of the
        splits(). It needs no jar. Raises ConfigError where pyspark is not installed, and for a type
        that Spark does not have."""
        from .engines import to_spark

        return to_spark(self.splits(target_bytes), self.schema, session)

    def batches(self, max_bytes: int = 64 << 20) -> Iterator[Any]:
        """``pyarrow.RecordBatch`` after batch, of at most about so many bytes."""
        check_number("max_bytes", max_bytes, at_least=1, integer=True)
        for batch in iterate(self._batches):
            yield from _sliced(batch, max_bytes)

    def __iter__(self) -> Iterator[Any]:
        return self.batches()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._batches()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        reader = pa.RecordBatchReader.from_batches(self.schema, self.batches())
        return reader.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        return self.schema.__arrow_c_schema__()

    # --------------------------------------------------------------------------------------------

    async def plan(self) -> Plan:
        """List the parts, on the caller's loop; aread() does."""
        plan: Plan = await self._with_store(self._source.planned)
        return plan

    def _plan(self) -> Plan:
        return self._source.plan or run(self.plan)

    async def _batches(self) -> AsyncGenerator[Any, None]:
        left = self._limit
        async with self._open_store.opened() as store:
            if left == 0:
                return
            async for table in self._source.tables(store, begun=self._schema is not None):
                for batch in table.to_batches():
                    if not batch.num_rows:
                        continue
                    if left is not None:
                        batch = batch.slice(0, left)
                        left -= batch.num_rows
                    yield batch
                    if left == 0:
                        return

    async def _with_store(self, use: Callable[[Catalog], Any]) -> Any:
        async with self._open_store.opened() as store:
            return await use(store)


publish("aiocollect.reading", Dataset)

# By Arrow's names; the classes are pandas', which is imported where it is used.
_NULLABLE: dict[str, Callable[[Any], Any]] = {
    "int64": lambda pd: pd.Int64Dtype(),
    "uint64": lambda pd: pd.UInt64Dtype(),
    "int32": lambda pd: pd.Int32Dtype(),
    "uint32": lambda pd: pd.UInt32Dtype(),
    "int16": lambda pd: pd.Int16Dtype(),
    "uint16": lambda pd: pd.UInt16Dtype(),
    "int8": lambda pd: pd.Int8Dtype(),
    "uint8": lambda pd: pd.UInt8Dtype(),
    "bool": lambda pd: pd.BooleanDtype(),
}


def _sliced(batch: Any, max_bytes: int) -> Iterator[Any]:
    size = batch.nbytes
    rows = batch.num_rows if size <= max_bytes else max(1, batch.num_rows * max_bytes // size)
    for first in range(0, batch.num_rows, rows):
        yield batch.slice(first, rows)
