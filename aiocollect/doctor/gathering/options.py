"""Facts of the options: what is set, where, and whether a pipeline takes it. It starts none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from aiocollect import ConfigError, Pipeline
from aiocollect._validation.variables import check_variables
from aiocollect.options import PipelineOptions
from aiocollect.settings_file import read_control

from ..facts import OptionFact, OptionsFacts

__all__ = ["VARIABLES", "misspelled", "options_facts", "value_of"]

PREFIX: Final = "AIOCOLLECT_"
# Options that have no variable: they are objects.
_OBJECTS: Final = ("store_options", "hooks", "limits", "retry")
# They are looked at by themselves, and not made for it.
_FILES: Final = ("spool", "status", "settings_file", "dead_letters")
_OF_STORE: Final = ("ca_file", "proxy", "endpoint_suffix", "create_container")
VARIABLES: Final = {
    PREFIX + name.upper(): name
    for name in (*PipelineOptions.__annotations__, *_OF_STORE)
    if name not in _OBJECTS
}
# Read when the package is imported.
_NATIVE: Final = "AIOCOLLECT_NATIVE"
_OTHERS: Final = ("AIOCOLLECT_GATEWAY_", "AIOCOLLECT_CONTRACT_")
_OLD: Final = "AML_MODEL_DC_"
# Never shown: a secret, or something that can hold one.
_SECRET: Final = ("store", "credential", "log_key", "proxy")
_IDENTITIES: Final = ("default", "managed", "workload", "cli")
_is_plain = re.compile(r"[\w./:@,{}<> -]{0,120}").fullmatch
_may_be_secret = re.compile(r"sig=|[A-Za-z0-9+/=_-]{40,}", re.IGNORECASE).search
_is_prefix = re.compile(r"AI?O?_?COLL?ECT(OR)?_", re.IGNORECASE).match
# How alike two names are that are not one edit apart.
_ALIKE: Final = 0.72
_NUMBERS: Final = {
    "linger": float, "max_in_flight": int, "max_memory_bytes": int,
}  # fmt: skip


def options_facts(
    environ: Mapping[str, str], given: Mapping[str, Any], *, shown: str
) -> OptionsFacts:
    """Of the environment, and of what the command line has ``given``. ``shown`` stands for the
    store's address."""
    near, alike, foreign = misspelled(environ)
    found = [
        OptionFact(name, _shown(name, str(value), shown), "argument")
        for name, value in given.items()
    ]
    names = {option.name for option in found}
    for variable, name in VARIABLES.items():
        if variable in environ and name not in names:
            found.append(OptionFact(name, _shown(name, environ[variable], shown), variable))
            names.add(name)
    for variable, text in environ.items():
        if variable.startswith(_OLD):
            name = variable.removeprefix(_OLD).lower()
            found.append(OptionFact(name, _shown(name, text, ""), variable))
    enabled, off, problem = _switches(environ, found)
    return OptionsFacts(
        options=tuple(found),
        near=near,
        alike=alike,
        foreign=foreign,
        problem=_problem(environ, given) or problem,
        enabled=enabled,
        switched_off=off,
        writer=str(value_of("writer", environ, given) or "shared"),
        log=_is_true(value_of("log", environ, given), True),
        create_container=_is_true(value_of("create_container", environ, given), True),
        **_numbers(environ, given),
    )


def value_of(name: str, environ: Mapping[str, str], given: Mapping[str, Any]) -> str | None:
    """The text of an option, from the argument or its variable."""
    if name in given:
        return str(given[name])
    return environ.get(PREFIX + name.upper()) or None


def misspelled(
    names: Iterable[str],
) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
    """The variables that a pipeline refuses, each with the one that it may mean; those that it
    ignores and that look like one of ours; those with our prefix that look like none."""
    near: dict[str, str] = {}
    alike: dict[str, str] = {}
    foreign: list[str] = []
    for variable in names:
        if variable in VARIABLES or variable == _NATIVE or variable.startswith((*_OTHERS, _OLD)):
            continue
        reported: list[str] = []
        try:
            # A pipeline's own judgement, which passes over service links.
            list(
                check_variables(
                    {variable: ""},
                    PREFIX,
                    known=[one.removeprefix(PREFIX) for one in (*VARIABLES, _NATIVE)],
                    others=_OTHERS,
                    report=reported.append,
                )
            )
        except ConfigError as error:
            meant = re.search(r"did you mean (\w+)", str(error))
            near[variable] = meant[1] if meant else f"{PREFIX}STORE"
            continue
        like = _alike(variable)
        if like and (reported or not variable.startswith(PREFIX)):
            alike[variable] = like
        elif reported:
            foreign.append(variable)
    return near, alike, tuple(foreign)


def _alike(variable: str) -> str | None:
    """The variable of ours that it resembles more loosely: only what follows the prefix counts, so
    that the prefix alone makes nothing alike; and the prefix may be misspelled."""
    ours = _is_prefix(variable)
    if ours is None:
        return None
    rests = [one.removeprefix(PREFIX) for one in VARIABLES]
    rest = variable[ours.end() :].upper()
    found = get_close_matches(rest, rests, n=1, cutoff=_ALIKE)
    found = found or [one for one in rests if rest.startswith(f"{one}_")]
    return PREFIX + found[0] if found else None


def _problem(environ: Mapping[str, str], given: Mapping[str, Any]) -> str:
    """Why a pipeline would not be made; "" if it would. No directory is created for it."""
    try:
        Pipeline.from_env(environ, **{**given, **dict.fromkeys(_FILES)})
    except ConfigError as error:
        return str(error)
    except ValueError as error:
        return f"{type(error).__name__}; check the values of the variables"
    return ""


def _switches(
    environ: Mapping[str, str], found: list[OptionFact]
) -> tuple[bool, tuple[str, ...], str]:
    """Whether recording is on; collectors that the settings file switches off; what is wrong with
    that file."""
    old = environ.get(f"{_OLD}STORAGE_ENABLED")
    if old is not None and old != "true" and not environ.get(f"{PREFIX}ENABLED"):
        # The old collector took nothing else for on.
        found.append(OptionFact("enabled", "false", f"{_OLD}STORAGE_ENABLED"))
    enabled = _is_true(environ.get(f"{PREFIX}ENABLED"), old in (None, "true"))
    path = environ.get(f"{PREFIX}SETTINGS_FILE")
    if not path:
        return enabled, (), ""
    try:
        control = read_control(path)
    except ConfigError:
        return enabled, (), ""  # told where the file is looked at
    if control.whole.enabled is False:
        found.append(OptionFact("enabled", "false", "settings file"))
        enabled = False
    if control.whole.sample_rate not in (None, 1.0):
        found.append(OptionFact("sample_rate", f"{control.whole.sample_rate:g}", "settings file"))
    off = [name for name, switch in control.collectors.items() if switch.enabled is False]
    return enabled, tuple(off), ""


def _numbers(environ: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for name, kind in _NUMBERS.items():
        text = value_of(name, environ, given)
        if text is not None:
            try:
                numbers[name] = kind(text)
            except ValueError:
                continue  # told by the problem
    return numbers


def _is_true(text: str | None, default: bool) -> bool:
    return default if not text else text.lower() in ("true", "1")


def _shown(name: str, text: str, store: str) -> str:
    """The value of an option, without what could be a secret."""
    if name == "store":
        return store or "(not shown)"
    if name == "credential" and text.strip().lower() in _IDENTITIES:
        return text.strip().lower()
    if name in _SECRET or name == "storage":
        return "(set, not shown)"
    if not _is_plain(text) or (_may_be_secret(text) and "/" not in text):
        return "(not shown)"
    return text
