"""Golden files as a store or a spool, and back: a file for each blob, and blobs.json about them.

Names of files are those of the blobs, escaped by nobody: they are in a folder of a release.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from aiocollect import MemoryStore

HERE = Path(__file__).parent
SUMS = "SHA256SUMS"
_ABOUT = "blobs.json"


def keep_store(store: MemoryStore, folder: Path) -> None:
    """Write down its blobs, and what another store needs to know about them."""
    folder.mkdir(parents=True)
    about = {}
    for path, blob in sorted(store._blobs.items()):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(blob.data))
        about[path] = [blob.created, blob.version, blob.blocks, blob.content_type, blob.appendable]
    lines = ",\n".join(f"{json.dumps(path)}: {json.dumps(all_)}" for path, all_ in about.items())
    (folder / _ABOUT).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def kept_store(folder: Path) -> MemoryStore:
    """The store of those files, as it was."""
    store = MemoryStore()
    about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    for path, (created, version, blocks, content_type, appendable) in about.items():
        blob = store._make(path, content_type)
        blob.created, blob.blocks, blob.appendable = created, blocks, appendable
        blob.data += (folder / path).read_bytes()
        blob.version = version - 1
        blob.views.clear()
        blob.change()
    return store


def keep_spool(files: dict[str, bytes], folder: Path) -> None:
    """Write down the files of a disk in memory."""
    for path, data in sorted(files.items()):
        file = folder / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def kept_spool(folder: Path, where: Path) -> Path:
    """A copy of a spool, for its owner alone, as it was. Returns the spool's directory."""
    for file in sorted(folder.rglob("*")):
        copy = where / file.relative_to(folder)
        if file.is_dir():
            copy.mkdir(mode=0o700)
            copy.chmod(0o700)
        else:
            copy.write_bytes(file.read_bytes())
            copy.chmod(0o600)
    where.chmod(0o700)
    return where


def sums(folder: Path) -> str:
    """A line for each file: its digest and its name."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != SUMS]
    return "".join(
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder).as_posix()}\n"
        for file in files
    )
