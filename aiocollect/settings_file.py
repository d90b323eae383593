"""The settings file: what operators change while a service runs.

A small JSON file, which a pipeline looks at every second, and ``aiocollect enable``, ``disable``
and ``status`` write and show::

    {"enabled": true, "sample_rate": 0.5,
     "collectors": {"churn": {"enabled": false}, "churn/11/inputs": {"sample_rate": 0.1}}}

Everything may be left out. A collector goes by its label, model/version/identifier, or by the
beginning of it. What the file says and what the program says must agree: on is what both switch on,
and the rates multiply. Beside the file, in ``<file>.collectors``, pipelines write down the labels
of their collectors, for ``enable`` and ``disable`` to refuse a name that there is not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ._core.switches import Control, Switch
from ._files.regular import append_line, read_small, write_new
from ._public import publish
from .errors import ConfigError

__all__ = [
    "Control",
    "Switch",
    "begins",
    "read_collectors",
    "read_control",
    "tell_collectors",
    "write_control",
]

publish(__name__, Control, Switch)

# Of the file: some ten thousand collectors. It is read at each change, and by whoever watches.
MAX_BYTES = 2**20


def begins(label: str, name: str) -> bool:
    """Whether ``name`` is a collector's label, or the beginning of it."""
    return label == name or label.startswith(f"{name}/")


def read_control(path: str | os.PathLike[str]) -> Control:
    """What the file says; a missing file says nothing. Raises ConfigError, which names the file."""
    try:
        found = json.loads(read_small(path, most=MAX_BYTES))
    except FileNotFoundError:
        return Control()
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not valid JSON in UTF-8"
        raise ConfigError(f"the settings file {os.fspath(path)} cannot be read: {why}") from None
    try:
        return _control(found)
    except ConfigError as error:
        raise ConfigError(f"the settings file {os.fspath(path)}: {error}") from None


def write_control(path: str | os.PathLike[str], control: Control) -> None:
    """Replace the file, whole: whoever reads it sees the old one or the new one. Where it is a
    link, the file behind it."""
    found: dict[str, Any] = _told(control.whole)
    if control.collectors:
        found["collectors"] = {name: _told(one) for name, one in control.collectors.items()}
    try:
        place = os.path.realpath(path)
        fresh = f"{place}.{os.getpid()}.new"
        with suppress(FileNotFoundError):
            os.unlink(fresh)  # of a process that was killed, and had our number
        write_new(fresh, json.dumps(found, indent=2).encode() + b"\n")
        os.replace(fresh, place)
    except OSError as error:
        raise ConfigError(
            f"the settings file {os.fspath(path)} cannot be written: {error.strerror}"
        ) from None


def read_collectors(path: str | os.PathLike[str]) -> set[str]:
    """The labels of the collectors that pipelines with this settings file have had; none where
    that cannot be known."""
    found = set()
    with suppress(OSError, ValueError):
        for line in read_small(_beside(path), most=MAX_BYTES).splitlines():
            with suppress(ValueError):
                found.add(str(json.loads(line)))
    return found


def tell_collectors(path: str | os.PathLike[str], labels: Iterable[str]) -> None:
    """Write the labels down beside the settings file, for ``read_collectors``. Where that cannot
    be done, nobody knows them; that harms no row, and the command line says so."""
    missing = set(labels)
    if missing:
        missing -= read_collectors(path)
    if missing:
        lines = "".join([f"{json.dumps(label)}\n" for label in sorted(missing)])
        with suppress(OSError, ValueError):
            append_line(_beside(path), lines.encode(), most=MAX_BYTES, mode=0o644)


def _beside(path: str | os.PathLike[str]) -> str:
    return f"{os.fspath(path)}.collectors"


def _told(switch: Switch) -> dict[str, Any]:
    return {"enabled": switch.enabled, "sample_rate": switch.sample_rate}


def _control(found: Any) -> Control:
    if not isinstance(found, dict):
        raise ConfigError('it must hold one JSON object, such as {"enabled": true}')
    collectors = found.pop("collectors", {})
    if not isinstance(collectors, dict):
        raise ConfigError("collectors must be an object: labels, and an object for each")
    return Control(_switch(found), {name: _switch(one) for name, one in collectors.items()})


def _switch(found: Any) -> Switch:
    if not isinstance(found, dict):
        raise ConfigError('each collector must be an object, such as {"enabled": true}')
    unknown = set(found) - {"enabled", "sample_rate"}
    if "log" in unknown:
        raise ConfigError(
            "log is not a key of this file: a log that was off for a time proves nothing; switch "
            "it off from the start with Pipeline(log=False), or AIOCOLLECT_LOG=false"
        )
    if unknown:
        raise ConfigError(
            f"unknown key {', '.join(sorted(unknown))}; the keys are enabled, sample_rate "
            "and collectors"
        )
    return Switch(**found)
