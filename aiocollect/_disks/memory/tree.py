"""Directories in memory that have two states, as files have: the machine's and the disk's.

A power cut leaves the names of the disk, with any of the changes that were on their way. Of several
changes to one name a later one survives only with the earlier ones, and a change of two names (a
rename) is whole or not at all.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from random import Random

from .file import MemoryFile

__all__ = ["Directory", "Tree", "os_error", "parts_of"]


class Directory:
    """Names as the machine sees them, as the disk has them, and the changes on the way to it."""

    __slots__ = ("_changes", "_synced", "names")

    def __init__(self) -> None:
        self.names: dict[str, Directory | MemoryFile] = {}
        self._synced: dict[str, Directory | MemoryFile] = {}
        self._changes: list[dict[str, Directory | MemoryFile | None]] = []

    def change(self, change: dict[str, Directory | MemoryFile | None]) -> None:
        """One change: the names that get another file, or none."""
        _apply(self.names, change)
        self._changes.append(change)

    def sync(self) -> None:
        """All changes reach the disk."""
        for change in self._changes:
            _apply(self._synced, change)
        self._changes.clear()

    def sync_badly(self, random: Random) -> None:
        """Some changes reach the disk, the rest never will."""
        in_order = random.random() < 0.5  # as by a journal
        lost: set[str] = set()
        for change in self._changes:
            if random.random() < 0.5 or (lost and in_order) or lost & change.keys():
                lost |= change.keys()
            else:
                _apply(self._synced, change)
        self._changes.clear()

    def cut_power(self, random: Random) -> None:
        """Become what the disk has, with any of the changes that were on their way."""
        self.sync_badly(random)
        self.names = dict(self._synced)
        for name in sorted(self.names):
            self.names[name].cut_power(random)


def _apply(
    names: dict[str, Directory | MemoryFile], change: dict[str, Directory | MemoryFile | None]
) -> None:
    for name, node in change.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


class Tree:
    """All directories and files of a disk, by path."""

    def __init__(self) -> None:
        self._root = Directory()

    def __repr__(self) -> str:
        return f"<Tree of {sum(1 for _ in self.files())} files>"

    def directory(self, path: str) -> Directory:
        """The directory at the path. Raises OSError."""
        node: Directory | MemoryFile = self._root
        for name in parts_of(path):
            if not isinstance(node, Directory):
                raise os_error(errno.ENOTDIR, path)
            if name not in node.names:
                raise os_error(errno.ENOENT, path)
            node = node.names[name]
        if not isinstance(node, Directory):
            raise os_error(errno.ENOTDIR, path)
        return node

    def parent(self, path: str) -> tuple[Directory, str]:
        """The directory that a path is in, and its name there. Raises OSError."""
        *above, name = parts_of(path)
        return self.directory("/".join(above)), name

    def place_of(self, directory: Directory) -> tuple[Directory, str] | None:
        """Where it is now: the directory above it, and its name there."""
        return _place(self._root, directory)

    def files(self) -> Iterator[tuple[str, MemoryFile]]:
        """Every file with its path."""
        return _walk(self._root, "")

    def cut_power(self, random: Random) -> None:
        """Become what the disk has."""
        self._root.cut_power(random)


def _place(above: Directory, wanted: Directory) -> tuple[Directory, str] | None:
    for name, node in above.names.items():
        if node is wanted:
            return above, name
        if isinstance(node, Directory) and (found := _place(node, wanted)) is not None:
            return found
    return None


def _walk(directory: Directory, path: str) -> Iterator[tuple[str, MemoryFile]]:
    for name, node in sorted(directory.names.items()):
        if isinstance(node, Directory):
            yield from _walk(node, f"{path}/{name}")
        else:
            yield f"{path}/{name}", node


def parts_of(path: str) -> list[str]:
    """The names that a path leads through."""
    return [part for part in path.split("/") if part]


def os_error(number: int, path: str) -> OSError:
    """The error that the system would raise."""
    return OSError(number, os.strerror(number), path)
