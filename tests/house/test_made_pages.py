"""The pages that scripts make say what the code says today (make pages writes them again)."""

from __future__ import annotations

import inspect
import re
import runpy
from typing import Any

import pytest

from aiocollect import Limits, Pipeline, Retry
from aiocollect._config.env import _OPTIONS, _STORE_OPTIONS
from aiocollect.options import AzureOptions, PipelineOptions, StoreOptions
from tests.house.pages import ROOT, read
from tests.house.test_surface import THINGS

# values.md takes its script a while, and depends on libraries: test_values_page.py.
MADE = ("api", "cli", "errors", "options")
SIZES = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


@pytest.mark.parametrize("name", MADE)
def test_the_page_is_current(name: str) -> None:
    """It is what its script makes."""
    script: dict[str, Any] = runpy.run_path(str(ROOT / f"docs/reference/{name}.py"))
    assert read(f"docs/reference/{name}.md") == script["page"](), "run: make pages"


def told(heading: str) -> dict[str, str]:
    """The options of a section, with the default that the page shows."""
    section = (
        read("docs/reference/options.md").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    )
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:3] == "| `"]
    found: dict[str, str] = {}
    for row in rows:
        names, defaults = re.findall(r"`([a-z]\w+)`", row[0]), re.findall(r"`([^`]+)`", row[-2])
        found |= dict(zip(names, defaults or [""] * len(names), strict=True))
    return found


def value(text: str) -> object:
    """The default that a text means."""
    number, _, unit = text.replace(",", "").partition(" ")
    return int(number) * SIZES[unit] if unit in SIZES else eval(text.replace(",", ""))


@pytest.mark.parametrize(
    ("heading", "made"), [("A pipeline", Pipeline), ("Limits", Limits), ("Retry", Retry)]
)
def test_the_defaults_are_those_of_the_code(heading: str, made: type) -> None:
    """As the docstring names them; an option without one there is None, or a group of its own."""
    parameters = inspect.signature(made).parameters
    for name, default in told(heading).items():
        meant = None if name == "layout" else value(default) if default else None
        if name not in ("store_options", "hooks", "limits", "retry"):
            assert parameters[name].default == meant, name


def test_each_option_is_on_the_page() -> None:
    """Of pipelines and of stores, with its variable."""
    page = read("docs/reference/options.md")
    assert set(told("A pipeline")) == set(PipelineOptions.__annotations__) - {"store"}
    stores = set(AzureOptions.__annotations__) | set(StoreOptions.__annotations__)
    assert set(told("An Azure store")) == stores
    for name in _OPTIONS | _STORE_OPTIONS:
        assert f"`AIOCOLLECT_{name.upper()}`" in page


def test_each_public_name_is_on_the_page() -> None:
    """Under the module that it says it is imported from."""
    sections = re.findall(
        r"^## (\S+)$.*?:members: (.*?)$", read("docs/reference/api.md"), re.M | re.S
    )
    shown = {f"{module}.{name}" for module, names in sections for name in names.split(", ")}
    homes = {f"{thing.__module__}.{thing.__name__}" for thing in THINGS.values()}
    assert homes - shown == set()
