"""The inverse of the layouts; the oracles are the layouts, and the names that parts have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiocollect._core.limits import PartLimits
from aiocollect._core.parts import Parts
from aiocollect.layouts import DocumentedLayout, TemplateLayout, escape
from aiocollect.reading.parts.places import Places, unescape
from aiocollect.typing import Names

TEMPLATES = (
    DocumentedLayout().template,
    DocumentedLayout(hourly=True).template,
    "{model}/{identifier}/{yyyy}-{MM}-{dd}.{extension}",
    "{workspace}/{yyyy}/{model}-{version}/{identifier}/{MM}/{dd}/{HH}/rows.{extension}",
    "{dd}/{MM}/{yyyy}/{dd}-{model}-{identifier}.{extension}",
    "all/{model}/{identifier}/{yyyy}",
    "{model}.{identifier}/{yyyy}/{MM}",
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9998, 12, 31)).map(
    lambda moment: moment.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
)
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def known_of(names: Names) -> dict[str, str]:
    """As api.py makes them."""
    return {
        "workspace": "/".join(
            escape(part.lower(), what="w") for part in names.workspace.split("/")
        ),
        "service": escape(names.service, what="s"),
        "model": escape(names.model, what="m"),
        "version": escape(names.version, what="v"),
        "identifier": escape(names.identifier, what="i"),
    }


def part_name(path: str, *, writer: str, own: bool, ordinal: int, number: int) -> str:
    parts = Parts(
        path,
        header=b"",
        limits=PartLimits(max_blocks=9, max_bytes=9),
        writer=writer,
        own=own,
        ordinal=ordinal,
    )
    for _ in range(number):
        parts.roll()
    return parts.name


@given(
    st.sampled_from(TEMPLATES),
    st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS),
    MOMENTS,
    st.booleans(),
    st.integers(0, 2),
    st.integers(0, 12),
    st.sampled_from(["csv", "jsonl"]),
)
def test_each_part_of_each_layout_is_found(
    template: str,
    texts: tuple[str, ...],
    moment: datetime,
    own: bool,
    ordinal: int,
    number: int,
    extension: str,
) -> None:
    """With its time, its writer and its number; and by its names where these are looked for."""
    names = Names("/".join(text.replace("/", "_") for text in texts[:3]), *texts[3:])
    path = TemplateLayout(template).path(names, moment, extension=extension)
    blob = part_name(path, writer="0123456789", own=own, ordinal=ordinal, number=number)
    known = known_of(names)
    places = Places(template, known=known, extensions=("csv", "jsonl"))
    found = places.find(blob)
    assert found is not None
    assert (found.writer, found.number) == ("0123456789" if own else "", number)
    assert found.ordinal == (ordinal if own else 0)
    assert found.begin <= micros(moment) < found.end
    if "{extension}" in template:
        assert found.extension == extension
    assert blob.startswith(places.prefix())
    assert blob.startswith(places.prefix(found.begin, found.end))
    begin = micros(moment) - 86_400_000_000 * 40
    assert blob.startswith(places.prefix(begin, found.end))
    if template == TEMPLATES[0]:
        asked = Places(
            template,
            known={name: known[name] for name in ("workspace", "service")},
            extensions=("csv", "jsonl"),
        ).find(blob)
        assert asked is not None
        assert asked.names == (names.model, names.version, names.identifier)


@pytest.mark.parametrize(
    ("template", "path", "length"),
    [
        (TEMPLATES[0], "w/r/s/svc/m/v/i/2026/02/28/data.csv", timedelta(days=1)),
        (TEMPLATES[1], "w/r/s/svc/m/v/i/2026/02/28/23/data_2.csv", timedelta(hours=1)),
        ("{model}/{yyyy}/{MM}.{extension}", "m/2024/02.csv", timedelta(days=29)),
        ("{model}/{yyyy}/{MM}.{extension}", "m/2026/02.csv", timedelta(days=28)),
        ("{model}/{yyyy}/{MM}.{extension}", "m/2026/12.csv", timedelta(days=31)),
        ("{model}/{yyyy}/{MM}.{extension}", "m/2026/04.csv", timedelta(days=30)),
        ("{model}/{yyyy}.{extension}", "m/2024.csv", timedelta(days=366)),
    ],
)
def test_a_folder_is_as_long_as_its_time(template: str, path: str, length: timedelta) -> None:
    """Hours, days, months and years, leap years too."""
    names: Any = Names("w/r/s", "svc", "m", "v", "i")
    found = Places(template, known=known_of(names), extensions=("csv",)).find(path)
    assert found is not None
    assert found.end - found.begin == length // timedelta(microseconds=1)


@pytest.mark.parametrize(
    "path",
    [
        "w/r/s/svc/m/v/i/2026/02/28/data.json",
        "w/r/s/svc/m/v/i/2026/02/28/data_0.csv",
        "w/r/s/svc/m/v/i/2026/02/28/data_01.csv",
        "w/r/s/svc/m/v/i/2026/02/28/data-012345678.csv",
        "w/r/s/svc/m/v/i/2026/02/30/data.csv",
        "w/r/s/svc/m/v/i/2026/2/28/data.csv",
        "w/r/s/svc/m/v/ii/2026/02/28/data.csv",
        "w/r/s/svc/m/v/i/2026/02/28/data.csv\n",
        "w/r/s/svc/m/v/i/2026/02/28/x/data.csv",
        "",
    ],
)
def test_what_is_none_of_ours_is_not_found(path: str) -> None:
    """Files beside ours, and days that no calendar has."""
    names = Names("w/r/s", "svc", "m", "v", "i")
    places = Places(TEMPLATES[0], known=known_of(names), extensions=("csv",))
    assert places.find("w/r/s/svc/m/v/i/2026/02/28/data.csv") is not None
    assert places.find(path) is None


@given(TEXTS)
def test_a_segment_is_turned_back_into_its_name(text: str) -> None:
    """The map of names is injective, so it has an inverse."""
    assert unescape(escape(text, what="name")) == text


def test_parts_sort_by_time_then_number() -> None:
    """data_2 before data_10; those of single writers after the shared ones."""
    names = Names("w/r/s", "svc", "m", "v", "i")
    places = Places(TEMPLATES[0], known=known_of(names), extensions=("csv",))
    files = (
        *("28/data.csv", "28/data_2.csv", "28/data_10.csv", "28/data-0000000001.csv"),
        *("28/data-0000000001_2.csv", "28/data-0000000001-1.csv", "28/data-0000000002.csv"),
        "29/data.csv",
    )
    found = [places.find(f"w/r/s/svc/m/v/i/2026/02/{name}") for name in files[:7]]
    keys = [(place.begin, place.writer, place.ordinal, place.number) for place in found if place]
    assert keys == sorted(keys)
    assert len(keys) == 7
