"""duckdb. Its extensions for Azure and Delta are downloads of their own: tables of Delta come
through deltalake here."""

from __future__ import annotations

import os

import duckdb

from tests.readers.ways.told import tell

TYPES = {
    "text": "VARCHAR",
    "count": "BIGINT",
    "price": "DOUBLE",
    "flag": "BOOLEAN",
    "at": "TIMESTAMPTZ",
    "day": "DATE",
    "later": "VARCHAR",
    "$aml_dc_correlation_id": "VARCHAR",
}


def csv_first(paths: list[str]) -> duckdb.DuckDBPyRelation:
    return duckdb.sql("from read_csv($paths)", params={"paths": paths})


def csv_recipe(paths: list[str]) -> duckdb.DuckDBPyRelation:
    return duckdb.sql(
        "from read_csv($paths, header = true, union_by_name = true, types = $types,"
        " allow_quoted_nulls = false)",
        params={"paths": paths, "types": TYPES},
    )


def blob_recipe(paths: list[str]) -> duckdb.DuckDBPyRelation:
    from adlfs import AzureBlobFileSystem

    connection = os.environ["AZURE_STORAGE_CONNECTION_STRING"]
    duckdb.register_filesystem(AzureBlobFileSystem(connection_string=connection))
    return csv_recipe([f"abfs://{path}" for path in paths])


def jsonl_first(paths: list[str]) -> duckdb.DuckDBPyRelation:
    return duckdb.sql("from read_json($paths)", params={"paths": paths})


def jsonl_recipe(paths: list[str]) -> duckdb.DuckDBPyRelation:
    columns = TYPES | {"$aml_dc_row": "BIGINT"}
    return duckdb.sql(
        "from read_json($paths, format = 'newline_delimited', columns = $columns)",
        params={"paths": paths, "columns": columns},
    )


def parquet_first(paths: list[str]) -> duckdb.DuckDBPyRelation:
    return duckdb.sql("from read_parquet($paths)", params={"paths": paths})


def parquet_recipe(paths: list[str]) -> duckdb.DuckDBPyRelation:
    return duckdb.sql("from read_parquet($paths, union_by_name = true)", params={"paths": paths})


def delta_first(paths: list[str]) -> duckdb.DuckDBPyRelation:
    from deltalake import DeltaTable

    return duckdb.from_arrow(DeltaTable(paths[0]).to_pyarrow_table())


if __name__ == "__main__":
    tell(
        globals(),
        lambda found: [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()],
        ("duckdb", "deltalake"),
    )
