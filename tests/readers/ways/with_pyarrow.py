"""pyarrow."""

from __future__ import annotations

import json
import os

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.csv  # type: ignore[import-untyped]
import pyarrow.json  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]
from pyarrow.csv import ConvertOptions, ParseOptions

from tests.readers.ways.told import tell

TYPES = {
    "text": pa.string(),
    "count": pa.int64(),
    "price": pa.float64(),
    "flag": pa.bool_(),
    "at": pa.timestamp("us", "UTC"),
    "day": pa.date32(),
    "later": pa.string(),
    "$aml_dc_correlation_id": pa.string(),
}
ROW = {"$aml_dc_row": pa.int64()}


def together(tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables, promote_options="permissive")


def csv_first(paths: list[str]) -> pa.Table:
    return together([pa.csv.read_csv(path) for path in paths])


def csv_recipe(paths: list[str]) -> pa.Table:
    convert = ConvertOptions(
        column_types=TYPES,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    parse = ParseOptions(newlines_in_values=True)
    return together(
        [pa.csv.read_csv(path, parse_options=parse, convert_options=convert) for path in paths]
    )


def blob_recipe(paths: list[str]) -> pa.Table:
    from adlfs import AzureBlobFileSystem

    files = AzureBlobFileSystem(connection_string=os.environ["AZURE_STORAGE_CONNECTION_STRING"])
    opened = [files.open(path) for path in paths]
    return csv_recipe(opened)


def jsonl_first(paths: list[str]) -> pa.Table:
    return together([pa.json.read_json(path) for path in paths])


def jsonl_recipe(paths: list[str]) -> pa.Table:
    # Its reader refuses a column of floats that has a NaN or an infinity, which are texts in JSON.
    rows = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            rows += list(map(json.loads, file))
    for row in rows:
        row["price"] = None if row["price"] is None else float(row["price"])
    texts = {"at": pa.string(), "day": pa.string()}
    table = pa.Table.from_pylist(rows, schema=pa.schema(TYPES | ROW | texts))
    return table.cast(pa.schema(TYPES | ROW))


def parquet_first(paths: list[str]) -> pa.Table:
    return together([pa.parquet.read_table(path, partitioning=None) for path in paths])


def delta_first(paths: list[str]) -> pa.Table:
    from deltalake import DeltaTable

    return DeltaTable(paths[0]).to_pyarrow_table()


if __name__ == "__main__":
    tell(globals(), lambda table: table.to_pylist(), ("pyarrow", "deltalake"))
