"""Checks of this interpreter, its packages, and the options of the pipeline. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..diagnosis import CheckResult
from ..facts import Facts, OptionsFacts

__all__ = ["core", "limits", "options", "packages", "python", "switch", "variables"]

LEAST_PYTHON = (3, 11)
TRIED_PYTHON = (3, 13)
# Of a container's memory, what a pipeline's budget may take: the server itself needs the rest.
SHARE_OF_MEMORY = 0.5
# Descriptors that a server has open for itself, beside a pipeline's.
OTHER_FILES = 64
# Between what is wrong and what to do, in the messages of ConfigError.
_split = re.compile(r"(?<! ); |\. (?=[A-Z])").split


def python(facts: Facts) -> Iterator[CheckResult]:
    """The interpreter is one that aiocollect was tried with."""
    version = facts.process.python
    shown = f"Python {'.'.join(map(str, version))} on {facts.process.system}"
    if version[:2] < LEAST_PYTHON:
        yield CheckResult("python", "fail", shown, "use Python 3.11 or newer")
    elif version[:2] > TRIED_PYTHON:
        yield CheckResult(
            "python", "warn", f"{shown}: newer than the last one that was tried, 3.13"
        )
    else:
        yield CheckResult("python", "ok", shown)


def packages(facts: Facts) -> Iterator[CheckResult]:
    """What aiocollect needs is there, and not too old."""
    found = facts.process.packages
    missing = [name for name, (version, _) in found.items() if version is None]
    old = [
        f"{name} {version} is older than {least}"
        for name, (version, least) in found.items()
        if version is not None and _older(version, least)
    ]
    if missing:
        text = f"not installed: {', '.join(missing)}"
        yield CheckResult("packages", "fail", text, f"pip install {' '.join(missing)}")
    elif old:
        wanted = " ".join(
            f"'{name}>={least}'"
            for name, (version, least) in found.items()
            if version is not None and _older(version, least)
        )
        yield CheckResult("packages", "fail", "; ".join(old), f"pip install --upgrade {wanted}")
    else:
        yield CheckResult(
            "packages", "ok", ", ".join(f"{name} {one[0]}" for name, one in found.items())
        )


def core(facts: Facts) -> Iterator[CheckResult]:
    """The native core runs."""
    if facts.process.core == "native":
        yield CheckResult("core", "ok", "native")
    else:
        yield CheckResult(
            "core",
            "warn",
            f"{facts.process.core}: rows are recorded as exactly, at a higher cost per call",
            "install a wheel with the native core, or build it: make native",
        )


def limits(facts: Facts) -> Iterator[CheckResult]:
    """Descriptors and memory are enough for the options."""
    files, options = facts.process.open_files, facts.options
    if files is not None:
        wanted = options.max_in_flight + OTHER_FILES
        text = f"{files:,} open files allowed"
        if files < wanted:
            remedy = f"raise the limit: ulimit -n {max(1024, wanted)}, or LimitNOFILE= of systemd"
            text += f", and max_in_flight={options.max_in_flight} needs about {wanted}"
            yield CheckResult("limits", "warn", text, remedy, "TooManyOpenFiles")
        else:
            yield CheckResult("limits", "ok", text)
    memory = facts.process.memory_limit
    if memory is None:
        return
    text = (
        f"the container has {_mib(memory)}, the pipeline may use {_mib(options.max_memory_bytes)}"
    )
    if options.max_memory_bytes > memory * SHARE_OF_MEMORY:
        fitting = int(memory * SHARE_OF_MEMORY)
        remedy = f"set AIOCOLLECT_MAX_MEMORY_BYTES={fitting}, or raise the container's memory limit"
        yield CheckResult("memory", "warn", text, remedy)
    else:
        yield CheckResult("memory", "ok", text)


def variables(facts: Facts) -> Iterator[CheckResult]:
    """No variable is misspelled."""
    for variable, meant in facts.options.near.items():
        yield CheckResult(
            "variables",
            "fail",
            f"{variable} is not a variable of aiocollect, and looks like {meant}",
            f"rename it to {meant}, or unset it: unset {variable}",
            group="configuration",
        )
    for variable, meant in facts.options.alike.items():
        yield CheckResult(
            "variables",
            "warn",
            f"{variable} is ignored, and looks like {meant}",
            f"rename it to {meant}, or unset it: unset {variable}",
            group="configuration",
        )
    for variable in facts.options.foreign:
        yield CheckResult(
            "variables",
            "warn",
            f"{variable} is not a variable of aiocollect, and is ignored",
            f"unset {variable}; the variables are in docs/reference/options.md",
            group="configuration",
        )
    if not (facts.options.near or facts.options.alike or facts.options.foreign):
        yield CheckResult("variables", "ok", "none is misspelled")


def options(facts: Facts) -> Iterator[CheckResult]:
    """A pipeline takes the options; each that is set, with its source."""
    found = facts.options
    if found.problem and not (found.near and "did you mean" in found.problem):
        what, *remedies = _split(found.problem, maxsplit=1)
        remedy = remedies[0] if remedies else _correct(found, what)
        yield CheckResult("options", "fail", what, remedy, "ConfigError", group="configuration")
    for option in found.options:
        yield CheckResult("options", "ok", f"{option.name}={option.shown} (from {option.source})")
    if not found.problem:
        yield CheckResult("options", "ok", "all others have their defaults")


def switch(facts: Facts) -> Iterator[CheckResult]:
    """Recording is on."""
    found = facts.options
    if not found.enabled:
        source = next((one.source for one in found.options if one.name == "enabled"), "the program")
        file = next((one.shown for one in found.options if one.name == "settings_file"), "FILE")
        remedy = (
            f"aiocollect enable --settings {file}"
            if source == "settings file"
            else f"unset {source}, or set it to true"
        )
        text = f"recording is switched off (from {source}): collect() returns None"
        yield CheckResult("switch", "fail", text, remedy, group="configuration")
    for collector in found.switched_off:
        text = f"the settings file switches {collector} off"
        yield CheckResult("switch", "warn", text, f"aiocollect enable {collector}")
    if found.enabled and not found.switched_off:
        yield CheckResult("switch", "ok", "recording is on")


def _correct(found: OptionsFacts, problem: str) -> str:
    """What to do about an option, where its message does not say it: which variable it is."""
    name = problem.partition("=")[0].partition(":")[0].strip()
    source = next((one.source for one in found.options if one.name == name), "it")
    what = "the argument" if source == "argument" else source
    return f"correct {what}; the options are in docs/reference/options.md"


def _older(version: str, least: str) -> bool:
    return _numbers(version) < _numbers(least)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
