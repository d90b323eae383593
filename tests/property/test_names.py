"""Hostile names: whatever a user calls things, the path stays in its place and tells them apart."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes, urlsplit

import yarl
from hypothesis import assume, example, given
from hypothesis import strategies as st

from aiocollect.errors import ConfigError
from aiocollect.layouts import DocumentedLayout
from aiocollect.layouts.names import escape
from aiocollect.typing import Names

SAFE = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-~")

hostile = st.text(st.sampled_from("./\\~%2eE5cCfF?#&=+: \n\r\0aA_-\u0308ü\uff0e\u2024\u202e"))
names = (
    (st.text(st.characters(exclude_categories=["Cs"])) | hostile)
    .filter(bool)
    .map(lambda name: name[:16])
)
days = st.datetimes(timezones=st.just(UTC))


def path_of(name: Names, day: datetime) -> str:
    """The path in the documented layout."""
    return DocumentedLayout().path(name, day, extension="csv")


def unescape(segment: str) -> str:
    """The name back, by the standard library: our ~XX is a %XX."""
    assert "%" not in segment
    return unquote_to_bytes(segment.replace("~", "%")).decode()


@given(names)
@example("..")
@example(".")
@example("~2E")
@example("a.")
def test_a_segment_reads_back(name: str) -> None:
    """The map is injective: every name can be had back from its segment, which is safe."""
    segment = escape(name, what="model")
    assert unescape(segment) == name
    assert set(segment) <= SAFE
    assert segment not in ("", ".", "..")
    assert not segment.endswith(".")


@given(names, names, names, names, days)
def test_url_normalisation_leaves_the_path(
    service: str, model: str, version: str, identifier: str, day: datetime
) -> None:
    """The client's URL carries exactly the path that was built, below the container."""
    path = path_of(Names("s/r/w", service, model, version, identifier), day)
    for url in (
        yarl.URL(f"https://a.blob.core.windows.net/container/{path}?sig=x"),
        yarl.URL("https://a.blob.core.windows.net/container") / path,
        yarl.URL("https://a.blob.core.windows.net/container/").join(yarl.URL(path)),
    ):
        assert url.raw_path == f"/container/{path}"
        assert urlsplit(str(url)).path == f"/container/{path}"
    assert path.count("/") == 10


@given(st.tuples(names, names, names, names, days), st.tuples(names, names, names, names, days))
def test_different_streams_have_different_paths(
    one: tuple[str, str, str, str, datetime], other: tuple[str, str, str, str, datetime]
) -> None:
    """No two streams or days share a path."""
    assume(one != other)
    assert path_of(Names("s/r/w", *one[:4]), one[4]) != path_of(
        Names("s/r/w", *other[:4]), other[4]
    )


@given(st.text() | st.just("s/r/w"), st.text(), st.text())
def test_any_text_gives_a_path_or_a_configerror(workspace: str, model: str, version: str) -> None:
    """Names either make a path of printable ASCII within the limits, or raise ConfigError."""
    try:
        path = path_of(
            Names(workspace, "service", model, version, "inputs"), datetime(2026, 1, 31, tzinfo=UTC)
        )
    except ConfigError:
        return
    assert path.isascii()
    assert path.isprintable()
    assert len(path) <= 900
    assert all(segment.strip(".") for segment in path.split("/"))
