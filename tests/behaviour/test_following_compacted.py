"""follow() over days that were compacted: each row once, or it is said how to get it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Literal

import pytest

import aiocollect
from aiocollect import ConfigError, MemoryStore
from aiocollect.typing import METADATA
from tests.support.reads import NOON, three_rows, write

Form = Literal["parquet", "delta"]
FORMS = pytest.mark.parametrize("form", ["parquet", "delta"])


def compact(store: MemoryStore, form: Form, target: MemoryStore | None = None, **more: Any) -> None:
    if form == "delta":
        pytest.importorskip("deltalake")
    aiocollect.compact(store, target or store, format=form, **more)


def rows(table: Any) -> list[str]:
    """Each by its id, index and time."""
    return [repr(row) for row in table.select(list(METADATA)).to_pylist()]


def followed(store: Any, **options: Any) -> tuple[list[str], str | None]:
    """What a follower hands out until it has all, and where it is then."""

    async def main() -> tuple[list[str], str | None]:
        follower = aiocollect.follow(
            store, "churn", version="10", stream="inputs", poll=None, **options
        )
        return [row async for some in follower for row in rows(some.rows)], follower.position

    return asyncio.run(main())


def read(store: Any, **options: Any) -> Any:
    return aiocollect.read(store, "churn", version="10", streams="inputs", **options)


def all_rows(store: Any) -> list[str]:
    """By reading the parts: the oracle, while they are there."""
    return sorted(rows(read(store).to_arrow()))


@FORMS
@pytest.mark.parametrize("removed", [False, True])
def test_read_first_and_follow_since_its_snapshot(form: Form, removed: bool) -> None:
    """Files, what is behind them, and what lands later: each row once, whether parts are gone."""
    store = write(three_rows)
    write(three_rows, store=store, at=NOON + timedelta(days=1), writer="00000000bb", mode="own")
    everything = all_rows(store)
    compact(store, form, remove_after="1d" if removed else None)
    write(three_rows, store=store, at=NOON + timedelta(hours=3))
    dataset = read(store)
    first = rows(dataset.to_arrow())
    write(three_rows, store=store, at=NOON + timedelta(hours=4))
    write(three_rows, store=store, at=NOON + timedelta(days=2))
    then, position = followed(store, since=dataset.snapshot)
    got = first + then
    assert len(got) == len(set(got)) == 15
    assert set(got) > set(everything)
    write(three_rows, store=store, at=NOON + timedelta(hours=5))
    more, _ = followed(store, since=position)
    assert len({*got, *more}) == 18
    assert len(more) == 3


def test_files_in_another_store() -> None:
    """Which ``compacted=`` names."""
    store, lake = write(three_rows), MemoryStore()
    compact(store, "parquet", lake, remove_after="1d")
    dataset = read(store, compacted=lake)
    assert len(dataset.to_arrow()) == 3
    write(three_rows, store=store, at=NOON + timedelta(hours=1))
    then, _ = followed(store, since=dataset.snapshot, compacted=lake)
    assert len(then) == 3
    with pytest.raises(ConfigError, match="in compacted files alone"):
        followed(store, since=None, compacted=lake)


@FORMS
def test_rows_that_are_in_files_alone_are_not_passed_over(form: Form) -> None:
    """From a time, or from a position that is older than the removal."""
    store = write(three_rows)
    _, position = followed(store, since=None)
    write(three_rows, store=store, at=NOON + timedelta(minutes=5))
    compact(store, form, remove_after="1d")
    for since in (None, NOON, position):
        with pytest.raises(ConfigError, match=r"in compacted files alone.*since= the snapshot"):
            followed(store, since=since)
    assert followed(store, since=NOON + timedelta(days=2))[0] == []
    assert followed(store, since="now")[0] == []


@FORMS
def test_a_day_that_nobody_has_seen_is_not_passed_over(form: Form) -> None:
    """It was collected, compacted and removed while the follower was away."""
    store = write(three_rows)
    _, position = followed(store, since=None)
    write(three_rows, store=store, at=NOON + timedelta(days=1))
    compact(store, form, remove_after="1d")
    with pytest.raises(ConfigError, match="in compacted files alone"):
        followed(store, since=position)


@FORMS
def test_what_was_handed_out_can_be_removed(form: Form) -> None:
    """The position goes on."""
    store = write(three_rows)
    first, position = followed(store, since=None)
    compact(store, form, remove_after="1d")
    write(three_rows, store=store, at=NOON + timedelta(days=1))
    then, _ = followed(store, since=position)
    assert len({*first, *then}) == len(first) + len(then) == 6


@FORMS
def test_files_whose_parts_are_there_are_no_matter(form: Form) -> None:
    """The parts are read."""
    store = write(three_rows)
    everything = all_rows(store)
    compact(store, form)
    assert sorted(followed(store, since=None)[0]) == everything
