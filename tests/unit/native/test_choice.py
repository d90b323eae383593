"""Which core runs: the extension, where it is of these very sources, else Python, and why."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aiocollect._native.digest import digest

pytestmark = pytest.mark.slow
ROOM = Path(__file__).parents[3] / "aiocollect" / "_native"
BASES = "".join(f"class {name}: pass\n" for name in ("Gate", "Scoring", "Shape", "Stream"))


def package(directory: Path, *, version: str = "1.0", core: str | None = None) -> Path:
    """A package of nothing but this room, with a stand-in of the extension."""
    room = directory / "aiocollect" / "_native"
    room.mkdir(parents=True)
    (room.parent / "__init__.py").touch()
    (room.parent / "_version.py").write_text(f'__version__ = "{version}"\n')
    for path in ROOM.glob("*.py"):
        shutil.copy(path, room)
    if core is not None:
        (room / "core.py").write_text(core)
    return directory


def chosen(home: Path, wanted: str = "") -> tuple[str, str]:
    """What was said of the choice, and the warnings or the error."""
    done = subprocess.run(
        [
            *(sys.executable, "-S", "-c"),
            "import aiocollect._native as n; print(n.core and 'native', '|', n.reason)",
        ],
        cwd=home,
        env={**os.environ, "AIOCOLLECT_NATIVE": wanted, "PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip(), done.stderr


def extension(*, version: str = "1.0", digest: str = "") -> str:
    return f"version, digest = {version!r}, {digest!r}\n{BASES}"


def test_the_extension_of_this_version_runs(tmp_path: Path) -> None:
    """Where there are no sources beside it, as in an installed wheel; unless 0 says no."""
    home = package(tmp_path, core=extension(digest="00000001"))
    assert chosen(home) == ("native |", "")
    assert chosen(home, "1") == ("native |", "")
    assert chosen(home, "0") == ("None | AIOCOLLECT_NATIVE=0", "")


def test_without_one_python_runs_in_silence(tmp_path: Path) -> None:
    """1 makes it an error."""
    home = package(tmp_path)
    assert chosen(home) == ("None | no native core is built for this Python", "")
    said, error = chosen(home, "1")
    assert said == ""
    assert error.endswith(
        "ImportError: AIOCOLLECT_NATIVE=1, but no native core is built for this Python\n"
    )


@pytest.mark.parametrize(
    ("core", "words"),
    [
        (extension(version="0.9"), "the native core is of version 0.9, and the package of 1.0"),
        ("raise ImportError('libc.so: no such file')", "cannot be loaded (libc.so: no such file)"),
        (BASES, "the native core is of version ?"),
    ],
)
def test_another_ones_is_refused_with_one_warning(core: str, words: str, tmp_path: Path) -> None:
    """Python runs; 1 makes it an error."""
    home = package(tmp_path, core=core)
    said, warned = chosen(home)
    assert said.startswith("None | ")
    assert words in said
    assert warned.count("RuntimeWarning: aiocollect runs in Python: ") == 1
    assert words in warned
    said, error = chosen(home, "1")
    assert said == ""
    assert words in error.splitlines()[-1]


def test_one_of_older_sources_is_refused(tmp_path: Path) -> None:
    """An editable install whose sources changed: the core in it is not theirs any more."""
    home = package(tmp_path)
    room = home / "aiocollect" / "_native"
    (room / "one.cpp").write_text("1")
    (room / "core.py").write_text(extension(digest=digest(room)))
    assert chosen(home) == ("native |", "")
    (room / "one.cpp").write_text("2")
    said, warned = chosen(home)
    assert said.startswith("None | the native core was built from other sources")
    assert "make native" in warned


def test_a_word_that_is_neither_is_said(tmp_path: Path) -> None:
    """And the choice is as without it."""
    said, warned = chosen(package(tmp_path, core=extension()), "yes")
    assert said == "native |"
    assert "AIOCOLLECT_NATIVE is 'yes'; it can be 0 or 1" in warned


def test_the_digest_is_of_names_and_texts(tmp_path: Path) -> None:
    """Of C++ alone; none is the empty text."""
    assert digest(tmp_path) == ""
    (tmp_path / "a.cpp").write_text("x")
    one = digest(tmp_path)
    (tmp_path / "notes.py").write_text("x")
    assert digest(tmp_path) == one
    (tmp_path / "a.cpp").rename(tmp_path / "b.cpp")
    assert digest(tmp_path) != one
