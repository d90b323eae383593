"""Progress: silent while a command is quick, then one line; and nothing breaks where it cannot."""

from __future__ import annotations

import io
import threading

import pytest

from aiocollect.cli import main
from aiocollect.cli.progress import Progress


class Heard(io.StringIO):
    """A stream that says when something was written; a terminal or not."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal
        self.written = threading.Event()

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        done = super().write(text)
        self.written.set()
        return done


def test_a_quick_command_says_nothing() -> None:
    """Two seconds are long for a test: it ends at once."""
    out = Heard(terminal=True)
    with Progress("reading churn", out=out) as progress:
        progress.at(5)
    assert out.getvalue() == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_a_slow_one_says_how_far_it_is(terminal: bool) -> None:
    """On a terminal in a line that goes away, in a log in lines of their own."""
    out = Heard(terminal=terminal)
    clock = iter([0.0, 0.0, *[7.0] * 1000]).__next__
    progress = Progress("reading churn", out=out, patience=0.001, clock=clock)
    progress.at(1200, 4000)  # before its thread, which may be quicker than the next line here
    with progress:
        assert out.written.wait(20)
    said = "reading churn: 1,200 rows of 4,000 rows (30 %), 7 s"
    if terminal:
        assert out.getvalue().startswith(f"\r{said}\x1b[K")
        assert out.getvalue().endswith("\r\x1b[K")
    else:
        assert out.getvalue() == f"{said}\n"


@pytest.mark.parametrize(
    ("done", "total", "words"),
    [
        (0, None, "x: 0 bytes, 0 s"),
        (1023, None, "x: 1023 bytes, 0 s"),
        (5 * 2**20, 10 * 2**20, "x: 5.0 MiB of 10.0 MiB (50 %), 0 s"),
        (9, 8, "x: 9 bytes of 8 bytes (100 %), 0 s"),
        (3 * 2**50, None, "x: 3072.0 TiB, 0 s"),
    ],
)
def test_amounts(done: int, total: int | None, words: str) -> None:
    """In units that a person reads."""
    progress = Progress("x", unit="bytes", clock=lambda: 0.0)
    assert progress.line() == "x: 0 s"
    progress.at(done, total)
    assert progress.line() == words


def test_where_nobody_listens() -> None:
    """A closed stream is no reason to fail."""
    out = Heard(terminal=False)
    progress = Progress("x", out=out, patience=0.001)
    with progress:
        assert out.written.wait(20)
        out.close()
        progress.at(1)
        progress._write("more")


def test_a_mistyped_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Is met with the one that was meant; 2, as for every command line that is none."""
    with pytest.raises(SystemExit) as ended:
        main(["repaly"])
    assert ended.value.code == 2
    assert "there is no command 'repaly'; did you mean 'replay'?" in capsys.readouterr().err
