"""Layouts: the path of the original document, and names that try to leave it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from aiocollect.errors import ConfigError
from aiocollect.layouts import DocumentedLayout, TemplateLayout
from aiocollect.layouts.names import escape
from aiocollect.typing import Layout, Names

# The example of the document that this package follows, word for word.
DOCUMENTED = (
    "/modeldata/92c76a2f-0e1c-4216-b65e-abf7a3f34c1e/myresourcegrp/myWorkspace/aks-w-collv9/"
    "best_model/10/inputs/2018/12/31/data.csv"
)
NAMES = Names("s/r/w", "service", "model", "10", "inputs")
DAY = datetime(2018, 12, 31, 17, tzinfo=UTC)


def path_of(**names: Any) -> str:
    """The path where these names differ from NAMES."""
    return DocumentedLayout().path(NAMES._replace(**names), DAY, extension="csv")


def test_the_documents_own_example() -> None:
    """The documented path, below its container, with the workspace lower-cased."""
    layout: Layout = DocumentedLayout()
    names = Names(
        "92c76a2f-0e1c-4216-b65e-abf7a3f34c1e/myresourcegrp/myWorkspace",
        "aks-w-collv9",
        "best_model",
        "10",
        "inputs",
    )
    wanted = DOCUMENTED.removeprefix("/modeldata/").replace("myWorkspace", "myworkspace")
    assert layout.path(names, DAY, extension="csv") == wanted


def test_only_the_workspace_is_lower_cased() -> None:
    """All other names keep their case."""
    path = path_of(workspace="S/R/W", service="SV", model="Model", version="V", identifier="Raw")
    assert path == "s/r/w/SV/Model/V/Raw/2018/12/31/data.csv"


def test_the_date_is_padded() -> None:
    """Four, two and two digits, whatever the day."""
    path = DocumentedLayout().path(NAMES, datetime(987, 6, 5, tzinfo=UTC), extension="jsonl")
    assert path.endswith("/inputs/0987/06/05/data.jsonl")


def test_repr() -> None:
    """The layout tells its name."""
    assert repr(DocumentedLayout(hourly=True)) == "<DocumentedLayout by hour>"
    assert repr(TemplateLayout("{model}/{yyyy}")) == "<TemplateLayout {model}/{yyyy}>"


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        ("plain-Name_1.2", "plain-Name_1.2"),
        (".", "~2E"),
        ("..", "~2E~2E"),
        ("...", "..~2E"),
        ("a.", "a~2E"),
        (".hidden", ".hidden"),
        ("../../x", "..~2F..~2Fx"),
        ("%2e%2e", "~252e~252e"),
        ("a b", "a~20b"),
        ("a~b", "a~7Eb"),
        ("a\\b", "a~5Cb"),
        ("a\nb\x00", "a~0Ab~00"),
        ("a\n", "a~0A"),
        ("ü", "~C3~BC"),
        ("u\N{COMBINING DIAERESIS}", "u~CC~88"),
        ("x?sig=1#y", "x~3Fsig~3D1~23y"),
    ],
)
def test_a_name_becomes_one_segment(name: str, segment: str) -> None:
    """Each byte outside the safe letters is written in hexadecimal, after a tilde."""
    assert escape(name, what="model") == segment
    assert path_of(model=name) == f"s/r/w/service/{segment}/10/inputs/2018/12/31/data.csv"


@pytest.mark.parametrize("what", ["service", "model", "version", "identifier"])
@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("", "must not be empty; leave it out, or give it a name"),
        ("a\ud800", "UTF-8"),
        ("x" * 201, "takes 201 bytes in a path, and the limit is 200; use a shorter name"),
        ("ü" * 34, "takes 204 bytes"),
        (10, "must be text, not int; put it in quotes"),
        (None, "must be text, not NoneType"),
    ],
    ids=["empty", "surrogate", "long", "long-escaped", "number", "none"],
)
def test_a_name_that_makes_no_segment(what: str, name: Any, remedy: str) -> None:
    """ConfigError says which name is wrong, and what to do about it."""
    with pytest.raises(ConfigError, match=rf"^{what} .*{remedy}"):
        path_of(**{what: name})


def test_the_longest_segment() -> None:
    """200 bytes still pass."""
    assert escape("x" * 200, what="model") == "x" * 200


@pytest.mark.parametrize("workspace", ["", "w", "r/w", "s/r/w/x", "/s/r/w", "s\\r\\w", None])
def test_a_workspace_has_three_parts(workspace: Any) -> None:
    """Anything but <subscription>/<resource group>/<workspace> is refused with that remedy."""
    with pytest.raises(ConfigError, match=r"workspace=.* must have three parts: '<subscription>/"):
        path_of(workspace=workspace)


@pytest.mark.parametrize("workspace", ["//", "s//w", "/r/w"])
def test_no_part_of_a_workspace_is_empty(workspace: str) -> None:
    """Two slashes in a row are not a part."""
    with pytest.raises(ConfigError, match="each part of workspace must not be empty"):
        path_of(workspace=workspace)


def test_a_workspaces_dots_stay_below_it() -> None:
    """A workspace cannot lead out of the container."""
    assert path_of(workspace="../../..").startswith("~2E~2E/~2E~2E/~2E~2E/service/")


def test_the_whole_path_is_bounded() -> None:
    """Names that are fine one by one may still be too long together."""
    long = {"service": "x" * 200, "model": "y" * 200, "version": "z" * 200}
    assert len(path_of(**long, identifier="i" * 200)) < 900
    with pytest.raises(ConfigError, match=r"make a path of 9.. bytes, and the limit is 900"):
        path_of(**long, identifier="i" * 200, workspace=f"s/r/{'w' * 100}")


def test_an_extension_cannot_lead_elsewhere() -> None:
    """A user's own encoder names the extension, so it is escaped like any name."""
    path = DocumentedLayout().path(NAMES, DAY, extension="../csv")
    assert path.endswith("/31/data...~2Fcsv")


def test_the_hour_is_a_folder_more() -> None:
    """As the collector before us had it for the hour boundary."""
    day, hour = DocumentedLayout(), DocumentedLayout(hourly=True)
    folder = day.path(NAMES, DAY, extension="csv").removesuffix("/data.csv")
    assert hour.path(NAMES, DAY, extension="csv") == f"{folder}/17/data.csv"


def test_templates() -> None:
    """Fields by name; names are escaped, and cannot leave their segment."""
    layout = TemplateLayout("lake/{model}/v={version}/{yyyy}-{MM}-{dd}T{HH}.{extension}")
    names = NAMES._replace(model="../x", version="1/2")
    assert layout.path(names, DAY, extension="jsonl") == ("lake/..~2Fx/v=1~2F2/2018-12-31T17.jsonl")


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{nodel}/{yyyy}", "unknown field {nodel}"),
        ("{model.__class__}/{yyyy}", "unknown field"),
        ("{model!r}/{yyyy}", "write {model}"),
        ("{model:>9}/{yyyy}", "write {model}"),
        ("{0}/{yyyy}", "unknown field {0}"),
        ("{model", "expected '}'"),
        ("a b/{yyyy}", "may contain only"),
        ("../{yyyy}", "empty or ends with a dot"),
        ("/{yyyy}", "empty"),
        ("{model}//{yyyy}", "empty"),
        ("{yyyy}/", "empty"),
        ("{model}/data.csv", "contains no day"),
        (7, "must be text"),
    ],
)
def test_bad_templates(template: Any, words: str) -> None:
    """Refused when the layout is made, with what would do."""
    with pytest.raises(ConfigError) as caught:
        TemplateLayout(template)
    assert words in str(caught.value)
