"""Where there is no POSIX: what does not need it works, and what does says so.

In a process in which its modules, functions and signals are gone, as they are on Windows.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

WITHOUT = """
import os, signal, sys
MODULES = ("fcntl", "resource", "pwd", "grp", "termios", "uvloop")
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name in MODULES:
            raise ImportError(name)
sys.meta_path.insert(0, Gone())
for name in MODULES:
    sys.modules.pop(name, None)
for name in (
    "fork", "register_at_fork", "pread", "pwrite", "fdatasync", "statvfs", "fchmod", "killpg",
    "getuid", "geteuid", "sync", "O_NOFOLLOW", "O_DIRECTORY", "O_CLOEXEC", "O_NONBLOCK",
    "O_NOCTTY", "O_TMPFILE",
):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGKILL", "SIGALRM", "SIGHUP", "SIGQUIT", "SIGUSR1"):
    delattr(signal, name)
import aiocollect
from aiocollect import ConfigError, MemoryStore, Pipeline
"""


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "module",
    [
        *("gateway", "cli", "settings_file", "testing", "compat.azureml_monitoring", "default"),
        *("integrations.asgi", "integrations.aiohttp", "integrations.flask", "stores.azure"),
    ],
)
def test_the_package_imports(module: str) -> None:
    """Each room that does not need POSIX."""
    run(f"import aiocollect.{module}")


def test_a_pipeline_stores_on_a_loop_and_on_a_thread(tmp_path: Path) -> None:
    """With dead letters, settings and hooks: none of them needs more."""
    code = f"""
import asyncio, os
where = {str(tmp_path)!r}
options = {{
    "dead_letters": os.path.join(where, "dead"), "settings_file": os.path.join(where, "settings"),
}}
pipeline = Pipeline(MemoryStore(), host="thread", linger=0.01, **options)
pipeline.collector("m").collect([1.0])
report = pipeline.close()
print(report.accepted, report.stored)

async def main():
    async with Pipeline(MemoryStore(), linger=0.01, **options) as pipeline:
        pipeline.collector("m").collect([1.0])
        report = await pipeline.flush()
        print(report.accepted, report.stored)

asyncio.run(main())
Pipeline("azure://account/container", credential="eA==", host="thread")
"""
    assert run(code).split() == ["1", "1", "1", "1"]


def test_what_was_stored_is_read_proven_and_compacted() -> None:
    """The way back needs no POSIX either."""
    code = """
from datetime import UTC, datetime
store = MemoryStore()
pipeline = Pipeline(store, host="thread", linger=0.01)
at = datetime(2026, 1, 31, tzinfo=UTC)
pipeline.collector("m", feature_names=["a"]).collect([7], at=at)
pipeline.close()
def cells():
    return aiocollect.read(store, "m", streams="default").to_arrow()["a"].to_pylist()
print(cells(), aiocollect.verify(store, "m").state)
print(len(aiocollect.compact(store, store).files), cells())
"""
    assert run(code).split() == ["[7]", "proven", "1", "[7]"]


@pytest.mark.parametrize(
    ("arguments", "ends", "words"),
    [
        (["--version"], 0, "aiocollect 0."),
        (["demo", "--seconds", "2"], 1, "the demo kills its servers"),
        (["doctor", "--offline", "--store", "./rows"], 78, "the directory store needs flock"),
        (["doctor", "--offline", "--spool", "SPOOL"], 78, "a spool needs the file locks"),
    ],
)
def test_commands_say_what_they_cannot_do(
    arguments: list[str], ends: int, words: str, tmp_path: Path
) -> None:
    """And the doctor judges no owners, where files have none."""
    given = [str(tmp_path) if one == "SPOOL" else one for one in arguments]
    code = f"""
from aiocollect.cli import main
sys.stderr = sys.stdout
try:
    code = main({given})
except SystemExit as ended:
    code = ended.code
print("ended", code)
"""
    found = run(code)
    assert words in found
    assert found.rstrip().endswith(f"ended {ends}")
    assert "belongs to user" not in found


@pytest.mark.parametrize(
    ("options", "words"),
    [('"./rows"', "directory"), ('MemoryStore(), spool="spool"', "spool=")],
)
def test_what_needs_posix_says_so(options: str, words: str) -> None:
    """By its option, when the pipeline is made."""
    code = f"""
try:
    Pipeline({options}, host="thread")
except ConfigError as error:
    print(error)
"""
    found = run(code)
    assert words in found
    assert "POSIX" in found
