"""Writes api.md: where each public name is, for the site to put its docstring there.

python docs/reference/api.py
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))

PAGE: Final = Path(__file__).with_name("api.md")

# Of these it is the modules within that users import.
PACKAGES: Final = {f"aiocollect.{name}" for name in ("compat", "integrations", "stores")}
# Of the command line: cli.md.
PROGRAMS: Final = {"aiocollect.cli", "aiocollect.demo"}

OPENING: Final = """# Python names

Every public name with its docstring, which `help(aiocollect)` shows in a terminal. GitHub shows the
lists of names alone; the site (`make docs`) shows all of it. What is in no list here, or has an
underscore, can change with any release.
"""


def modules() -> Iterator[str]:
    """aiocollect first, then its public modules, and those within PACKAGES."""
    yield "aiocollect"
    for name in sorted(_public("aiocollect") - PROGRAMS):
        yield from sorted(_public(name)) if name in PACKAGES else [name]


def _public(package: str) -> set[str]:
    """The modules in a package that have no underscore."""
    found = pkgutil.iter_modules(importlib.import_module(package).__path__)
    return {f"{package}.{one.name}" for one in found if not one.name.startswith("_")}


def names(module: str) -> list[str]:
    """What is documented there: each class and function where it says that it is."""
    there = importlib.import_module(module)
    things = {name: getattr(there, name) for name in there.__all__}
    return [
        name
        for name, thing in things.items()
        if (inspect.isclass(thing) or inspect.isroutine(thing)) and thing.__module__ == module
    ]


def page() -> str:
    """The page's text."""
    parts = [OPENING]
    for module in modules():
        members = names(module)
        if members:
            parts.append(
                f"## {module}\n\n```{{eval-rst}}\n.. automodule:: {module}\n"
                f"   :members: {', '.join(members)}\n```\n"
            )
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
