"""`aiocollect top`: frames for wide and narrow terminals, JSON, exit codes, and what is refused."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from aiocollect import MemoryStore, Pipeline
from aiocollect.cli.main import main
from aiocollect.cli.top import TopOptions, top
from aiocollect.cli.top_figures import TopHistory
from aiocollect.cli.top_view import view
from aiocollect.remedies import explain
from tests.support.external_servers import PACKAGE
from tests.unit.cli.statuses import status_made, stream_made

CODE = "AuthenticationFailed"
HELD = stream_made(state="held", code=CODE, waiting=5)
BUSY = stream_made(stream="busy/1/inputs", waiting=1234, oldest_age=3.25)


def frame(*statuses: dict[str, Any], width: int, height: int | None = None) -> list[str]:
    """The lines of one frame, as a terminal without colours shows them."""
    figures = TopHistory().look(statuses, [], 50)
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None)
    console.print(view(figures, "do this", width=width, height=height))
    return out.getvalue().splitlines()


def words(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 120, 160])
def test_at_any_width(width: int) -> None:
    """No line is longer, and what needs an operator is there in full."""
    lines = frame(status_made(50, HELD, BUSY), status_made(50, pid=42, writer="w42"), width=width)
    assert max(map(len, lines)) <= width
    assert lines[0].startswith("1 held: needs you")
    assert f"held: {CODE}, 5 rows wait" in words(lines)
    assert str(explain(CODE)) in words(lines)
    assert "lost 0" in words(lines)
    for name in ("PROC", "STATE", "STREAM"):
        assert any(name in line for line in lines), name


def test_wide_has_everything() -> None:
    """And narrow what says whether rows move."""
    wide = words(frame(status_made(50, BUSY), width=160))
    for cell in ("web-1", "busy/1/inputs", "1,234", "3.2 s", "7 of 49,000", "2026/11/28/data.csv"):
        assert cell in wide
    header = next(line for line in frame(status_made(50, BUSY), width=60) if "STREAM" in line)
    assert header.split() == ["STREAM", "STATE", "ROWS/S", "WAITING"]


def test_a_screen_that_is_full() -> None:
    """Each table has as many rows as there is room for, and says how many it leaves out."""
    many = [
        status_made(50, *[stream_made(stream=f"m/{k}/i") for k in range(30)], pid=k, writer=str(k))
        for k in range(20)
    ]
    lines = [line.rstrip() for line in frame(*many, width=100, height=40)]
    assert 36 <= len(lines) <= 40
    assert lines[-1] == "Ctrl-C ends"
    for row, what, total in ((r" +\d+  rows find", "processes", 20), (r"m/\d+/i", "streams", 600)):
        shown = sum(re.match(row, line) is not None for line in lines)
        assert shown > 3
        assert f"and {total - shown} more {what}" in lines


def test_one_trouble_of_many_streams_is_said_once() -> None:
    """With the names of some, and all rows that wait."""
    streams = [stream_made(stream=f"m/{k}/i", state="held", code=CODE, waiting=2) for k in range(9)]
    lines = words(frame(status_made(50, *streams), width=160))
    assert f"m/0/i, m/1/i, m/2/i and 6 more held: {CODE}, 18 rows wait" in lines
    assert lines.count(str(explain(CODE))) == 1


def test_where_nobody_writes() -> None:
    """It says what to do."""
    assert words(frame(width=80)).startswith("no process writes here 00:00:50 UTC do this")


def test_a_text_is_never_obeyed() -> None:
    """Neither by rich nor by the terminal."""
    name = "m/1/[red]x[/red]\x1b[31m"
    status = status_made(
        50, stream_made(stream=name, state="held", code="\x1b]0;x\x07"), node="\x1b"
    )
    text = "\n".join(frame(status, width=160))
    assert "[red]x[/red]\\x1b[31m" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def written(directory: Path, *statuses: dict[str, Any]) -> str:
    """These files, in a directory of their own."""
    directory.mkdir(exist_ok=True)
    for one in statuses:
        path = directory / f"{one['pid']}-{one['writer']}.aiocollect.json"
        path.write_text(json.dumps(one))
    return str(directory)


@pytest.mark.parametrize("as_json", [False, True], ids=["", "json"])
@pytest.mark.parametrize(
    ("streams", "code", "said"),
    [
        ((), 0, "rows find their way"),
        ((HELD,), 1, "1 held: needs you"),
        (None, 3, "no process writes here"),
    ],
)
def test_once(
    streams: tuple[dict[str, Any], ...] | None,
    code: int,
    said: str,
    as_json: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit code says whether something needs an operator."""
    files = [] if streams is None else [status_made(time.time(), *streams)]
    directory = written(tmp_path / "status", *files)
    assert top([directory], TopOptions(once=True, json=as_json, between=0)) == code
    out = capsys.readouterr().out
    if as_json:
        found = json.loads(out)
        assert found["verdict"] == said
        assert bool(found["hint"]) == (streams is None)
    else:
        assert out.startswith(said)
        assert "\x1b" not in out  # it is no terminal


