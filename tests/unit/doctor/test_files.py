"""Facts of real files: what there is, who may write, who holds a spool; nothing is created."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest

from aiocollect.doctor.gathering.files import filesystem_of, path_facts

LIFE = "0123456789-{}"


def test_a_directory_that_does_not_exist(tmp_path: Path) -> None:
    """What is above it decides, and nothing is created."""
    facts = path_facts("spool", str(tmp_path / "a" / "b"), limit=20)
    assert (facts.exists, facts.above, facts.writable) == ("", str(tmp_path), True)
    assert list(tmp_path.iterdir()) == []


def test_a_spool(tmp_path: Path) -> None:
    """Running processes, rows of ended ones, and what was set aside."""
    for number in range(3):
        (tmp_path / LIFE.format(number)).mkdir()
    (tmp_path / LIFE.format(1) / "00000000.rows").touch()
    (tmp_path / "corrupt-1").touch()
    (tmp_path / "notes.txt").touch()
    descriptor = os.open(tmp_path / LIFE.format(0), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        facts = path_facts("spool", str(tmp_path), limit=20)
    finally:
        os.close(descriptor)
    assert (facts.running, facts.left, facts.corrupt) == (1, 1, 1)
    assert facts.free is not None
    assert facts.filesystem


def test_kinds(tmp_path: Path) -> None:
    """A link, a pipe, a file; a pipe is not opened, which would hang."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    assert path_facts("dead_letters", str(tmp_path / "pipe"), limit=20).exists == "other"
    assert path_facts("settings_file", str(tmp_path / "pipe"), limit=20).exists == "other"
    assert path_facts("spool", str(tmp_path / "file"), limit=20).exists == "file"
    assert path_facts("spool", str(tmp_path / "link"), limit=20).exists == "link"
    assert path_facts("status", str(tmp_path / "link"), limit=20).exists == "directory"
    tmp_path.chmod(0o777)
    assert path_facts("spool", str(tmp_path), limit=20).by_others


def test_a_settings_file(tmp_path: Path) -> None:
    """Its content is judged as a pipeline judges it."""
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"enabled": True}))
    assert path_facts("settings_file", str(path), limit=20).problem == ""
    path.write_text("{")
    assert "not valid JSON" in path_facts("settings_file", str(path), limit=20).problem


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/data/spool", "nfs4"), ("/data", "nfs4"), ("/database", "ext4"), ("/a b/c", "tmpfs")],
)
def test_file_systems(tmp_path: Path, path: str, kind: str) -> None:
    """The deepest mount decides; a name that merely begins alike does not."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "36 22 0:45 / /data rw - nfs4 server:/x rw\n"
        "37 22 0:46 / /a\\040b rw shared:5 - tmpfs tmpfs rw\n"
    )
    assert filesystem_of(path, str(mounts)) == kind
