"""A dataset for Ray Data, dask and Spark: thin coats over its splits.

Each engine is imported when it is asked for, and is the user's own; only its stable public API is
used. Workers need aiocollect[read] too, and what the store's credential needs.
"""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]

from ..errors import ConfigError
from .splits import Split

__all__ = ["to_dask", "to_ray", "to_spark"]

_numbers = itertools.count(1)


def to_ray(splits: Sequence[Split], schema: Any) -> Any:
    """A ``ray.data.Dataset``: one task a split."""
    try:
        import ray.data
    except ImportError:
        raise ConfigError('to_ray() needs Ray: pip install "ray[data]"') from None
    if not splits:
        return ray.data.from_arrow(schema.empty_table())
    # As bytes: of objects of ours it would warn that Arrow has no type for them.
    items = [{"split": pickle.dumps(split)} for split in splits]
    found = ray.data.from_items(items, override_num_blocks=len(items))
    return found.map_batches(_tables, batch_size=1, batch_format="numpy")


def to_dask(splits: Sequence[Split], schema: Any) -> Any:
    """A ``dask.dataframe.DataFrame`` of Arrow's types: one partition a split."""
    try:
        import dask.dataframe
        import pandas as pd
    except ImportError:
        raise ConfigError('to_dask() needs dask: pip install "dask[dataframe]"') from None
    dd: Any = dask.dataframe  # its functions have no types
    meta = schema.empty_table().to_pandas(types_mapper=pd.ArrowDtype)
    if not splits:
        return dd.from_pandas(meta, npartitions=1)
    return dd.from_map(_frame, list(splits), meta=meta, enforce_metadata=False)


def to_spark(splits: Sequence[Split], schema: Any, session: Any) -> Any:
    """A ``pyspark.sql.DataFrame``: one partition a split."""
    try:
        from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
    except ImportError:
        raise ConfigError('to_spark() needs Spark 4: pip install "pyspark>=4"') from None
    fields = _spark_schema(schema)
    # A source is known to its session by its name.
    called = f"aiocollect-{next(_numbers)}"

    class SplitSource(DataSource):  # type: ignore[misc,unused-ignore]
        @classmethod
        def name(cls) -> str:
            return called

        def schema(self) -> Any:
            return fields

        def reader(self, schema: Any) -> Any:
            return SplitReader()

    class SplitReader(DataSourceReader):  # type: ignore[misc,unused-ignore]
        def partitions(self) -> Any:
            return [InputPartition(split) for split in splits]

        def read(self, partition: Any) -> Iterator[Any]:
            for batch in partition.value.read():
                yield for_spark(batch)

    session.dataSource.register(SplitSource)
    return session.read.format(called).load()


def for_spark(batch: Any) -> Any:
    """The batch in types that Spark has: no integers without a sign, no columns without a type."""
    types = [_spark_type(field.type) for field in batch.schema]
    arrays = [column.cast(type_) for column, type_ in zip(batch.columns, types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _tables(batch: dict[str, Any]) -> Iterator[Any]:
    """What a task of Ray yields. An empty split gives its columns all the same."""
    for data in batch["split"]:
        split: Split = pickle.loads(data)
        yield split.schema.empty_table()
        for rows in split.read():
            yield pa.Table.from_batches([rows], schema=split.schema)


def _frame(split: Split) -> Any:
    import pandas as pd

    return split.table().to_pandas(types_mapper=pd.ArrowDtype)


def _spark_type(type_: Any) -> Any:
    if pa.types.is_null(type_):
        return pa.string()
    if pa.types.is_unsigned_integer(type_):
        return pa.decimal128(20, 0)
    return type_


def _spark_schema(schema: Any) -> Any:
    from pyspark.sql import types

    named = {
        pa.string(): types.StringType(),
        pa.bool_(): types.BooleanType(),
        pa.int8(): types.ByteType(),
        pa.int16(): types.ShortType(),
        pa.int32(): types.IntegerType(),
        pa.int64(): types.LongType(),
        pa.float32(): types.FloatType(),
        pa.float64(): types.DoubleType(),
        pa.date32(): types.DateType(),
        pa.timestamp("us"): types.TimestampNTZType(),
        pa.timestamp("us", "UTC"): types.TimestampType(),
    }
    fields = []
    for field in schema:
        type_ = _spark_type(field.type)
        if pa.types.is_decimal(type_):
            found: Any = types.DecimalType(type_.precision, type_.scale)
        elif type_ in named:
            found = named[type_]
        else:
            raise ConfigError(
                f"to_spark(): column {field.name!r} is of type {field.type}, which Spark does not "
                f"have; set another one, for example schema={{{field.name!r}: float}}"
            )
        fields.append(types.StructField(field.name, found))
    return types.StructType(fields)
