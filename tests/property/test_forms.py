"""One table, in every form that it comes in, is stored as the same rows.

A table is drawn (tables.py), given in each form (forms), and its file is read by the documented
rules (reference.py). Every form, and every kind in every package that has it, must have been met.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from aiocollect import MemoryStore, Pipeline
from aiocollect.events import Event, Refused
from aiocollect.testing import Seams, VirtualClock, VirtualLoop, run_virtual
from aiocollect.typing import Format
from tests.property.forms import CONTAINERS, FORMS, POSITIONAL
from tests.property.reference import bare, clean, key, lines_of, plain, table_of, told
from tests.property.tables import KINDS, Table, draw_table

SEEDS = 40
METADATA = 3


class Run:
    """Tables collected into one pipeline, each form into a stream of its own."""

    def __init__(self, *, format_name: Format, single: bool) -> None:
        self.format = format_name
        self.single = single
        self.store = MemoryStore()
        self.blobs: dict[str, bytes] = {}  # when it has ended
        self.wanted: dict[str, tuple[Table, bool]] = {}
        self.refused: list[str] = []

    def hear(self, event: Event) -> None:
        if isinstance(event, Refused):
            self.refused.append(str(event.error))

    def file(self, identifier: str) -> bytes:
        return b"".join(data for path, data in self.blobs.items() if f"/{identifier}/" in path)

    def check(self, identifier: str) -> None:
        """The stream's file has the table's rows; AssertionError that says what differs."""
        table, positional = self.wanted[identifier]
        names = list(table.names)
        if positional:
            names = [f"f{number}" for number in range(len(names))]
        data = self.file(identifier)
        assert data, "nothing is stored"
        width = len(names) + METADATA
        if self.format == "csv":
            columns = table_of(data, width)
            header = [bare(column[0]) for column in columns[: len(names)]]
            found = {name: column[1:] for name, column in zip(header, columns, strict=False)}
            indexes = [int(field) for field in columns[-1][1:]]
        else:
            rows = lines_of(data)
            header = [name for name, _ in rows[0][: len(names)]]
            found = {name: [row[at][1] for row in rows] for at, name in enumerate(header)}
            indexes = [row[-1][1] for row in rows]
        assert sorted(header) == sorted(names)
        if not self.single:
            assert indexes == list(range(table.rows))
        for name, (kind, values) in zip(names, table.columns.values(), strict=True):
            for at, (value, field) in enumerate(zip(values, found[name], strict=True)):
                where = f"{name} ({kind.name}), row {at}: {field!a} instead of {value!a}"
                if self.format == "csv":
                    self._check_field(value, field, kind.told, where)
                else:
                    assert key(plain(value)) == key(field), where

    def _check_field(self, value: Any, field: str, kind: type, where: str) -> None:
        if type(value) in (tuple, dict):
            assert key(told(field, kind)) == key(plain(value, longest=None)), where
            return
        kind = type(value) if value is not None else kind
        wanted = clean(value) if type(value) is str else value
        if type(value) is str and kind is str and field[:1] != '"':
            assert field == wanted, where  # a moment's text is bare, too
            return
        assert key(told(field, kind)) == key(wanted), where


def collected(
    tables: list[Table], *, seed: int, format_name: Format, named: bool, single: bool
) -> tuple[Run, Counter[tuple[str, str]]]:
    """All forms of the tables; ``single``: row by row, where the form is a list of rows."""
    run = Run(format_name=format_name, single=single)
    met: Counter[tuple[str, str]] = Counter()

    async def main(loop: VirtualLoop) -> None:
        pipeline = Pipeline(
            run.store, _seams=Seams(clock=VirtualClock(loop)), hooks=[run.hear], format=format_name
        )
        await pipeline.start()
        for number, table in enumerate(tables):
            for name, make in FORMS.items():
                data = make(table, Random(seed + number))
                if data is None or (single and type(data) is not list):
                    continue
                if single and (name == "pandas value lists" or table.has("vector", "struct")):
                    continue  # one list is taken as it is; and a first cell that is a list is a row
                one = len(table.names) == 1
                if name in POSITIONAL and not named and one and getattr(data, "ndim", 1) == 1:
                    continue  # a 1-D value is one row where no name was given
                identifier = f"{name.replace(' ', '_')}-{number}"
                collector = pipeline.collector(
                    "m",
                    identifier=identifier,
                    feature_names=table.names if named else None,
                )
                before = len(run.refused)
                for value in data if single else [data]:
                    collector.collect(value)
                assert run.refused[before:] == [], (name, table)
                run.wanted[identifier] = (table, name in POSITIONAL and not named)
                for kind, _ in table.columns.values():
                    met[name, kind.name] += 1
        report = await pipeline.aclose()
        assert report.complete
        assert not report.dead_lettered

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Deprecations of numpy's and pandas' own on odd dtypes are theirs.
        for module in ("numpy", "pandas"):
            warnings.filterwarnings("ignore", module=module)
        run_virtual(main)
    run.blobs = dict(run.store.blobs)
    return run, met


TOTAL: Counter[tuple[str, str]] = Counter()
WAYS: list[dict[str, Any]] = [
    {"format_name": "csv", "named": True, "single": False},
    {"format_name": "jsonl", "named": True, "single": False},
    {"format_name": "csv", "named": False, "single": False},
    {"format_name": "jsonl", "named": True, "single": True},
    {"format_name": "csv", "named": False, "single": True},
]


def drawn(random: Random) -> Iterator[Table]:
    """Every kind alone, once as one column and once with a missing cell, then any."""
    for kind in KINDS:
        yield draw_table(random, kinds=(kind,))
        yield draw_table(random, kinds=(kind, kind, "text"))
    for _ in range(SEEDS):
        yield draw_table(random)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(map(str, way.values())))
def test_a_table_is_the_same_in_every_form(way: dict[str, Any]) -> None:
    """Names, digits, gaps, moments: stored as they were drawn, whatever brought them."""
    seed = 1000 * WAYS.index(way)
    run, met = collected(list(drawn(Random(seed))), seed=seed, **way)
    assert len(run.wanted) > 500
    wrong = []
    for identifier in run.wanted:
        try:
            run.check(identifier)
        except (AssertionError, ValueError, KeyError) as error:
            wrong.append(f"{identifier}: {str(error).splitlines()[0]}")
    assert wrong == [], f"{len(wrong)} of {len(run.wanted)}: " + "\n".join(wrong[:20])
    TOTAL.update(met)
    if way is WAYS[-1]:
        _all_were_met()


def _all_were_met() -> None:
    """A form or kind that never came would prove nothing."""
    assert FORMS.keys() > CONTAINERS
    assert {name for name, _ in TOTAL} == FORMS.keys()
    for form, without in {
        "lists": set(),
        "dicts": set(),
        "array of objects": set(),
        "pandas frame": set(),
        "polars frame": set(),
        "arrow table": {"huge", "uuid", "enum"},
        "structured array": set(),
    }.items():
        assert {kind for name, kind in TOTAL if name == form} == KINDS.keys() - without, form


def test_the_oracle_can_fail() -> None:
    """A file with one digit, gap or name changed is found out."""
    columns = {"a": (KINDS["single"], (0.1, -2.7)), "b": (KINDS["text"], ("x", None))}
    run, _ = collected([Table(columns, 2)], seed=3, **WAYS[0])
    (path,) = (path for path in run.blobs if "/lists-0/" in path)
    data = run.blobs[path]
    run.check("lists-0")
    for changed in (
        data.replace(b"0.1", b"0.10000000149011612", 1),
        data.replace(b"-2.7,,", b"-2.7,NaN,", 1),
        data.replace(b"a,b", b"b,a", 1),
        b"\n".join(data.split(b"\n")[:-2]) + b"\n",
    ):
        assert changed != data
        run.blobs[path] = changed
        with pytest.raises((AssertionError, ValueError, KeyError)):
            run.check("lists-0")
