"""One examination: facts in the order in which they depend on one another, then the checks.

A step whose ground has failed is not tried: no request without a name, nothing written where
nothing can be opened.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from aiocollect import AioCollectError

from .checks import judge
from .checks.files import problem_of
from .diagnosis import Diagnosis
from .facts import Facts, NetworkFacts, PathFacts, ProbeFacts
from .gathering.credential import credential_of
from .gathering.files import path_facts
from .gathering.limits import apart
from .gathering.network import network_of
from .gathering.options import options_facts, value_of
from .gathering.probe import look, path_of, probe
from .gathering.process import process_facts
from .gathering.store import missing_directories, open_store, store_facts

if TYPE_CHECKING:
    from aiocollect.stores.azure import AccountInfo

__all__ = ["LIMIT", "examine", "gather"]

# Seconds for each step: more than any of them takes where all is well.
LIMIT: Final = 10.0
# Options that name a file or a directory.
_PATHS: Final = ("spool", "status", "settings_file", "dead_letters")
_DEFAULT: Final = {"workspace": "default/default/default", "service": "default"}


async def examine(
    store: Any = None,
    *,
    environ: Mapping[str, str] | None = None,
    write: bool = True,
    offline: bool = False,
    limit: float = LIMIT,
    **given: Any,
) -> Diagnosis:
    """Look at everything that keeps rows from being stored.

    ``store``: its address, or a Store; None: AIOCOLLECT_STORE. ``given``: further options of a
    pipeline, which take the place of the variables in ``environ`` (os.environ). Without ``write``
    nothing is written; ``offline``: nothing leaves this machine. ``limit``: seconds for each step.
    Whatever is wrong is a result, and never an exception.
    """
    facts = await gather(
        store,
        os.environ if environ is None else environ,
        given,
        write=write,
        offline=offline,
        limit=limit,
    )
    return Diagnosis(facts.store.shown, judge(facts))


async def gather(
    store: Any,
    environ: Mapping[str, str],
    given: Mapping[str, Any],
    *,
    write: bool,
    offline: bool,
    limit: float,
) -> Facts:
    """The facts."""
    if isinstance(store, str | os.PathLike):
        given = {"store": os.fspath(store) if not isinstance(store, str) else store, **given}
        store = None
    facts = Facts(process=process_facts(), write=write, offline=offline)
    owned, problem = store is None, ""
    opened: dict[str, Any] = {}
    if store is None:
        try:
            store, opened = open_store(environ, given)
        except AioCollectError as error:
            problem = str(error)
    if store is not None:
        facts = replace(facts, store=store_facts(store))
    options = options_facts(environ, given, shown=facts.store.shown)
    if store is not None and not owned:
        options = replace(options, problem="")  # the program's own Store needs no address
    elif problem and not options.problem and options.enabled:
        options = replace(options, problem=problem)
    facts = replace(facts, options=options, paths=_paths(environ, given, limit))
    if store is None or options.problem:
        return facts
    try:
        facts = await _of_store(facts, store, opened, environ, given, limit)
    finally:
        if owned:
            with suppress(Exception):
                await store.aclose()
    return facts


async def _of_store(
    facts: Facts,
    store: Any,
    opened: Mapping[str, Any],
    environ: Mapping[str, str],
    given: Mapping[str, Any],
    limit: float,
) -> Facts:
    kind = facts.store.kind
    if kind in ("azure", "emulator"):
        if opened:  # a Store that a program made does not say what it was made with
            address, given_one = str(opened["store"]), opened.get("credential")
            facts = replace(facts, credential=credential_of(address, given_one, store))
        if facts.offline:
            return facts
        network = await network_of(
            facts.store.shown.rpartition("/")[0],
            environ=environ,
            ca_file=(opened.get("store_options") or {}).get("ca_file"),
            proxy=(opened.get("store_options") or {}).get("proxy"),
            limit=limit,
        )
        facts = replace(facts, network=network)
        if not _reached(network):
            return facts
    if kind == "directory":
        found = await apart(limit, lambda: path_facts("store", facts.store.shown, limit=limit))
        facts = replace(facts, paths=(*facts.paths, found))
        if problem_of(found) is not None:
            return facts
    path = path_of(*(value_of(name, environ, given) or _DEFAULT[name] for name in _DEFAULT))
    if kind == "directory":
        if not facts.write:
            return facts
        return replace(facts, probe=await _in_directory(facts.store.shown, store, path, limit))
    told: list[AccountInfo] = []

    async def ask() -> None:
        told.append(await _account(store, path if facts.write else "", limit))

    asks = ask if kind in ("azure", "emulator") else None
    if facts.write:
        probed = await probe(store, path, limit=limit, before_end=asks)
    else:
        probed = await look(store, path, limit=limit)
    if asks is not None and not told and not _is_refused(probed):
        await asks()
    return replace(facts, probe=probed, account=told[0] if told else None)


def _is_refused(probed: ProbeFacts) -> bool:
    return probed.open is not None and probed.open.reason == "credential"


def _reached(network: NetworkFacts) -> bool:
    return network.answer is not None and network.answer.outcome == "done" and network.is_service


def _paths(
    environ: Mapping[str, str], given: Mapping[str, Any], limit: float
) -> tuple[PathFacts, ...]:
    named = ((name, value_of(name, environ, given)) for name in _PATHS)
    return tuple(path_facts(name, path, limit=limit) for name, path in named if path)


async def _in_directory(root: str, store: Any, path: str, limit: float) -> ProbeFacts:
    """The directories that it makes are removed with it."""
    made = missing_directories(os.path.join(root, os.path.dirname(path)))
    probed = await probe(store, path, limit=limit)
    for directory in made:
        with suppress(OSError):
            os.rmdir(directory)
    return probed


async def _account(store: Any, path: str, limit: float) -> AccountInfo:
    from aiocollect.stores.azure import AccountInfo

    try:
        async with asyncio.timeout(limit):
            told: AccountInfo = await store.account(path)
            return told
    except (AioCollectError, TimeoutError):
        return AccountInfo(code="ReadTimeout")
