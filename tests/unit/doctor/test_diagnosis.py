"""What is printed at the end: the verdict, the exit code, JSON."""

from __future__ import annotations

import json

import pytest

from aiocollect.doctor import CheckResult, Diagnosis

OK = CheckResult("write", "ok", "a blob was created")
WARN = CheckResult("clock", "warn", "the clock is 90 s ahead", "set it")
RIGHTS = CheckResult("rights", "fail", "append no", "create one", "no_right", group="access")
OPTIONS = CheckResult("options", "fail", "linger", "use 2", "ConfigError", group="configuration")
WRITE = CheckResult("write", "fail", "late", "wait", "ReadTimeout", group="store")
UNWRITTEN = CheckResult("write", "skip", "nothing was written (--no-write)")


@pytest.mark.parametrize(
    ("results", "code", "verdict"),
    [
        ([OK], 0, "ready: rows can be stored in /data"),
        ([OK, WARN], 0, "ready, with 1 warning: rows can be stored in /data"),
        ([OK, WARN, WARN], 0, "ready, with 2 warnings: rows can be stored in /data"),
        ([UNWRITTEN], 0, "ready: nothing is wrong so far; nothing was written"),
        ([WARN, RIGHTS], 4, "not ready: 1 check failed (rights); start with rights, then run"),
        ([OPTIONS, RIGHTS], 78, "not ready: 2 checks failed (options, rights); start with options"),
        ([WRITE, RIGHTS], 1, "not ready: 2 checks failed (write, rights)"),
    ],
)
def test_verdict_and_exit_code(results: list[CheckResult], code: int, verdict: str) -> None:
    """The first failure decides: the others may follow from it."""
    diagnosis = Diagnosis("/data", tuple(results))
    assert diagnosis.exit_code == code
    assert diagnosis.lines()[-1].startswith(verdict)
    told = json.loads(json.dumps(diagnosis.as_json()))
    assert told["exit_code"] == code
    assert told["verdict"] == diagnosis.verdict
    assert [one["check"] for one in told["checks"]] == [one.check for one in results]


def test_lines() -> None:
    """A line a check, the remedy under it, the verdict at the end; or what is wrong alone."""
    diagnosis = Diagnosis("/data", (OK, WARN, RIGHTS))
    assert diagnosis.lines()[:-1] == [
        "ok    write   a blob was created",
        "warn  clock   the clock is 90 s ahead",
        "              -> set it",
        "FAIL  rights  append no",
        "              -> create one",
    ]
    assert diagnosis.lines(details=False) == diagnosis.lines()[1:]