def test_a_foreign_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is shown as such."""
    directory = written(tmp_path / "status")
    (tmp_path / "status" / "x.aiocollect.json").write_text("no json")
    assert top([directory], TopOptions(once=True, json=True, between=0)) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["unreadable"] == [{"name": "x.aiocollect.json", "why": "it is not JSON"}]
    assert top([directory], TopOptions(once=True, json=False, between=0)) == 1
    assert "x.aiocollect.json: it is not JSON" in capsys.readouterr().out


def test_json_has_every_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Processes, streams with remedy, and what is held elsewhere."""
    status = status_made(time.time(), HELD, held={"spool": "SpoolFull"})
    directory = written(tmp_path / "status", status)
    top([directory], TopOptions(once=True, json=True, between=0))
    found = json.loads(capsys.readouterr().out)
    (process,) = found["processes"]
    (stream,) = found["streams"]
    assert (process["pid"], process["node"], process["lost"]) == (41, "web-1", 0)
    assert (stream["stream"], stream["remedy"]) == (HELD["stream"], str(explain(CODE)))
    assert found["held_elsewhere"][0]["name"] == "spool"
    assert found["level"] == "bad"


def test_without_rich(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how to get it; --json needs nothing."""
    directory = written(tmp_path / "status", status_made(time.time()))
    for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich", None)
    assert main(["top", directory, "--once"]) == 1
    assert 'pip install "aiocollect[top]", or use --json' in capsys.readouterr().err
    assert top([directory], TopOptions(once=True, json=True, between=0)) == 0


def test_without_a_directory(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the option and the variable."""
    monkeypatch.delenv("AIOCOLLECT_STATUS", raising=False)
    assert main(["top"]) == 1
    assert "aiocollect top DIR or set AIOCOLLECT_STATUS" in capsys.readouterr().err


@pytest.mark.slow
def test_it_reads_what_a_pipeline_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory of AIOCOLLECT_STATUS; its rows are those of stats()."""
    monkeypatch.setenv("AIOCOLLECT_STATUS", str(tmp_path / "status"))

    with closing(Pipeline(MemoryStore(), status=tmp_path / "status", host="thread")) as pipeline:
        pipeline.collector("churn", version="10", identifier="inputs").collect([[1.0], [2.0]])
        assert pipeline.flush_sync().stored == 2
        found: dict[str, Any] = {"streams": []}
        while not any(stream["stored"] for stream in found["streams"]):  # the next file has them
            main(["top", "--once", "--json"])
            found = json.loads(capsys.readouterr().out)
        assert found["level"] == "good"
        (stream,) = found["streams"]
        assert (stream["stream"], stream["stored"]) == ("churn/10/inputs", 2)
        (process,) = found["processes"]
        assert (process["pid"], process["waiting"], process["lost"]) == (os.getpid(), 0, 0)


@pytest.mark.slow
def test_in_a_terminal(tmp_path: Path) -> None:
    """On a screen of its own, in colour, until Ctrl-C; then the terminal is as before."""
    directory = written(tmp_path / "status", status_made(time.time() + 3600, HELD))
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    environ = {"TERM": "xterm-256color", "PATH": os.environ["PATH"], "PYTHONPATH": str(PACKAGE)}
    with subprocess.Popen(
        [sys.executable, "-m", "aiocollect.cli", "top", directory],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        said = b""
        try:
            while b"Ctrl-C ends" not in said:
                said += os.read(ours, 65536)
            process.send_signal(signal.SIGINT)
            while process.poll() is None or select.select([ours], [], [], 0)[0]:
                if select.select([ours], [], [], 0.05)[0]:
                    try:
                        said += os.read(ours, 65536)
                    except OSError:  # the other end is closed
                        break
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
            os.close(ours)
    text = said.decode()
    assert "\x1b[1;31m1 held: needs you" in text
    assert text.index("\x1b[?1049h") < text.index("STREAM") < text.rindex("\x1b[?1049l")
