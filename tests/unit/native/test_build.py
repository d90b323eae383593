"""The build of the native core: where it cannot be built, one plain line, and Python goes on."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from tools.build_native import CannotBuildError, attempt, is_built, marks

BEGIN = "aiocollect runs in Python, without its native core: "


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AIOCOLLECT_NATIVE", "CXX", "CXXFLAGS", "LDFLAGS"):
        monkeypatch.delenv(name, raising=False)


def compiler(directory: Path, script: str) -> str:
    path = directory / "cc"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def refusal(path: Path, capfd: pytest.CaptureFixture[str]) -> str:
    """What is said, which must be one line; nothing is left behind."""
    assert not attempt(path)
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith(BEGIN)
    assert not path.exists()
    return said.err.removeprefix(BEGIN).strip()


def test_no_compiler_is_said_and_what_helps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A PATH without any, and a CXX that names none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refusal(tmp_path / "core.so", capfd) == "no C++ compiler; on Debian: apt install g++"
    monkeypatch.setenv("CXX", "c++-none -O1")
    said = refusal(tmp_path / "core.so", capfd)
    assert said == "CXX is c++-none, which is not installed; on Debian: apt install g++"


def test_missing_headers_are_said_and_what_helps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Debian's Python comes without them."""
    monkeypatch.setenv("CXX", compiler(tmp_path, "exit 0"))
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    said = refusal(tmp_path / "core.so", capfd)
    assert said == f"no Python.h in {tmp_path}; on Debian: apt install python3-dev"


@pytest.mark.slow
def test_the_first_error_of_a_compiler_is_the_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """However much it says; all of it where the core is demanded."""
    script = "echo in file x.cpp >&2; echo 'x.cpp:1: error: no type' >&2; echo more >&2; exit 1"
    monkeypatch.setenv("CXX", compiler(tmp_path, script))
    said = refusal(tmp_path / "core.so", capfd)
    assert said.endswith("/cc failed: x.cpp:1: error: no type (AIOCOLLECT_NATIVE=1 shows all)")
    monkeypatch.setenv("AIOCOLLECT_NATIVE", "1")
    with pytest.raises(CannotBuildError, match=r"in file x\.cpp\n.*error: no type\nmore"):
        attempt(tmp_path / "core.so")


@pytest.mark.slow
def test_a_place_that_cannot_be_written_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A tree that is read-only, or gone."""
    made = 'while [ "$1" != -o ]; do shift; done; echo made > "$2"'
    monkeypatch.setenv("CXX", compiler(tmp_path, made))
    said = refusal(tmp_path / "gone" / "core.so", capfd)
    assert said == f"{tmp_path}/gone/core.so.new: No such file or directory"


@pytest.mark.parametrize("before", [None, b"an older one"])
def test_0_leaves_it_out(
    before: bytes | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is asked, said or replaced."""
    path = tmp_path / "core.so"
    if before is not None:
        path.write_bytes(before)
    monkeypatch.setenv("AIOCOLLECT_NATIVE", "0")
    monkeypatch.setenv("CXX", compiler(tmp_path, "exit 1"))
    assert not attempt(path)
    assert (path.read_bytes() if path.exists() else None) == before


def test_what_was_built_from_these_sources_is_not_built_again(tmp_path: Path) -> None:
    """It is known by the version and the digest in it."""
    path = tmp_path / "core.so"
    assert not is_built(path)
    version, digest = marks()
    path.write_bytes(f"…{version}\0{digest}\0…".encode())
    assert is_built(path)
    path.write_bytes(f"…{version}\0{digest[::-1]}0\0…".encode())
    assert not is_built(path)
