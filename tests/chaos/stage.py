"""The stage of a scenario: emulator, fault proxy, container, journals; processes, and the verdict.

Invariants: the proxy lives on a thread of its own, so that a scenario may block; every process that
was started is gone when its block ends; a store that was stopped goes on when its block ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from testkit.emulator import Emulator, blob_bytes
from testkit.proxy import ALL_FAULTS, Fault, FaultProxy, Kind

from .audit import Findings, Life, audit, read_journals

__all__ = ["DOWN", "LATE", "Result", "Stage", "stopped", "until"]

_T = TypeVar("_T")

# Ways for a store to be down.
DOWN: Final = {
    "reset": Fault(kind=Kind.RESET_BEFORE),
    "busy": Fault(kind=Kind.ERROR, status=503, code="ServerBusy"),
    "stall": Fault(kind=Kind.STALL),
}
# The usual faults, and answers that come late: half a second, and a request that arrives then.
LATE: Final = (*ALL_FAULTS, Fault(kind=Kind.LATE, delay=0.5))


def until(happened: Callable[[], bool], what: str, *, timeout: float = 30.0) -> None:
    """Wait until something has happened. Raises AssertionError, which names it."""
    deadline = time.monotonic() + timeout
    while not happened():
        assert time.monotonic() < deadline, f"within {timeout:g} s there was no {what}"
        time.sleep(0.002)


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that does nothing meanwhile, and goes on after."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@dataclass(slots=True, kw_only=True)
class Result:
    """What came out of a scenario. ``late``: ends that took longer than was promised."""

    scenario: str
    repetitions: int = 0
    findings: Findings = field(default_factory=Findings)
    slowest: float = 0.0  # seconds from the signal to the end of the process
    late: int = 0
    wrong: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether everything was as promised; times are told, and not judged here."""
        some = self.repetitions > 0 and self.findings.accepted > 0
        return some and self.findings.good and not self.wrong

    def ended(self, seconds: float, *, promised: float) -> None:
        """A process has ended."""
        self.slowest = max(self.slowest, seconds)
        self.late += seconds > promised

    def __str__(self) -> str:
        found = self.findings
        numbers = (
            *(self.repetitions, found.accepted, found.gone, found.lost, found.doubled, found.torn),
            *(found.reordered, found.altered + found.foreign, found.gaps, found.misreported),
        )
        row = f"{self.scenario:34}" + "".join(f"{number:>9}" for number in numbers)
        row += f"{self.slowest:>9.2f}{self.late:>6}{'  good' if self.good else '  BAD'}"
        extra = [*self.wrong, *found.examples] + [f"{k}: {v}" for k, v in self.figures.items()]
        return "\n".join([row, *(f"    {line}"[:400] for line in extra)])

    @staticmethod
    def header() -> str:
        """The names of the columns."""
        names = ("times", "rows", "gone", "lost", "doubled", "torn", "reord", "foreign", "gaps")
        return (
            f"{'scenario':34}"
            + "".join(f"{name:>9}" for name in (*names, "misrep", "slowest"))
            + f"{'late':>6}"
        )


