"""aiocollect tail: the last rows, then those that land, each once; quiet ends."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aiocollect import Pipeline
from aiocollect.cli import main

NOW = datetime.now(UTC)


async def write(store: Path, numbers: range, at: Any = None, **options: Any) -> None:
    async with Pipeline(store, linger=0.05, **options) as pipeline:
        stream = pipeline.collector(
            "churn", version="10", identifier="inputs", feature_names=["n", "t"]
        )
        for number in numbers:
            moment = None if at is None else at + timedelta(seconds=number)
            stream.collect([[number, 'a,"\n']], at=moment)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Rows of two days, the later ones by two writers with files of their own."""
    data = tmp_path / "data"
    asyncio.run(write(data, range(6), NOW - timedelta(days=1)))
    asyncio.run(write(data, range(6, 10, 2), NOW - timedelta(minutes=1), writer="own"))
    asyncio.run(write(data, range(7, 11, 2), NOW - timedelta(minutes=1), writer="own"))
    monkeypatch.setenv("AIOCOLLECT_STORE", f"file://{data}")
    return data


def numbers(out: str) -> list[int]:
    return [json.loads(line)["n"] for line in out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        ((), range(10)),
        (("-n", "3"), range(7, 10)),
        (("-n", "7"), range(3, 10)),
        (("-n", "0"), range(0)),
        (("--since", "2h"), range(6, 10)),
        (("--since", "2h", "-n", "1"), range(9, 10)),
        (("-n", "100"), range(10)),
    ],
)
def test_the_last_rows_by_their_time(
    store: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
    arguments: tuple[str, ...],
    want: range,
) -> None:
    """Of as many folders as it takes, also those of several writers."""
    assert main(["tail", "churn/10/inputs", "--json", *arguments]) == 0
    out, err = capsysbinary.readouterr()
    got = numbers(out.decode())
    # All since a time come in the order of the files.
    assert (got if "-n" in arguments or not arguments else sorted(got)) == list(want)
    assert not err


def test_as_csv_with_its_header(store: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Of the columns that are wanted."""
    assert main(["tail", "churn/10/inputs", "-n", "1", "--columns", "n,t"]) == 0
    out, _ = capsysbinary.readouterr()
    assert out == b'n,t\n9,"a,""\n"\n'


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("churn/10",), "is not a stream; use MODEL/VERSION/STREAM"),
        (("chrun/10/inputs",), "did you mean 'churn'?"),
        (("churn/10/input",), "did you mean 'inputs'?"),
        (("churn/10/inputs", "-n", "-1"), "-n must be 0 or more"),
        (("churn/10/inputs", "--columns", "q"), "columns names 'q'"),
        (("churn/10/inputs", "--since", "soon"), "start must be a date"),
    ],
)
def test_what_is_wrong_is_said(
    store: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    """On stderr; 1."""
    assert main(["tail", *arguments]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert words in err


@pytest.fixture
def tailing(store: Path) -> Iterator[subprocess.Popen[str]]:
    """aiocollect tail -f in a process of its own."""
    command = [sys.executable, "-m", "aiocollect.cli", "tail", "churn/10/inputs", "-f", "--json"]
    with subprocess.Popen(
        [*command, "-n", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def test_it_follows_until_ctrl_c(store: Path, tailing: subprocess.Popen[str]) -> None:
    """Rows as they land; then it ends with 130 and says nothing."""
    assert tailing.stdout is not None
    assert tailing.stderr is not None
    got = [json.loads(tailing.stdout.readline())["n"] for _ in range(2)]
    asyncio.run(write(store, range(10, 13)))
    got += [json.loads(tailing.stdout.readline())["n"] for _ in range(3)]
    assert got == [8, 9, 10, 11, 12]
    tailing.send_signal(signal.SIGINT)
    assert tailing.wait(20) == 130
    assert not tailing.stdout.read()
    assert not tailing.stderr.read()


def test_a_closed_pipe_ends_it(tailing: subprocess.Popen[str]) -> None:
    """Also where nothing more lands; quietly."""
    assert tailing.stdout is not None
    assert tailing.stderr is not None
    tailing.stdout.readline()
    tailing.stdout.close()
    assert tailing.wait(20) == 0
    assert not tailing.stderr.read()
