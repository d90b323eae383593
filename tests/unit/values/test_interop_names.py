"""Feature names and mdc records, whatever class of text or package they come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect.encoders import MdcEncoder
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual
from aiocollect.typing import Format


@pytest.mark.parametrize(
    "names",
    [
        pd.DataFrame({"a": [1], "b": [2]}).columns,
        np.array(["a", "b"]),
        np.array(["a", "b"], dtype=object),
        [np.str_("a"), "b"],
        ("a", type("Text", (str,), {})("b")),
    ],
    ids=lambda names: type(names).__name__,
)
@pytest.mark.parametrize("format_name", ["csv", "jsonl"])
def test_feature_names_of_any_class_of_text(names: Any, format_name: Format) -> None:
    """df.columns, feature_names_in_, and names of an enumeration: plain text afterwards."""

    async def main(loop: VirtualLoop) -> bytes:
        store = MemoryStore()
        pipeline = Pipeline(store, _seams=Seams(clock=VirtualClock(loop)), format=format_name)
        pipeline.collector("m", feature_names=names).collect({"b": 1, "a": 2})
        pipeline.model("n", x=names).collect(x=[2, 1])
        await pipeline.aclose()
        one, two = store.blobs.values()
        assert one.splitlines()[-1][:10] == two.splitlines()[-1][:10]
        return one

    assert run_virtual(main).startswith(
        b'{"a":2,"b":1,' if format_name == "jsonl" else b"a,b,$aml_"
    )


@pytest.mark.parametrize("names", [{"a", "b"}, 7, iter("ab")])
def test_feature_names_without_an_order_are_refused(names: Any) -> None:
    """Which column is which could not be told."""

    async def main(loop: VirtualLoop) -> None:
        pipeline = Pipeline(MemoryStore(), _seams=Seams(clock=VirtualClock(loop)))
        with pytest.raises(ConfigError, match="must be a list of names"):
            pipeline.collector("m", feature_names=names)
        await pipeline.aclose()

    run_virtual(main)


ATTRIBUTES = {"id": "1", "source": "s", "type": "t"}


RECORDS: dict[str, Callable[[], Any]] = {
    "list": lambda: ['{"x":1}', ATTRIBUTES],
    "dict": lambda: {MdcEncoder.features[1]: ATTRIBUTES, MdcEncoder.features[0]: '{"x":1}'},
    "frame": lambda: pd.DataFrame(
        [[ATTRIBUTES, '{"x":1}']], columns=[*reversed(MdcEncoder.features)]
    ),
    "arrow": lambda: pa.table(
        {MdcEncoder.features[1]: [ATTRIBUTES], MdcEncoder.features[0]: ['{"x":1}']}
    ),
    "polars": lambda: pl.DataFrame(
        {MdcEncoder.features[1]: [ATTRIBUTES], MdcEncoder.features[0]: ['{"x":1}']}
    ),
    "row of a frame": lambda: pd.DataFrame(
        [[ATTRIBUTES, '{"x":1}']], columns=[*reversed(MdcEncoder.features)]
    ).iloc[0],
}


@pytest.mark.parametrize("form", RECORDS)
def test_records_in_every_form(form: str) -> None:
    """The same record, by the names of its two columns."""

    async def main(loop: VirtualLoop) -> bytes:
        store = MemoryStore()
        pipeline = Pipeline(
            store,
            _seams=Seams(clock=VirtualClock(loop), writer_id="00000000aa"),
        )
        collector = pipeline.collector(
            "m", feature_names=MdcEncoder.features, format=MdcEncoder(), writer="own"
        )
        collector.collect(RECORDS[form](), correlation_id="loan-7", at=1_769_903_998)
        await pipeline.aclose()
        (data,) = store.blobs.values()
        return data

    data = run_virtual(main)
    assert b'"data":{"x":1}' in data
    assert data.startswith(b'{"specversion":"1.0","id":"1","source":"s","type":"t"')