class Stage:
    """A container of its own behind a proxy of its own. A context manager."""

    def __init__(self, azurite: Emulator) -> None:
        self.azurite = azurite
        self.container = f"chaos-{uuid.uuid4().hex}"
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-"))
        self.journals = self.folder / "journals"
        self.journals.mkdir()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._processes: list[subprocess.Popen[bytes]] = []
        self.proxy = FaultProxy((azurite.host, azurite.port))

    def __enter__(self) -> Stage:
        from azure.storage.blob import BlobServiceClient

        with BlobServiceClient.from_connection_string(self.azurite.connection_string) as service:
            service.create_container(self.container)
        self._thread.start()
        self.run(self.proxy.__aenter__())
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._processes:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(30)
        self.run(self.proxy.__aexit__())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()
        if error[0] is None:
            shutil.rmtree(self.folder)
        else:
            print(f"kept: {self.folder}", file=sys.stderr)

    def run(self, work: Coroutine[Any, Any, _T], *, timeout: float = 120) -> _T:
        """Run something on the proxy's loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    # The network -------------------------------------------------------------------------------

    def faulty(self, seed: int, rate: float = 0.25) -> None:
        """Lost answers, resets, delays, lies, on a share of the appends."""
        self._on_loop(lambda: self.proxy.seed(seed, rate=rate, faults=LATE))

    def down(self, way: str) -> None:
        """No request is answered well any more."""
        fault = DOWN[way]
        self._on_loop(lambda: self.proxy.seed(0, rate=1.1, faults=[fault], match=lambda _: True))

    def calm(self) -> None:
        """A sound network."""
        self._on_loop(self.proxy.calm)

    def _on_loop(self, act: Callable[[], None]) -> None:
        async def work() -> None:
            act()

        self.run(work())

    # Processes ---------------------------------------------------------------------------------

    def environment(self, **task: Any) -> dict[str, str]:
        """What a process under test needs to know."""
        known = {
            "connection_string": self.proxy.connection_string,
            "container": self.container,
            "journals": str(self.journals),
            **task,
        }
        return {**os.environ, "CHAOS_TASK": json.dumps(known)}

    def start(self, *command: str, module: bool = True, **task: Any) -> subprocess.Popen[bytes]:
        """Start ``python -m command`` with a task; its output goes to the stage's folder."""
        words: Sequence[str] = (sys.executable, "-m", *command) if module else command
        with (self.folder / "output.txt").open("ab") as output:
            process = subprocess.Popen(
                words,
                env=self.environment(**task),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def output(self) -> str:
        """What all processes have said."""
        return (self.folder / "output.txt").read_text(encoding="utf-8", errors="replace")

    def written(self, process: subprocess.Popen[bytes]) -> int:
        """Bytes in its journal: whether it gets on."""
        return sum(path.stat().st_size for path in self.journals.glob(f"*.{process.pid}"))

    def loaded(self, process: subprocess.Popen[bytes], *, bytes_more: int = 2_000) -> None:
        """Return when a process is at work: its journal grows."""
        before = self.written(process)

        def happened() -> bool:
            assert process.poll() is None, f"it ended by itself: {self.output()[-2000:]}"
            return self.written(process) > before + bytes_more

        until(happened, "load")

    def wait(self, process: subprocess.Popen[bytes], *, timeout: float = 60) -> float:
        """How long a process still lives. Raises AssertionError where it hangs."""
        began = time.monotonic()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it hangs: {self.output()[-2000:]}") from None
        return time.monotonic() - began

    # The verdict -------------------------------------------------------------------------------

    def lives(self) -> list[Life]:
        """What all processes have told."""
        return read_journals(self.journals)

    def blobs(self) -> dict[str, bytes]:
        """What is stored, after the last late request has arrived."""
        self.run(self.proxy.release())
        return blob_bytes(self.azurite.connection_string, self.container)

    def judge(
        self, result: Result, *, path_of: Callable[[str], str] | None = None, reports: bool = True
    ) -> list[Life]:
        """Add the auditor's findings, and what processes that should have reported did not."""
        lives = self.lives()
        found = audit(lives, self.blobs(), path_of=path_of)
        result.findings.add(found)
        if reports:
            silent = [life.name for life in lives if life.report is None]
            if silent:
                result.wrong.append(f"no report from {silent}: {self.output()[-6000:]!r}")
        output = self.output() if (self.folder / "output.txt").exists() else ""
        for bad in ("Traceback", "internal error", "Unclosed"):
            if bad in output:
                at = output.index(bad)
                result.wrong.append(f"said {output[max(0, at - 200) : at + 1500]!r}")
                break
        return lives


def chance_of(seed: int) -> random.Random:
    """A scenario's own chance."""
    return random.Random(seed)
