"""Facts of this interpreter and machine."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from aiocollect import __version__
from aiocollect.stats import CORE

from ..facts import ProcessFacts

__all__ = ["process_facts"]

_requirement = re.compile(r"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?>=([0-9.]+)(.*)").match
# Of the container, version 2 and 1 of control groups.
_MEMORY = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
# More is "no limit" in version 1.
_UNLIMITED = 2**60


def process_facts() -> ProcessFacts:
    """Look at this process."""
    packages: dict[str, tuple[str | None, str]] = {"aiocollect": (__version__, "0")}
    for name, least in _required():
        try:
            packages[name] = (version(name), least)
        except PackageNotFoundError:
            packages[name] = (None, least)
    python = (sys.version_info.major, sys.version_info.minor, sys.version_info.micro)
    return ProcessFacts(
        python=python,
        system=f"{platform.system()} {platform.machine()}",
        core=CORE,
        packages=packages,
        open_files=_open_files(),
        memory_limit=_memory_limit(),
    )


def _required() -> Iterator[tuple[str, str]]:
    """What the package needs, without extras; with the least version."""
    try:
        found = requires("aiocollect") or []
    except PackageNotFoundError:  # a copy of the sources on sys.path
        return
    for text in found:
        match = _requirement(text.replace(" ", ""))
        if match is None or "extra==" in match[3]:
            continue
        if "win32" in match[3] and sys.platform == "win32":
            continue
        yield match[1], match[2]


def _open_files() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def _memory_limit() -> int | None:
    for path in _MEMORY:
        try:
            with open(path, encoding="ascii") as file:
                text = file.read(64).strip()
        except OSError:
            continue
        if text.isdecimal() and int(text) < _UNLIMITED:
            return int(text)
    return None
