"""What to try next: commands that work where the demo ran, as they stand.

In the environment that ran it: the package may be installed there or only lie in the current
folder, and pyarrow, which the commands that parse rows need, may be there or not.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from .panel import NextCommand
from .place import DemoPlace

__all__ = ["next_commands", "this_command"]


def this_command() -> str:
    """How ``aiocollect`` is called from any folder, with this interpreter's packages."""
    script = Path(sys.executable).with_name("aiocollect")
    if script.exists():
        return "aiocollect" if shutil.which("aiocollect") == str(script) else _quoted(script)
    called = f"{_quoted(Path(sys.executable))} -m aiocollect.cli"
    root = Path(__file__).parents[2]
    # The first entry is the current folder, or that of the script.
    if any(Path(entry).resolve() == root for entry in sys.path[1:] if entry):
        return called
    return f"env PYTHONPATH={_quoted(root)} {called}"


def next_commands(place: DemoPlace) -> list[NextCommand]:
    """Three commands that read what was stored in ``place``; none where that cannot be shown or
    does not stay."""
    store = place.shown
    if store is None:
        return []
    command, options = this_command(), f"--store {shlex.quote(store)}{place.options}"
    verify = NextCommand(
        "prove by the log that every row is there: ", f"{command} verify churn {options}"
    )
    if find_spec("pyarrow") is None:
        return [
            verify,
            NextCommand("list streams, days and sizes: ", f"{command} ls {options}"),
            NextCommand(
                "for tail, cat and the data page: ",
                f"{_quoted(Path(sys.executable))} -m pip install 'pyarrow>=18'",
            ),
        ]
    return [
        NextCommand("the last rows: ", f"{command} tail churn/10/inputs {options}"),
        verify,
        NextCommand(
            "the data page: income has drifted today: ", f"{command} ui {options} --port 0"
        ),
    ]


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
