"""Each Python block of a page runs, and each console block, as a reader would try them.

A page begins in a folder of its own, with rows of a model in ``./modeldata`` and the names of
``world()``; a tutorial begins with nothing. What else a block needs stands before it in an
invisible block; a block that cannot run here says why (sybil's directives in HTML comments, which
neither GitHub nor the site shows).
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import os
import re
import shlex
import tempfile
import types
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import SkipTest

from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, SkipParser
from sybil.typing import Parser

import aiocollect
from aiocollect import Pipeline
from aiocollect.cli import main

# Their blocks need a process or a test session of their own: tests/house runs them.
ELSEWHERE = ("how-to/azure.md", "how-to/guide.md", "how-to/reading.md", "how-to/testing.md")
SCORED = datetime(2026, 11, 3, 12, tzinfo=UTC)
NAMES = {"age": float, "plan": str}


def run(example: Example) -> None:
    """As a notebook does it: with ``await`` outside of functions."""
    code = "\n" * example.line + str(example.parsed)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    made = types.FunctionType(
        compile(code, example.path, "exec", flags=flags), example.document.namespace
    )
    result = made()
    if inspect.iscoroutine(result):
        example.document.namespace["_loop"].run_until_complete(result)


def enter(example: Example) -> None:
    """Commands after a ``$``, which print what follows them. ``…`` stands for any text."""
    given = re.split(r"^\$ ", str(example.parsed), flags=re.MULTILINE)
    assert not given[0].strip(), "a console block begins with a command"
    if not all(entry.startswith("aiocollect ") for entry in given[1:]):
        raise SkipTest("programs of others")
    for entry in given[1:]:
        command, _, shown = entry.partition("\n")
        arguments = shlex.split(command)[1:]
        printed = io.StringIO()
        with redirect_stdout(printed):
            main(arguments)
        pattern = ".*".join(re.escape(part) for part in shown.strip().split("…"))
        lines = "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())
        assert not shown.strip() or re.fullmatch(pattern, lines, re.DOTALL), lines


def empty(names: dict[str, Any]) -> None:
    """An empty folder, whose ``modeldata`` is the store."""
    folder = tempfile.TemporaryDirectory()
    names |= {"_folder": folder, "_back": os.getcwd(), "_loop": asyncio.new_event_loop()}
    names["_store"] = os.environ.get("AIOCOLLECT_STORE")
    os.chdir(folder.name)
    os.environ["AIOCOLLECT_STORE"] = f"file://{folder.name}/modeldata"


def world(names: dict[str, Any]) -> None:
    """A pipeline on that store, and rows of a model."""
    empty(names)
    pipeline = Pipeline.from_env(host="thread")
    churn = pipeline.model("churn", version="10", inputs=NAMES, predictions={"p": float})
    labels = pipeline.collector(
        "churn", version="10", identifier="labels", feature_names=["churned"]
    )
    scored = churn.collect(
        inputs=[[41.0, "gold"], [7.0, "basic"]], predictions=[0.5, 0.1], at=SCORED
    )
    labels.collect([True], correlation_id=scored, row=0)
    churn.collect(inputs=[[23.0, "basic"]], predictions=[0.2])
    assert pipeline.flush_sync(10).complete
    names |= {"aiocollect": aiocollect, "Pipeline": Pipeline, "pipeline": pipeline, "churn": churn}
    names["_first"] = pipeline  # also if the page has one of that name
    names |= {"Path": Path, "scored": scored, "labels": labels}


def end(names: dict[str, Any]) -> None:
    """No pipeline is left open, no file behind."""
    for made in {id(one): one for one in names.values() if isinstance(one, Pipeline)}.values():
        made.close()
    names["_loop"].close()
    os.chdir(names["_back"])
    os.environ.pop("AIOCOLLECT_STORE")
    if names["_store"] is not None:
        os.environ["AIOCOLLECT_STORE"] = names["_store"]
    names["_folder"].cleanup()


PARSERS: list[Parser] = [
    CodeBlockParser("python", run),
    CodeBlockParser("console", enter),
    SkipParser(),
]
TUTORIALS = "tutorials/*.md"

pytest_collect_file = (
    Sybil(PARSERS, pattern="*.md", excludes=[TUTORIALS, *ELSEWHERE], setup=world, teardown=end)
    + Sybil(PARSERS, pattern=TUTORIALS, setup=empty, teardown=end)
).pytest()
