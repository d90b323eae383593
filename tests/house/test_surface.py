"""The public surface: what users import, read by help(), and have completed by their editors."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
import re
import textwrap
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import aiocollect
from aiocollect import Limits, Pipeline, ReceiptOutcome, Report, Retry, Stats, testing
from aiocollect._config.env import _OPTIONS
from aiocollect.errors import Refusal
from aiocollect.events import Event, Held
from aiocollect.options import PipelineOptions
from aiocollect.testing import FaultKind, FaultName, Operation, OperationName

PACKAGE = Path(aiocollect.__file__).parent


def test_the_options_of_a_pipeline_and_their_typed_dict_are_the_same() -> None:
    """What from_env() takes by PipelineOptions is what Pipeline() takes, of the same types."""
    hints = get_type_hints(Pipeline.__init__)
    public = [name for name in inspect.signature(Pipeline).parameters if not name.startswith("_")]
    assert get_type_hints(PipelineOptions) == {name: hints[name] for name in public}


def test_the_words_of_faults_are_all_their_kinds() -> None:
    """A Literal cannot be made of an enumeration, so it is written twice."""
    assert set(get_args(FaultName)) == {kind.value for kind in FaultKind}
    assert set(get_args(OperationName)) == {operation.value for operation in Operation}


# Users import these; every other module has an underscore, or belongs to one of these packages.
MODULES = {
    *("collectors", "compaction", "compat", "context", "default", "doctor", "encoders", "errors"),
    *("events", "gateway"),
    *("integrations", "layouts", "metrics", "options", "page", "pipeline", "reading"),
    *("redaction", "remedies", "settings_file", "stats", "stores", "testing", "typing"),
}
# Of these it is the packages and modules within that users import.
PACKAGES = {"compat", "integrations", "stores"}
# Programs, for the command line alone.
PROGRAMS = {"cli", "demo"}
# What is written here is imported from aiocollect.
HOMES = {"collectors", "context", "pipeline"}
EXPORTING = [
    "aiocollect",
    *(f"aiocollect.{name}" for name in sorted(MODULES - HOMES - PACKAGES)),
    *("aiocollect.stores.azure", "aiocollect.stores.local", "aiocollect.stores.memory"),
    *("aiocollect.compat.azureml_monitoring", "aiocollect.compat.azureml_ai_monitoring"),
    *(f"aiocollect.integrations.{name}" for name in ("aiohttp", "asgi", "flask", "headers")),
    *(f"aiocollect.integrations.{name}" for name in ("opentelemetry", "prometheus")),
    "aiocollect.integrations.pytest_plugin",
]


def exported() -> Iterator[tuple[str, str, Any]]:
    """Each public module, name, and class or function of ours that has this name."""
    for module in EXPORTING:
        for name in importlib.import_module(module).__all__:
            thing = getattr(importlib.import_module(module), name)
            ours = str(getattr(thing, "__module__", "")).startswith("aiocollect")
            if ours and (inspect.isclass(thing) or inspect.isfunction(thing)):
                yield module, name, thing


THINGS = {f"{module}.{name}": thing for module, name, thing in exported()}


def test_the_modules_without_an_underscore_are_public() -> None:
    """And there are no others, so that nothing is public by accident."""
    found = {
        path.stem
        for path in PACKAGE.iterdir()
        if not path.name.startswith("_") and path.name != "py.typed"
    }
    assert found == MODULES | PROGRAMS
    helps = aiocollect.__doc__ or ""
    assert [name for name in MODULES - HOMES if name not in helps] == []


@pytest.mark.parametrize("home", sorted(HOMES))
def test_what_is_written_in_a_home_is_imported_from_the_top(home: str) -> None:
    """Their public names are those of the package."""
    assert set(importlib.import_module(f"aiocollect.{home}").__all__) <= set(aiocollect.__all__)


@pytest.mark.parametrize("name", THINGS)
def test_a_public_name_says_where_it_is_imported_from(name: str) -> None:
    """Its module is public, and exports it: help() and tracebacks show what a user can type."""
    thing = THINGS[name]
    assert thing.__module__ in EXPORTING
    assert getattr(importlib.import_module(thing.__module__), thing.__name__) is thing
    assert pickle.loads(pickle.dumps(thing)) is thing


@pytest.mark.parametrize("name", THINGS)
def test_a_public_name_is_documented(name: str) -> None:
    """So are its public methods, and the types of its fields can be resolved."""
    thing = THINGS[name]
    # A dataclass without a docstring is given its signature as one.
    assert (thing.__doc__ or name).partition("(")[0] not in (name, thing.__name__)
    if dataclasses.is_dataclass(thing):
        assert get_type_hints(thing)
    if inspect.isclass(thing):
        for attribute, value in vars(thing).items():
            if attribute.startswith("_"):
                continue
            if inspect.isfunction(value) or isinstance(value, property):
                assert value.__doc__, attribute


@pytest.mark.parametrize(
    "kind", [Limits, Retry, Stats, Report, *get_args(Event)], ids=lambda kind: kind.__name__
)
def test_each_field_is_in_the_docstring(kind: type) -> None:
    """help() shows docstrings, not comments."""
    quoted = re.findall(r"``([\w, ]+)``", kind.__doc__ or "")
    named = {name for names in quoted for name in names.split(", ")}
    assert {field.name for field in dataclasses.fields(kind)} <= named


def test_each_option_is_in_the_docstring_of_a_pipeline() -> None:
    """All of them, the grouped ones too."""
    quoted = re.findall(r"``([\w, ]+)``", Pipeline.__doc__ or "")
    named = {name for names in quoted for name in names.split(", ")}
    assert set(get_type_hints(PipelineOptions)) <= named


def test_values_copy_and_pickle() -> None:
    """By the names that they say they have."""
    values = [
        *(Limits(max_blocks=7), Retry(cap=2.0), ReceiptOutcome.STORED),
        Report(accepted=1, stored=1, possibly_stored=0, in_memory=0, in_spool=0, seconds=0.1),
        Held(path="p", part="p", reason="ContainerNotFound"),
    ]
    for value in values:
        assert pickle.loads(pickle.dumps(value)) == value == copy.deepcopy(value)
        assert repr(value).startswith((type(value).__name__, f"<{type(value).__name__}"))
    assert repr(Limits) == "<class 'aiocollect.Limits'>"
    assert f"{ReceiptOutcome.STORED}" == "stored"


@pytest.mark.parametrize("kind", [FaultKind, ReceiptOutcome, Refusal], ids=lambda one: one.__name__)
def test_each_word_is_in_the_docstring(kind: type[Enum]) -> None:
    """What a member means is not in a comment beside it."""
    documented = set(re.findall(r"^``\"?(\w+)\"?``  ", inspect.getdoc(kind) or "", re.M))
    assert documented in ({one.value for one in kind}, set(kind.__members__))


def test_the_example_of_virtual_time_runs() -> None:
    """As it stands in the docstring, with its imports before it."""
    example = textwrap.dedent((testing.__doc__ or "").partition("::\n\n")[2].rpartition("\n\n")[0])
    assert example.endswith("run_virtual(main)")
    begin = "import asyncio\nfrom aiocollect import Pipeline\nfrom aiocollect.testing import *\n"
    exec(begin + example, {})


def test_each_option_of_text_or_number_has_a_variable() -> None:
    """All but those that are values of Python."""
    assert set(_OPTIONS) == set(get_type_hints(PipelineOptions)) - {
        *("store", "store_options", "hooks", "limits", "retry"),
    }
