"""pandas."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pandas as pd

from tests.readers.ways import with_pyarrow
from tests.readers.ways.told import tell


def csv_first(paths: list[str]) -> pd.DataFrame:
    return pd.concat([pd.read_csv(path) for path in paths])


def csv_recipe(paths: list[str]) -> pd.DataFrame:
    # pandas itself cannot tell a missing cell from empty text; pyarrow's recipe, above, can.
    return with_pyarrow.csv_recipe(paths).to_pandas(types_mapper=pd.ArrowDtype)


def blob_first(paths: list[str]) -> pd.DataFrame:
    # adlfs: pandas finds it by the address.
    options = {"connection_string": os.environ["AZURE_STORAGE_CONNECTION_STRING"]}
    return pd.concat([pd.read_csv(f"az://{path}", storage_options=options) for path in paths])


def blob_recipe(paths: list[str]) -> pd.DataFrame:
    return with_pyarrow.blob_recipe(paths).to_pandas(types_mapper=pd.ArrowDtype)


def jsonl_first(paths: list[str]) -> pd.DataFrame:
    return pd.concat([pd.read_json(path, lines=True) for path in paths])


def jsonl_recipe(paths: list[str]) -> pd.DataFrame:
    rows = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            rows += [{"later": None, **json.loads(line)} for line in file]
    for row in rows:  # NaN, infinities, times and days are texts in JSON
        row["price"] = None if row["price"] is None else float(row["price"])
        row["at"] = None if row["at"] is None else datetime.fromisoformat(row["at"])
        row["day"] = None if row["day"] is None else date.fromisoformat(row["day"])
    return pd.DataFrame(rows, dtype=object)


def parquet_first(paths: list[str]) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in paths])


def parquet_recipe(paths: list[str]) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path, dtype_backend="pyarrow") for path in paths])


def delta_first(paths: list[str]) -> pd.DataFrame:
    from deltalake import DeltaTable

    return DeltaTable(paths[0]).to_pandas()


def delta_recipe(paths: list[str]) -> pd.DataFrame:
    from deltalake import DeltaTable

    return DeltaTable(paths[0]).to_pandas(types_mapper=pd.ArrowDtype)


def rows_of(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Each cell as the frame holds it."""
    names = list(frame.columns)
    for cells in zip(*(list(frame[name]) for name in names), strict=True):
        yield dict(zip(names, cells, strict=True))


if __name__ == "__main__":
    tell(globals(), rows_of, ("pandas", "deltalake"))
