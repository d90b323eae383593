"""The windows of a function, in its bytecode: from where it goes in (``inside``) to where it
leaves. What is there only for exceptions is left out."""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator
from typing import Any

# Products and quotients of integers above 30 bits look for signals themselves, and run their
# handlers: SIGCHECK in CPython's Objects/longobject.c.
DIVIDING = {"*", "//", "%", "/", "**", "*=", "//=", "%=", "/=", "**="}
# Where CPython may run another thread or a signal handler (eval_breaker), and where it may run
# somebody's Python code: neither may stand in a window.
BREAKING = {"CALL", "CALL_FUNCTION_EX", "CALL_KW", "PRECALL", "SEND", "YIELD_VALUE", "IMPORT_NAME"}


def windows(function: Callable[..., Any]) -> Iterator[list[dis.Instruction]]:
    """Each window's instructions."""
    window: list[dis.Instruction] | None = None
    handled = False
    for instruction in dis.get_instructions(function):
        if instruction.opname == "PUSH_EXC_INFO":
            handled = True
        if not handled:
            if (instruction.opname, instruction.argval) != ("STORE_ATTR", "inside"):
                if window is not None:
                    window.append(instruction)
            elif window is None:
                window = []
            else:
                yield window
                window = None
        elif instruction.opname == "RERAISE":
            handled = False


def breaks(window: list[dis.Instruction]) -> list[str]:
    """What is in the window and must not be: calls, loops, new containers, products, quotients."""
    return [
        f"{one.opname} in line {one.positions}"
        for one in window
        if one.opname in BREAKING
        or "BACKWARD" in one.opname
        or one.opname.startswith(("BUILD_", "GET_ITER", "FOR_ITER"))
        or (one.opname == "BINARY_OP" and one.argrepr in DIVIDING)
    ]
