"""Lives that are read while they are lived: what read() says is what the blobs hold at that step.

The same writers, faults, strangers and hosts as in test_simulation.py. The oracle is reference.py,
which reads the bytes of the blobs by the documented rules; it knows nothing of plans, pieces or
Arrow.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import pytest

import aiocollect
from aiocollect.testing import MemoryStore, VirtualLoop, run_virtual
from tests.property.reference import bare, seen, table_of
from tests.property.test_reading import expected, same

from .life import Life, Outcome
from .producer import SERVICE, WORKSPACE
from .trace import silent

ID, TIME, ROW = "$aml_dc_correlation_id", "$aml_dc_scoring_timestamp", "$aml_dc_row"
# A life has some hundred steps.
EVERY = 97
_name = re.compile(
    r"sub/group/space/scoring/([^/]+)/1/([^/]+)/(\d{4}/\d\d/\d\d)/data"
    r"(?:-([0-9a-f]{10})(?:-(\d+))?)?(?:_(\d+))?\.csv"
).fullmatch


def whole(data: bytes) -> bytes:
    """The lines that are whole: up to the last line end outside of quotes."""
    at = len(data)
    while (at := data.rfind(b"\n", 0, at)) >= 0:
        if data.count(b'"', 0, at) % 2 == 0:
            return data[: at + 1]
    return b""


class Stream:
    """What the blobs say of one stream: fields by column, rows in the order of the parts."""

    def __init__(self, parts: list[bytes]) -> None:
        self.columns: dict[str, list[str]] = {}
        self.count = 0
        for data in parts:
            rows = whole(data)
            if not rows:
                continue
            header = rows.partition(b"\n")[0].decode().split(",")
            table = table_of(rows, len(header))
            for name, fields in zip(header, table, strict=True):
                # A column that is new is missing in the rows before it.
                self.columns.setdefault(name, [""] * self.count).extend(fields[1:])
            self.count += len(table[0]) - 1
            for fields in self.columns.values():
                fields.extend([""] * (self.count - len(fields)))

    def values(self, name: str) -> list[Any]:
        """The cells of a column."""
        fields = self.columns[name]
        return expected([seen(field) for field in fields], [bare(field) for field in fields])


def streams_of(blobs: dict[str, bytes]) -> dict[tuple[str, str], Stream]:
    """The streams by model and identifier."""
    parts = defaultdict(list)
    for path, data in blobs.items():
        found = _name(path)
        if found is not None:
            model, identifier, day, writer, ordinal, number = found.groups()
            order = (day, writer or "", int(ordinal or 0), int(number or 0))
            parts[model.replace("~2F", "/"), identifier].append((order, data))
    return {key: Stream([data for _, data in sorted(of)]) for key, of in parts.items()}


class ReadLife(Life):
    """A life that is read at some of its steps, and at its end."""

    def __init__(self, seed: int, loop: VirtualLoop, outcome: Outcome) -> None:
        super().__init__(seed, loop, outcome, silent)
        self.reads = self.rows = 0

    def step(self) -> None:
        """After every step of the loop."""
        super().step()
        if self.outcome.steps % EVERY == 0:
            self.read()

    def read(self) -> None:
        """Compare all streams, alone and joined. Others may read where this writer may not."""
        view = MemoryStore()
        view._blobs = self.store._blobs
        where: dict[str, Any] = {"workspace": WORKSPACE, "service": SERVICE, "version": "1"}
        streams = streams_of(view.blobs)
        for (model, identifier), stream in streams.items():
            table = aiocollect.read(view, model, streams=identifier, **where).to_arrow()
            self.reads += 1
            self.rows += stream.count
            assert table.num_rows == stream.count
            if not stream.columns:
                continue
            assert set(table.column_names) == set(stream.columns)
            for name in stream.columns:
                if name == TIME:
                    continue
                for got, want in zip(table[name].to_pylist(), stream.values(name), strict=True):
                    assert same(got, want), (model, identifier, name, got, want)
        for model in {model for model, identifier in streams if identifier == "inputs"}:
            inputs = streams[model, "inputs"]
            predictions = streams.get((model, "predictions"), Stream([]))
            if inputs.count and predictions.count:
                self.joined(aiocollect.read(view, model, **where), inputs, predictions)

    def joined(self, dataset: Any, inputs: Stream, predictions: Stream) -> None:
        """One row for each that any of the two has, each prediction beside its inputs."""
        table = dataset.to_arrow()

        def keys(stream: Stream) -> list[tuple[str, int]]:
            return list(zip(stream.values(ID), stream.values(ROW), strict=True))

        said = dict(zip(keys(predictions), predictions.values("p"), strict=True))
        mine = keys(inputs)
        assert dataset.missing == {
            "inputs": len(said.keys() - set(mine)),
            "predictions": sum(key not in said for key in mine),
        }
        found = list(zip(table[ID].to_pylist(), table[ROW].to_pylist(), strict=True))
        assert sorted(found) == sorted({*mine, *said})
        for key, got in zip(found, table["p"].to_pylist(), strict=True):
            assert same(got, said.get(key)), (key, got)


@pytest.mark.parametrize("seed", range(16))
def test_what_is_read_is_what_is_there(seed: int) -> None:
    """At every step, under faults, beside strangers, across midnight."""
    outcome = Outcome(seed)

    async def main(loop: VirtualLoop) -> ReadLife:
        life = ReadLife(seed, loop, outcome)
        await life.live()
        return life

    life = run_virtual(main)
    life.read()
    assert life.reads or not streams_of(life.store.blobs)
    assert not outcome.problems
