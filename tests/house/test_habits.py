"""What the build files say of one another."""

from __future__ import annotations

import re
import tomllib

import aiocollect
from tests.house.pages import read

PROJECT = tomllib.loads(read("pyproject.toml"))


def test_the_version_is_the_changelogs() -> None:
    """Its first section, or what is on the way to it; written in one place."""
    [newest, *_] = re.findall(r"^## (\d+\.\d+\.\d+)", read("CHANGELOG.md"), re.MULTILINE)
    assert aiocollect.__version__ in {newest, f"{newest}.dev0"}
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["hatch"]["version"] == {"path": "aiocollect/_version.py"}


def test_the_core_depends_on_four_packages() -> None:
    """Everything else is an extra, or a group of those who work on it."""
    names = [re.match(r"[\w-]+", wanted) for wanted in PROJECT["project"]["dependencies"]]
    assert [name and name[0] for name in names] == [
        "aiohttp",
        "azure-storage-blob",
        "orjson",
        "uvloop",
    ]
    assert set(PROJECT["project"]["optional-dependencies"]) == {
        "identity",
        "prometheus",
        "opentelemetry",
        "read",
        "delta",
        "top",
    }


def test_the_lock_has_each_group() -> None:
    """Each of its packages, by hash."""
    text = read("requirements-dev.txt") + read("docs/requirements.txt")
    locked = set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))
    for wanted in [tool for group in PROJECT["dependency-groups"].values() for tool in group]:
        if isinstance(wanted, str):
            name = re.split(r"[\[>=<;~ ]", wanted)[0].lower().replace("_", "-")
            assert name in locked, wanted
    assert locked >= set(re.findall(r"^([\w.-]+)==", read("requirements.txt"), re.MULTILINE))


def test_each_verb_has_its_help() -> None:
    """And is no file's name."""
    makefile = read("Makefile")
    verbs = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert verbs == set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    [phony] = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(phony.split()) == verbs
