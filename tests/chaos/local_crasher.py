"""Makes a local blob, appends, deletes it and starts anew; killed before each call.

python local_crasher.py DIRECTORY. Life n works in DIRECTORY/n and writes what it was told into
DIRECTORY/n.told. The first life that comes to its end is the last one.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from aiocollect.stores.local import ledger as local_ledger

LINES = [b"first\n", b"second\n"]
ANEW = b"anew\n"


def live(folder: Path, told: int, deadly: int) -> None:
    """One life, which ends before its ``deadly``-th call of the system's functions."""
    calls = 0

    def count(_: FrameType, event: str, function: Any) -> None:
        nonlocal calls
        if event != "c_call" or function.__module__ not in ("posix", "fcntl"):
            return
        calls += 1
        if calls == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    path = str(folder / "data.csv")
    sys.setprofile(count)
    for lines in (LINES, [ANEW]):
        local_ledger.create(path)
        os.write(told, b"made\n")
        for line in lines:
            with local_ledger.locked(path) as blob:
                blob.append(line)
            os.write(told, line)
        if lines is LINES:
            os.unlink(path)  # as a user does it: the ledger stays
            os.ftruncate(told, 0)
            os.lseek(told, 0, os.SEEK_SET)
    sys.setprofile(None)


def main(root: Path) -> None:
    """Lives, until one is not killed."""
    status, life = 1, 0
    while status != 0 and life < 1000:
        life += 1
        folder = root / str(life)
        folder.mkdir()
        told = os.open(root / f"{life}.told", os.O_CREAT | os.O_WRONLY)
        child = os.fork()
        if child == 0:
            try:
                live(folder, told, life)
                os._exit(0)
            finally:
                os._exit(3)
        os.close(told)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL), status


if __name__ == "__main__":
    main(Path(sys.argv[1]))
