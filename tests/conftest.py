"""For all tests: the canary (support/canary.py), ``--quick``, and what a session leaves open.

``--quick`` leaves out what is marked ``slow`` or needs the emulator, and holds that no test which
is left starts a process: that test has to be marked.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Generator

import pytest

from aiocollect._engine import exits

from .support.canary import Canary, fail

_KEY = pytest.StashKey[Canary]()
_LEFT_OUT = ("slow", "azurite")
_PROCESSES = ("subprocess.Popen", "os.fork", "os.posix_spawn")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-canary", action="store_true", help="do not look for leaked secrets")
    parser.addoption("--quick", action="store_true", help="leave out slow tests; start no process")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--no-canary"):
        canary = config.stash[_KEY] = Canary()
        config.pluginmanager.register(Warned(canary), "canary-warnings")
    if config.getoption("--quick"):
        sys.addaudithook(_no_process)
    if config.pluginmanager.hasplugin("hypothesispytest"):
        from hypothesis import HealthCheck, settings

        # A busy machine, or a sanitizer, makes no property false.
        patient = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
        settings.register_profile("patient", settings(), **patient)
        settings.load_profile("patient")


def _no_process(event: str, _: object) -> None:
    if event in _PROCESSES:
        raise RuntimeError(f"{event} in a quick test: mark the test slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What --quick leaves out."""
    if config.getoption("--quick"):
        slow = [item for item in items if any(item.get_closest_marker(m) for m in _LEFT_OUT)]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in set(slow)]


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
