"""Spark, in an environment of its own, which needs Java 17. Delta is a jar of its own there."""

from __future__ import annotations

import os
from functools import cache, reduce

os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"

from pyspark.sql import DataFrame, SparkSession

from tests.readers.ways.told import tell

TYPES = {
    "text": "string",
    "count": "bigint",
    "price": "double",
    "flag": "boolean",
    "at": "timestamp",
    "day": "date",
    "later": "string",
    "$aml_dc_correlation_id": "string",
    "$aml_dc_scoring_timestamp": "timestamp",
    "$aml_dc_row": "int",
}


@cache
def session() -> SparkSession:
    return (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )


def schema_of(columns: list[str]) -> str:
    return ", ".join(f"`{name}` {TYPES[name]}" for name in columns)


def csv_first(paths: list[str]) -> DataFrame:
    return session().read.csv(paths, header=True, inferSchema=True)


def csv_recipe(paths: list[str]) -> DataFrame:
    # Spark matches columns by their places: so each part by its own header, then by name.
    parts = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            columns = file.readline().strip().split(",")
        parts.append(
            session().read.csv(
                path,
                schema=schema_of(columns),
                header=True,
                multiLine=True,
                escape='"',
                # Unquoted and empty is missing; only a text that no cell has tells it from "".
                nullValue="\x01",
                positiveInf="inf",
                negativeInf="-inf",
            )
        )
    return reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), parts)


def jsonl_first(paths: list[str]) -> DataFrame:
    return session().read.json(paths)


def jsonl_recipe(paths: list[str]) -> DataFrame:
    return session().read.json(paths, schema=schema_of(list(TYPES)))


def parquet_first(paths: list[str]) -> DataFrame:
    return session().read.parquet(*paths)


def parquet_recipe(paths: list[str]) -> DataFrame:
    return session().read.option("mergeSchema", "true").parquet(*paths)


if __name__ == "__main__":
    tell(globals(), lambda frame: [row.asDict() for row in frame.collect()], ("pyspark",))
