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
    "getuid", "geteuid", "O_NOFOLLOW", "O_DIRECTORY", "O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY",
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
