"""For all tests: the canary (support/canary.py), and an end that closes nobody's pipelines."""

from __future__ import annotations

import warnings
from collections.abc import Generator

import pytest

from aiocollect._engine import exits

from .support.canary import Canary, fail

_KEY = pytest.StashKey[Canary]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-canary", action="store_true", help="do not look for leaked secrets")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--no-canary"):
        canary = config.stash[_KEY] = Canary()
        config.pluginmanager.register(Warned(canary), "canary-warnings")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Around setup, call and teardown of a test."""
    canary = item.config.stash.get(_KEY, None)
    if canary is None:
        return (yield)
    canary.begin()
    try:
        return (yield)
    finally:
        canary.end()


class Warned:
    """Hears the warnings that no filter has made an error of."""

    def __init__(self, canary: Canary) -> None:
        self._canary = canary

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Told when the test has its result already: so they fail the run."""
        self._canary.warned(str(warning_message.message))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run for what warnings have leaked."""
        if self._canary.warnings:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say why."""
        for leak in self._canary.warnings:
            terminalreporter.write_line(f"a secret or a cell has leaked: {leak}", red=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """At the end of the teardown all that the test has written is known."""
    report = yield
    canary = item.config.stash.get(_KEY, None)
    if canary is not None and report.when == "teardown":
        leaks = canary.take(report.sections)
        if leaks:
            fail(report, leaks)
    return report


def pytest_sessionfinish() -> None:
    """Processes that tests have crashed in virtual time have left their pipelines open."""
    for pipeline in exits.held():
        exits.let_go(pipeline)
