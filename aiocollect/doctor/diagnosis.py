"""What doctor says: the result of each check, and the verdict on all of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

__all__ = ["CONFIGURATION", "CREDENTIAL", "FAILED", "Diagnosis", "CheckResult", "Group", "State"]

State: TypeAlias = Literal["ok", "warn", "fail", "skip"]
Group: TypeAlias = Literal["machine", "configuration", "access", "store"]

# Exit codes. 78 is EX_CONFIG of sysexits.h; 2 is a command line's own.
FAILED: Final = 1
CREDENTIAL: Final = 4
CONFIGURATION: Final = 78
_OF_GROUP: Final = {"configuration": CONFIGURATION, "access": CREDENTIAL}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one check.

    ``check``: its name. ``state``: "ok", "warn" (rows are stored, but read it), "fail" (rows are
    not stored) or "skip" (not looked at, ``text`` says why). ``remedy``: what to do, under warn and
    fail. ``code``: what ``aiocollect explain`` takes, or "". ``group``: what failed, for the exit
    code.
    """

    check: str
    state: State
    text: str
    remedy: str = ""
    code: str = ""
    group: Group = "machine"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All results, in the order of the checks; ``store`` is the place that was looked at."""

    store: str
    results: tuple[CheckResult, ...]

    @property
    def exit_code(self) -> int:
        """0: rows can be stored; 78: an option is wrong; 4: a credential or a right; 1: another
        failure. The first failure decides, since others follow from it."""
        for result in self.results:
            if result.state == "fail":
                return _OF_GROUP.get(result.group, FAILED)
        return 0

    @property
    def verdict(self) -> str:
        """One line: whether rows can be stored, and what to do next."""
        failed = [result for result in self.results if result.state == "fail"]
        warned = sum(result.state == "warn" for result in self.results)
        if failed:
            names = list(dict.fromkeys(result.check for result in failed))
            return (
                f"not ready: {_counted(len(failed), 'check')} failed ({', '.join(names)}); "
                f"start with {names[0]}, then run aiocollect doctor again"
            )
        where = f"rows can be stored in {self.store}" if self.store else "nothing is wrong here"
        if self.store and not any(
            result.check == "write" and result.state == "ok" for result in self.results
        ):
            where = "nothing is wrong so far; nothing was written"
        if warned:
            return f"ready, with {_counted(warned, 'warning')}: {where}"
        return f"ready: {where}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "store": self.store,
            "checks": [asdict(result) for result in self.results],
        }

    def lines(self, *, details: bool = True) -> Sequence[str]:
        """For people: a line a check, the remedy under it, the verdict at the end. Without
        ``details`` only what is not ok."""
        found = [one for one in self.results if details or one.state in ("warn", "fail")]
        width = max((len(one.check) for one in found), default=0)
        lines = []
        for one in found:
            word = "FAIL" if one.state == "fail" else one.state
            lines.append(f"{word:<4}  {one.check:<{width}}  {one.text}")
            if one.remedy:
                lines.append(f"{'':<{width + 8}}-> {one.remedy}")
        return [*lines, self.verdict]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
