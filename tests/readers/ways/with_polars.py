"""polars."""

from __future__ import annotations

import os
from typing import Any

import polars as pl

from tests.readers.ways.told import tell

TYPES: dict[str, Any] = {
    "text": pl.String,
    "count": pl.Int64,
    "price": pl.Float64,
    "flag": pl.Boolean,
    "at": pl.String,
    "day": pl.Date,
    "later": pl.String,
    "$aml_dc_correlation_id": pl.String,
    "$aml_dc_scoring_timestamp": pl.String,
    "$aml_dc_row": pl.Int64,
}


def csv_first(paths: list[str]) -> pl.DataFrame:
    return pl.concat([pl.read_csv(path) for path in paths], how="diagonal_relaxed")


def csv_recipe(paths: list[str], storage_options: dict[str, str] | None = None) -> pl.DataFrame:
    frames = [
        pl.read_csv(path, schema_overrides=TYPES, storage_options=storage_options) for path in paths
    ]
    return pl.concat(frames, how="diagonal").with_columns(
        pl.col("at").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us")
    )


def blob_recipe(paths: list[str]) -> pl.DataFrame:
    said = os.environ["AZURE_STORAGE_CONNECTION_STRING"].rstrip(";").split(";")
    parts = dict(part.split("=", 1) for part in said)
    options = {
        "account_name": parts["AccountName"],
        "account_key": parts["AccountKey"],
        "endpoint": parts["BlobEndpoint"],
        "allow_http": "true",
    }
    return csv_recipe([f"az://{path}" for path in paths], options)


def jsonl_first(paths: list[str]) -> pl.DataFrame:
    return pl.concat([pl.read_ndjson(path) for path in paths], how="diagonal_relaxed")


def jsonl_recipe(paths: list[str]) -> pl.DataFrame:
    # NaN and infinities are texts in JSON; days and times too.
    texts = {"price": pl.String, "at": pl.String, "day": pl.String}
    frames = [pl.read_ndjson(path, schema=TYPES | texts) for path in paths]
    return pl.concat(frames).with_columns(
        pl.col("price").cast(pl.Float64),
        pl.col("at").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us"),
        pl.col("day").str.to_date(),
    )


def parquet_first(paths: list[str]) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in paths], how="diagonal")


def delta_first(paths: list[str]) -> pl.DataFrame:
    return pl.read_delta(paths[0])


def delta_recipe(paths: list[str]) -> pl.DataFrame:
    # polars takes folders such as model=churn, which the table is in, for partitions of its own.
    return pl.read_delta(paths[0], use_pyarrow=True)


if __name__ == "__main__":
    tell(globals(), lambda frame: frame.to_dicts(), ("polars", "deltalake"))
