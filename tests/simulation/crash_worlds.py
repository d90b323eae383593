"""What a machine's disk does to its processes, and what others do to the disk, while they live.

Each is drawn by the seed, and counted: a run in which one never happened proves less than it says.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from aiocollect._disks.memory.faults import OPENING
from aiocollect._disks.memory.file import MemoryFile
from aiocollect._disks.memory.tree import Directory
from aiocollect.testing import DiskCall, DiskFault, MemoryDisk

__all__ = ["FOREIGN", "KINDS", "SPOOL", "DiskFaults"]

SPOOL = "/spool"
# What needs room on the disk: bytes, or an inode.
GROWING = {DiskCall.MAKE_DIRECTORY, DiskCall.OPEN, DiskCall.RENEW, DiskCall.WRITE}
# By how much more often what is called once in a life hangs.
SELDOM = {
    **dict.fromkeys((DiskCall.REMOVE, DiskCall.SIZE, DiskCall.RENEW, DiskCall.DISSOLVE), 3),
    DiskCall.SYNC_DIRECTORY: 3,
    DiskCall.TRUNCATE: 30,
}
BREAKS = {DiskCall.WRITE, DiskCall.SYNC, DiskCall.SYNC_DIRECTORY, DiskCall.TRUNCATE}

CLEANED, RENAMED, REFUSED, FOREIGN = "lock file gone", "renamed", "lock refused", "foreign left"
FROZEN = {f"frozen at {call.value}" for call in DiskCall} - {f"frozen at {DiskCall.REQUEST.value}"}
KINDS = {
    *(CLEANED, RENAMED, REFUSED, FOREIGN),
    *FROZEN,
    *(f"{DiskFault.NO_SPACE.name} at {call.value}" for call in GROWING),
    *(f"{DiskFault.NO_DESCRIPTOR.name} at {call.value}" for call in OPENING),
    *(f"{DiskFault.IO_ERROR.name} at {call.value}" for call in BREAKS),
}


class DiskFaults:
    """Of one machine. ``wants``: now and then the disk has no room, no inode, no descriptor; that
    costs what would have been written, and no promise. ``broken``: what it had taken may be gone
    after a power cut, since a sync has failed."""

    def __init__(self, random: Random, disk: MemoryDisk) -> None:
        self._random = random
        self._disk = disk
        self.wants = random.choice([0.0, 0.0, 0.05, 0.4])
        self.broken = random.random() < 0.15
        self.refuses = random.random() < 0.1
        freezes = random.random() < 0.2
        self._freezes = random.choice([0.003, 0.03]) if freezes else 0.0
        self.tampered = random.random() < 0.3
        self._want: DiskFault | None = None
        self.met: Counter[str] = Counter()

    def __repr__(self) -> str:
        return f"<DiskFaults {self.wants}, {self.broken}, {self._freezes}, {self.tampered}>"

    def begin(self) -> None:
        """For a life."""
        self._disk.faults = self._fails
        self._disk.freezes = self._hangs if self._freezes else None

    def end(self) -> None:
        """None of it any more."""
        self._disk.faults = self._disk.freezes = self._disk.capacity = None

    def _fails(self, call: DiskCall, path: str) -> DiskFault | None:
        random = self._random
        if self.refuses and call is DiskCall.LOCK and path.endswith("-1") and "00-" in path:
            self.met[REFUSED] += 1
            return random.choice([DiskFault.NOT_ALLOWED, DiskFault.IS_DIRECTORY])
        if self.broken and call in BREAKS and random.random() < 0.03:
            return DiskFault.IO_ERROR
        if self.wants and random.random() < self.wants / 10:
            # It lasts for a while: until it is changed again.
            self._want = random.choice([None, None, DiskFault.NO_SPACE, DiskFault.NO_DESCRIPTOR])
        if self._want is DiskFault.NO_SPACE and call in GROWING and not path.endswith("slots"):
            return random.choice([DiskFault.NO_SPACE, DiskFault.OVER_QUOTA])
        if self._want is DiskFault.NO_DESCRIPTOR and call in OPENING:
            return DiskFault.NO_DESCRIPTOR
        return None

    def _hangs(self, call: DiskCall) -> float:
        # What is called once in a life hangs more often, or a thousand machines never meet it.
        if self._random.random() >= self._freezes * SELDOM.get(call, 1):
            return 0.0
        return self._random.choice([0.05, 0.5, 3.0, 20.0])

    # Strangers ----------------------------------------------------------------------------------

    def clean(self) -> None:
        """Somebody removes the files that are empty and old: the lock files."""
        for _, directory in self._lives():
            file = directory.names.get("lock")
            if isinstance(file, MemoryFile):
                directory.change({"lock": None})
                self.met[CLEANED] += 1

    def rename(self) -> None:
        """Somebody gives a life's directory another name."""
        lives = self._lives()
        if lives:
            name, directory = self._random.choice(lives)
            top = self._disk.tree.directory(SPOOL)
            top.change({name: None, f"{self._random.randrange(1000)}-{name}": directory})
            self.met[RENAMED] += 1

    def _lives(self) -> list[tuple[str, Directory]]:
        top = self._disk.tree.directory("/").names.get(SPOOL.strip("/"))
        found = sorted(top.names.items()) if isinstance(top, Directory) else []
        return [(name, node) for name, node in found if isinstance(node, Directory)]

    def count(self) -> Counter[str]:
        """All that was met."""
        disk = self._disk
        for (call, fault), number in disk.failed.items():
            self.met[f"{fault.name} at {call.value}"] += number
        for call, number in disk.frozen.items():
            self.met[f"frozen at {call.value}"] += number
        return self.met
