"""Bugs of doctor: what it would not see, what it would leave behind, what it would show."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["DOCTORING"]

DOCTORING: Final[list[Mutant]] = [
    Mutant(
        "an append at a wrong position that is stored is well",
        "own: a proxy that drops the condition's header doubles rows",
        "doctor/checks/writing.py",
        '    if step.outcome == "mismatch":\n',
        '    if step.outcome in ("mismatch", "done"):\n',
        ("doctor",),
        "assert",
    ),
    Mutant(
        "doctor creates the container that it looks for",
        "own: a container with a typing error in its name, made by a diagnosis",
        "doctor/gathering/store.py",
        '        options["create_container"] = False\n',
        '        options["create_container"] = True\n',
        ("doctor at the emulator",),
        "assert",
    ),
    Mutant(
        "what could not be deleted is not told",
        "own: a SAS without delete, and a blob in the container that nobody knows",
        "doctor/gathering/probe.py",
        "            left=there and not deleted,\n",
        "            left=False,\n",
        ("doctor's checks",),
        "assert",
    ),
    Mutant(
        "the key that signs the log is shown",
        "own: a diagnosis is pasted into a ticket",
        "doctor/gathering/options.py",
        '("store", "credential", "log_key", "proxy")',
        '("store", "credential")',
        ("doctor's checks",),
        "c2VjcmV0",
    ),
    Mutant(
        "ready, although nothing was written",
        "own: a directory in /proc was ready",
        "doctor/diagnosis.py",
        "        if self.store and not any(\n",
        "        if False and not any(\n",
        ("doctor's checks",),
        "assert",
    ),
    Mutant(
        "an identity without its role is sent to create a SAS",
        "own: the remedy of another kind of credential",
        "doctor/checks/commands.py",
        '        if kind in ("identity", "token"):\n',
        '        if kind == "token":\n',
        ("doctor's checks",),
        "assert",
    ),
    Mutant(
        "a wrong credential ends as any failure does",
        "own: a script that renews the SAS waits for exit code 4",
        "doctor/diagnosis.py",
        '_OF_GROUP: Final = {"configuration": CONFIGURATION, "access": CREDENTIAL}\n',
        '_OF_GROUP: Final = {"configuration": CONFIGURATION}\n',
        ("doctor",),
        "assert",
    ),
    Mutant(
        "what the service says of the account is not read",
        "own: the store takes no body that it has not asked for",
        "stores/azure/wire.py",
        '    return request.method == "GET" and "restype" in request.url.query\n',
        '    return request.method == "GET" and request.url.query.get("comp") == "list"\n',
        ("doctor",),
        "assert",
    ),
    Mutant(
        "a clock that is behind is taken for one that is right",
        "own: the sign of a difference",
        "doctor/checks/network.py",
        "    off = abs(found.skew)\n",
        "    off = found.skew\n",
        ("doctor's checks",),
        "assert",
    ),
]
