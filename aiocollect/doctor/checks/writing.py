"""Checks of what was written: the conditions that exactly once rests on, and how fast it is.
Pure."""

from __future__ import annotations

from collections.abc import Iterator

from aiocollect.remedies import explain

from ..advice import BLOCKS, advise
from ..diagnosis import CheckResult
from ..facts import Facts, ProbeFacts, Step
from .commands import remedy_of

__all__ = ["clean", "condition", "read_back", "speed", "write"]

_BY_RIGHTS = ("no_right", "credential", "container_missing")


def write(facts: Facts) -> Iterator[CheckResult]:
    """An append is stored, or what kept it from being stored, unless it was a right."""
    probe = facts.probe
    why = ""
    if facts.offline or not facts.write:
        why = "--offline" if facts.offline else "--no-write"
    elif probe is None:
        why = "an earlier step failed"
    elif probe.open is not None and probe.open.reason == "container_missing":
        why = "the container does not exist"
    if probe is None or why:
        if facts.store.kind != "none":
            yield CheckResult("write", "skip", f"nothing was written ({why})")
        return
    for name, step in (("open", probe.open), ("create", probe.create), ("append", probe.append)):
        if step is None or step.reason in _BY_RIGHTS:
            continue
        if step.reason == "blob_missing" and (
            name == "open" or (name == "append" and not _is_made(probe))
        ):
            continue
        if step.outcome in ("refused", "unknown", "late"):
            yield _failed(name, step, facts)
            return
    if probe.append is not None and probe.append.outcome == "done":
        text = f"a blob was created and appended to: {probe.path}"
        yield CheckResult("write", "ok", text)
    elif probe.append is not None and probe.append.outcome == "mismatch":
        yield CheckResult(
            "write",
            "ok",
            f"the right to append was found; {probe.path} of an earlier run may not be read",
        )


def _is_made(probe: ProbeFacts) -> bool:
    """Whether a blob is there that an append should have found."""
    return probe.create is not None and probe.create.outcome in ("done", "exists")


def _failed(name: str, step: Step, facts: Facts) -> CheckResult:
    if step.outcome == "late":
        return CheckResult(
            "write",
            "fail",
            f"{name}: no answer within {step.seconds:.0f} s",
            explain("ReadTimeout").remedy,
            "ReadTimeout",
            group="store",
        )
    known = explain(step.code)
    remedy = remedy_of(step.code, facts.store, facts.credential)
    text = f"{name}: {known.meaning} ({step.code})"
    return CheckResult("write", "fail", text, remedy, step.code, group="store")


def condition(facts: Facts) -> Iterator[CheckResult]:
    """An append with a wrong position is refused: what makes each row stored exactly once."""
    step = None if facts.probe is None else facts.probe.misplaced
    if step is None:
        return
    if step.outcome == "mismatch":
        yield CheckResult("condition", "ok", "an append at a wrong position is refused (412)")
    elif step.outcome == "done":
        yield CheckResult(
            "condition",
            "fail",
            "an append at a wrong position was stored: this store cannot store rows exactly once",
            "use Azure, or the version of Azurite in testkit/azurite; check what changes headers "
            "between this machine and the service",
            "AppendPositionConditionNotMet",
            group="store",
        )
    else:
        known = explain(step.code)
        text = f"an append at a wrong position got no clear answer: {known.meaning} ({step.code})"
        yield CheckResult("condition", "warn", text, known.remedy, step.code, group="store")


def read_back(facts: Facts) -> Iterator[CheckResult]:
    """What was appended is there, byte by byte."""
    step = None if facts.probe is None else facts.probe.read_back
    if step is None or step.reason in _BY_RIGHTS:
        return
    if step.outcome == "done":
        yield CheckResult("read back", "ok", "what was appended is there, byte by byte")
    elif step.outcome == "different":
        yield CheckResult(
            "read back",
            "fail",
            "other bytes are there than were appended",
            "check the caching proxies between this machine and the service",
            "StaleRead",
            group="store",
        )
    else:
        known = explain(step.code)
        yield CheckResult(
            "read back", "warn", f"{known.meaning} ({step.code})", known.remedy, step.code
        )


def speed(facts: Facts) -> Iterator[CheckResult]:
    """How long appends take, and what that means for linger and writer."""
    if facts.probe is None:
        return
    options = facts.options
    found = advise(facts.probe.latencies, linger=options.linger, writer=options.writer)
    if found is None:
        return
    text = (
        f"an append takes {found.middle * 1000:.0f} ms (slowest {found.slowest * 1000:.0f} ms); "
        f"with linger={options.linger:g} "
    )
    if options.writer == "own":
        text += "each process has a blob of its own"
    elif found.writers > 1000:
        text += "over 1,000 processes can share a blob"
    elif found.writers < 1:
        text += "processes that share a blob wait for each other"
    else:
        text += (
            f"up to {found.writers} processes can share a blob; for more set AIOCOLLECT_WRITER=own"
        )
    if found.blocks > BLOCKS:
        parts = -(-found.blocks // BLOCKS)
        text += f"; a steady stream fills {parts} parts a day"
    yield CheckResult("speed", "warn" if found.remedy else "ok", text, found.remedy)


def clean(facts: Facts) -> Iterator[CheckResult]:
    """Nothing is left behind, or what is."""
    probe = facts.probe
    if probe is None or (probe.append is None and probe.create is None):
        return
    if not probe.left:
        if probe.create is not None and probe.create.outcome in ("done", "exists"):
            yield CheckResult("clean-up", "ok", "the blob was deleted; nothing is left behind")
        return
    reason = "" if probe.delete is None else f" ({probe.delete.code})"
    yield CheckResult(
        "clean-up",
        "ok",
        f"{probe.path} could not be deleted{reason}: it has a few hundred bytes, readers pass over "
        "it, and the next run appends to it",
    )
