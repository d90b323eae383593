"""Regular files: read up to a size, appended to up to a size, and for their owner alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from aiocollect._files.regular import append_line, read_small


def test_exactly_the_size(tmp_path: Path) -> None:
    """The limit itself is taken, one byte more is not."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    assert len(read_small(path, most=100)) == 100
    with pytest.raises(OSError, match="larger than 99 bytes"):
        read_small(path, most=99)


def test_a_file_of_proc_has_no_size_and_is_read() -> None:
    """The size is what was read, not what the system says."""
    assert read_small("/proc/self/comm", most=100).endswith(b"\n")


def test_a_line_that_would_be_too_much_is_not_written(tmp_path: Path) -> None:
    """The file holds its lines up to the limit, and is for its owner alone."""
    path = tmp_path / "new"
    assert append_line(str(path), b"12345", most=5)
    assert not append_line(str(path), b"6", most=5)
    assert path.read_bytes() == b"12345"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
