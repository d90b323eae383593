"""``aiocollect explain``: any code, any name, a whole log line; near ones get a suggestion."""

from __future__ import annotations

import json

import pytest

from aiocollect.cli import main
from aiocollect.remedies import CODES, NAMES


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """The codes that are explained, in order."""
    assert main(["explain", *arguments, "--json"]) == 0
    return [json.loads(line)["code"] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("AuthorizationFailure", ["AuthorizationFailure"]),
        ("authorizationfailure", ["AuthorizationFailure"]),
        ("'HTTP403'", ["HTTP403"]),
        ("TokenHTTP400", ["TokenHTTP400"]),
        ("LeaseIdOfTomorrow", ["LeaseIdOfTomorrow"]),
        ("Held", ["Held"]),
        ("held", ["Held"]),
        ("aiocollect.errors.ConfigError:", ["ConfigError"]),
        ("closed", ["closed"]),
        ("Closed", ["Closed"]),
        ("ENOSPC", ["ENOSPC"]),
        ("shed_oldest", ["shed_oldest"]),
        (
            "a/data.csv is held: AuthenticationFailed (HTTP403), its type is closed",
            ["AuthenticationFailed", "HTTP403"],
        ),
    ],
)
def test_what_is_explained(capsys: pytest.CaptureFixture[str], text: str, codes: list[str]) -> None:
    """As it stands in a log, a traceback or a ticket; a plain word of a sentence is no code."""
    assert explained(capsys, text) == codes


def test_several_at_once_and_each_once(capsys: pytest.CaptureFixture[str]) -> None:
    """In the order in which they were given."""
    assert explained(capsys, "full", "EIO", "full") == ["full", "EIO"]


def test_without_a_code_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Every row of the table."""
    assert explained(capsys) == [*CODES, *NAMES]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("AuthrizationFailure", "did you mean 'AuthorizationFailure'?"),
        ("Setled", "did you mean 'Settled'?"),
        ("blablabla", "all codes are in docs/reference/errors.md"),
        ("it hangs since monday", "'it hangs since monday' is not a code"),
        ("\x1b[31m", "'this text' is not a code"),
        ("", "is not a code"),
        ("x" * 1000, "'this text' is not a code"),
    ],
)
def test_what_is_not_known(capsys: pytest.CaptureFixture[str], text: str, words: str) -> None:
    """It is refused, with the nearest one; a terminal's own commands are not repeated."""
    assert main(["explain", text]) == 1
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""


def test_what_a_person_reads(capsys: pytest.CaptureFixture[str]) -> None:
    """The code, what it means, what to do."""
    assert main(["explain", "ENOSPC"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ENOSPC",
        "  means  the disk space, the inodes or the quota is used up",
        "  do     free some space: df -h, df -i, quota -s",
    ]
