"""Writes options.md: each option of a pipeline with its variable, its default, and the reason.

    python docs/reference/options.py

Names and texts are those of the docstrings, so help() says the same; variables are those that the
configuration reads.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from aiocollect import Limits, Pipeline, Retry
from aiocollect._config.env import _OPTIONS, _STORE_OPTIONS
from aiocollect.options import AzureOptions, StoreOptions

PAGE: Final = Path(__file__).with_name("options.md")

OPENING: Final = """# Options and variables

Made by `python docs/reference/options.py` from the docstrings of `Pipeline`, `Limits`, `Retry` and
`AzureOptions`. Times are in seconds, sizes in bytes. A wrong value raises ConfigError, which names
the option and says what to do.

`Pipeline.from_env()` reads the variables, and so do the commands; what is given in the program
takes precedence. A misspelled `AIOCOLLECT_` name is refused, with the name that was probably meant.
Variables that Kubernetes makes for a service named `aiocollect…` are ignored.

## A pipeline

"""

OTHERS: Final = {
    "`AIOCOLLECT_STORE`": "the first argument of `Pipeline`: where rows go",
    "`AIOCOLLECT_NATIVE`": "`0`: this process runs in Python, without the "
    "[native core](../explanation/native.md); `1`: it refuses to run without it",
    "`AIOCOLLECT_GATEWAY_TOKEN`": "the token of `aiocollect gateway`, where no `--token-file` "
    "gives it: [gateway](../how-to/gateway.md#access)",
    "`AML_MODEL_DC_STORAGE`": "a connection string; the container is `modeldata`. Used where "
    "`AIOCOLLECT_STORE` is not set",
    "`AML_MODEL_DC_STORAGE_ENABLED`": "`enabled`: `true`, or anything else for off",
    "`AML_MODEL_DC_BOUNDARY`": '`hour` is `layout="hour"`, anything else is `"day"`',
    "`AML_MODEL_DC_FLUSH_INTERVAL_SECONDS`": "`linger`",
}

CLOSING: Final = """The drop-ins alone read `AZUREML_MDC_…` and the other variables of Azure ML's
collectors: [coming from Azure ML](../how-to/compat.md). What a command reads is on [its
page](cli.md).
"""


class Row(NamedTuple):
    """One row of a docstring's table: the names that share it, and what it says."""

    names: tuple[str, ...]
    text: str


def rows_of(docstring: str | None) -> Iterator[Row]:
    """The rows of the table in a docstring: names in the first column, text in the second."""
    _, border, *_ = re.split(r"^ *(=+  =+)$", docstring or "", maxsplit=1, flags=re.MULTILINE)
    width = border.index(" ")
    table = (docstring or "").split(border)[1]
    names: list[str] = []
    texts: list[str] = []
    for line in (line[4:] for line in table.splitlines() if line.strip()):
        if line.startswith("``") and names:
            yield Row(tuple(names), " ".join(texts))
            texts = []
        if line.startswith("``"):
            names = re.findall(r"\w+", line[:width])
        texts.append(line[width:].strip())
    yield Row(tuple(names), " ".join(texts))


def cells(row: Row) -> tuple[str, str]:
    """Default, and text with the reason for the default."""
    text, _, bracket = row.text.partition(" [")
    default, _, reason = bracket.removesuffix("]").partition(": ")
    text = re.sub(r"``([^`]+)``", r"`\1`", text).replace("|", "\\|").replace("<", "\\<")
    shown = ", ".join(f"`{one}`" for one in default.split(", ") if one)
    why = "Without" if default == "None" else "Why"
    return shown, f"{text}. {why}: {reason}" if reason else text


def variable(name: str) -> str:
    """What stands for an option in the environment; nothing for values of Python."""
    known = _OPTIONS | _STORE_OPTIONS
    return f"`AIOCOLLECT_{name.upper()}`" if name in known else ""


def drawn(rows: list[tuple[str, ...]]) -> str:
    """A table; its first row is the head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def options(docstring: str | None) -> list[tuple[str, ...]]:
    """Names with their variables, default and text of each option of a docstring."""
    return [
        (
            "<br>".join(
                [f"`{name}`" for name in row.names] + list(filter(None, map(variable, row.names)))
            ),
            *cells(row),
        )
        for row in rows_of(docstring)
    ]


def page() -> str:
    """The page's text."""
    head: tuple[str, ...] = ("option, variable", "default", "what it does")
    store = [*options(AzureOptions.__doc__), *options(StoreOptions.__doc__)]
    parts = [
        OPENING + drawn([head, *options(Pipeline.__doc__)]),
        "## An Azure store\n\nGiven by `store_options={…}`, or to `AzureStore`: "
        "[Azure](../how-to/azure.md).\n\n" + drawn([head, *store]),
        "## Limits\n\nBounds that few need to change: "
        "`Pipeline(…, limits=Limits(max_blocks=20_000))`.\n\n"
        + drawn([head, *options(Limits.__doc__)]),
        "## Retry\n\nWaits: `Pipeline(…, retry=Retry(cap=5.0))`. Attempts are not counted: rows "
        "are tried again\nuntil they are stored, or the pipeline closes.\n\n"
        + drawn([head, *options(Retry.__doc__)]),
        "## Other variables\n\n" + drawn([("variable", "what it does"), *OTHERS.items()]),
        CLOSING,
    ]
    return "\n\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
