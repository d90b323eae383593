"""Writes cli.md: each command with its arguments, as ``--help`` has them.

python docs/reference/cli.py
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))

from aiocollect.cli.main import _parser

PAGE: Final = Path(__file__).with_name("cli.md")

OPENING: Final = """# The command line

Made by `python docs/reference/cli.py` from the commands themselves; `aiocollect COMMAND --help`
says the same. Data goes to stdout, notices go to stderr, so that a pipe gets data alone. No command
shows a secret, and only those that show rows show cells.

Exit codes: 0 done, 1 failed (or less than was asked for), 2 an invalid command line, 3 nothing
there, 130 interrupted. Where a command has others, it says so.

| command | what it does |
|---|---|
"""


def cell(text: str) -> str:
    """Text in a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "\\<")


def name_of(action: argparse.Action) -> str:
    """How an argument is written, with what follows it."""
    value = ""
    if action.nargs != 0:
        choices = action.choices and "{" + ",".join(map(str, action.choices)) + "}"
        value = str(action.metavar or choices or action.dest.upper())
    if not action.option_strings:
        return f"`{value}`"
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    return f"{names} `{value}`" if value else names


def command(name: str, parser: argparse.ArgumentParser) -> str:
    """The section of a command."""
    formatter = parser._get_formatter()
    rows = [
        f"| {cell(name_of(action))} | {cell(formatter._expand_help(action))} |"
        for action in parser._actions
        if action.dest != "help" and action.help
    ]
    given = " ".join(
        name_of(action).strip("`") if action.required else f"[{name_of(action).strip('`')}]"
        for action in parser._actions
        if not action.option_strings
    )
    usage = f"aiocollect {name} {given}".strip() + " [options]"
    text = textwrap.fill(" ".join((parser.description or "").split()), 100)
    table = "\n".join(["| argument | |", "|---|---|", *rows])
    return f"## {name}\n\n```\n{usage}\n```\n\n{text}\n\n{table}"


def page() -> str:
    """The page's text."""
    os.environ.pop("AIOCOLLECT_SETTINGS_FILE", None)  # a default of some options
    _, commands = _parser()
    listed = {
        choice.dest: choice.help or ""
        for action in _parser()[0]._actions
        if isinstance(action, argparse._SubParsersAction)
        for choice in action._choices_actions
    }
    index = "\n".join(f"| [{name}](#{name}) | {cell(listed[name])} |" for name in commands)
    sections = [command(name, parser) for name, parser in commands.items()]
    return OPENING + index + "\n\n" + "\n\n".join(sections) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
