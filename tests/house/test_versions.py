"""The locked versions are none of those that are known to be unsafe."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The first safe ones, and what is wrong with those before them.
SAFE = {
    # CVE-2025-69228, CVE-2025-69229: memory without bound; CVE-2026-22815.
    "aiohttp": (3, 13, 4),
    # CVE-2026-21226: deserialisation.
    "azure-core": (1, 38, 0),
}


def version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def locked(text: str) -> dict[str, tuple[int, ...]]:
    """Each package that a file pins; a package without hashes is not found."""
    pins = re.findall(r"^([a-z0-9._-]+)==(\S+)[^\\\n]*\\\n\s+--hash=sha256:", text, re.MULTILINE)
    return {name: version(pin) for name, pin in pins}


@pytest.mark.parametrize("name", SAFE)
@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_locked_versions_are_safe(name: str, file: str) -> None:
    """What `make demo` and `make test` install is at least the first safe version, by hash."""
    assert locked((ROOT / file).read_text())[name] >= SAFE[name]


def test_an_unsafe_lock_is_found() -> None:
    """The control: an older pin, and one without a hash, are seen."""
    found = locked("aiohttp==3.13.3 \\\n    --hash=sha256:00\nazure-core==1.38.0\n")
    assert found["aiohttp"] < SAFE["aiohttp"]
    assert "azure-core" not in found


def test_the_declared_minimum_is_safe() -> None:
    """Who installs us without a lock gets no unsafe aiohttp either."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (minimum,) = [text for text in declared if text.startswith("aiohttp")]
    assert version(minimum) >= SAFE["aiohttp"]
