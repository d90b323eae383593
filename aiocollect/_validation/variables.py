"""Variables: which variables of the environment are ours, and which only look so. Pure.

A misspelled name is refused with the intended one. Variables that Kubernetes makes for a service
whose name begins like ours, and those of other programs, are passed over; an unknown name that is
not close to any is reported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from ..errors import ConfigError

__all__ = ["check_variables", "one_edit_apart"]

# kubernetes.io/docs/concepts/services-networking/service, "Environment variables", and Docker's
# links, their model: for each port _PORT_80_TCP, with _PROTO, _PORT and _ADDR.
_is_link = re.compile(
    r"\w*?_?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
).fullmatch
# _PORT alone is a service link only if its value looks like one.
_is_port = re.compile(r"\w*?_?PORT").fullmatch
_is_address_of_link = re.compile(r"(tcp|udp|sctp)://.*").fullmatch


def check_variables(
    environ: Mapping[str, str],
    prefix: str,
    *,
    known: Collection[str],
    others: tuple[str, ...] = (),
    report: Callable[[str], None],
) -> Iterator[str]:
    """The known names, without ``prefix``, that are set. ``others`` are prefixes of other programs;
    ``report`` is called with names of ours that mean nothing. Raises ConfigError for a name that
    differs from a known one by an edit, by its case, or by the order or absence of words."""
    for variable, text in environ.items():
        name = variable.removeprefix(prefix)
        ours = name != variable
        if ours and name in known:
            yield name
        elif not variable.startswith(others) and not (ours and _is_of_a_service(name, text)):
            meant = _meant(variable, prefix, known)
            if meant is not None:
                raise ConfigError(
                    f"unknown environment variable {variable}; did you mean {prefix}{meant}?"
                )
            if ours:
                report(variable)


def _is_of_a_service(name: str, text: str) -> bool:
    return bool(_is_link(name) or (_is_port(name) and _is_address_of_link(text)))


def _meant(variable: str, prefix: str, known: Collection[str]) -> str | None:
    upper = variable.upper()
    name = upper.removeprefix(prefix)
    for one in known:
        if one_edit_apart(upper, prefix + one) or (
            name != upper and _same_words(name.split("_"), one.split("_"))
        ):
            return one
    return None


def _same_words(given: list[str], known: list[str]) -> bool:
    """Whether they are the known words, in another order or with some left out."""
    return given == known[: len(given)] or (len(given) > 1 and set(given) <= set(known))


def one_edit_apart(given: str, known: str) -> bool:
    """Whether the two differ by at most one letter more, less or other, or by two letters that
    changed places."""
    short, long = sorted((given, known), key=len)
    if len(long) - len(short) > 1:
        return False
    begin = 0
    while begin < len(short) and short[begin] == long[begin]:
        begin += 1
    if len(short) < len(long):
        return short[begin:] == long[begin + 1 :]
    return short[begin + 1 :] == long[begin + 1 :] or (
        short[begin : begin + 2] == long[begin : begin + 2][::-1]
        and short[begin + 2 :] == long[begin + 2 :]
    )
