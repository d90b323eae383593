"""``aiocollect init``: a program that records, as a first step. The programs are in ``starters/``.

stdout is the program alone, so that it can be redirected to a file; what to do with it is on
stderr. A file that exists is never overwritten.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiocollect import ConfigError

__all__ = ["add_init"]


class Starter(NamedTuple):
    """``needs``: modules that it imports, besides what aiocollect itself depends on."""

    file: str
    needs: tuple[str, ...]


STARTERS: Final = {
    "fastapi": Starter("server.py", ("fastapi", "uvicorn")),
    "aiohttp": Starter("server.py", ()),
    "flask": Starter("server.py", ("flask", "gunicorn")),
    "script": Starter("score.py", ()),
}
# The port in the starters, and in their first lines.
_PORT: Final = "8000"


def add_init(commands: Any) -> None:
    """Add the command to the parser's ``commands``."""
    init = commands.add_parser(
        "init",
        help="write a first program that records: a scoring server, or a script",
        description=(
            "Prints a scoring server, or a script, that records its inputs and predictions in "
            "./modeldata. It runs as it is; its first lines say how to start it, how to send it a "
            "row, and how to see that row again."
        ),
    )
    init.add_argument("kind", choices=STARTERS, help="what it is made with")
    init.add_argument(
        "--out", metavar="FILE", help="write to this file, which must not exist (default: stdout)"
    )
    init.add_argument(
        "--port", type=int, help=f"port that the server listens on (default: {_PORT})"
    )
    init.set_defaults(run=_init)


def program(kind: str, *, name: str | None = None, port: int | None = None) -> str:
    """The program, as a file of this name. Raises ConfigError."""
    starter = STARTERS[kind]
    name = name or starter.file
    module, dot, suffix = name.rpartition(".")
    if (dot, suffix) != (".", "py") or not module.isidentifier():
        raise ConfigError(f"{name} cannot be imported; use a name such as {starter.file}")
    if module in {*STARTERS, *starter.needs, "aiocollect"}:
        raise ConfigError(
            f"{name} would hide the package {module} from Python; use a name such as {starter.file}"
        )
    if port is not None and not 0 < port < 2**16:
        raise ConfigError(f"port {port} is out of range; use 1 to 65535")
    text = files(__package__).joinpath("starters", f"{kind}.py").read_text(encoding="utf-8")
    text = text.replace(f" {starter.file}", f" {name}").replace(" server:app", f" {module}:app")
    return text if port is None else text.replace(_PORT, str(port))


def _init(options: argparse.Namespace) -> int:
    name = None if options.out is None else Path(options.out).name
    text = program(options.kind, name=name, port=options.port)
    lines = text.split('"""')[1].splitlines()[2:]
    absent = [need for need in STARTERS[options.kind].needs if find_spec(need) is None]
    if options.out is not None:
        _write(options.out, text)
    if options.json:
        said = {
            word.lower(): rest.strip() for word, _, rest in (one.partition(":") for one in lines)
        }
        print(json.dumps({**said, "missing": absent, "file": options.out, "program": text}))
        return 0
    if options.out is None:
        print(text, end="")
    else:
        print(f"aiocollect: wrote {options.out}", file=sys.stderr)
    if options.out is not None or not sys.stdout.isatty():
        print(*lines, sep="\n", file=sys.stderr)
    if absent:
        print(
            f"aiocollect: not installed here: {', '.join(absent)}; pip install {' '.join(absent)}",
            file=sys.stderr,
        )
    return 0


def _write(path: str, text: str) -> None:
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{path} exists, and is not overwritten; use another name") from None
    except OSError as error:
        raise ConfigError(f"cannot write {path} ({error.strerror}); use another --out") from None
