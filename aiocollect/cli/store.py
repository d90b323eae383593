"""Which store a command reads: its options, else the variables of a pipeline."""

from __future__ import annotations

import argparse
import os
from typing import Any

from aiocollect.reading import options_from_env

__all__ = ["where_of"]


def where_of(options: argparse.Namespace) -> dict[str, Any]:
    """The options of read() and streams() that say where the rows are. Raises ConfigError."""
    given = {
        name: getattr(options, name)
        for name in ("store", "container", "workspace", "service", "layout")
        if getattr(options, name) is not None
    }
    where = options_from_env(os.environ, **given)
    compacted = getattr(options, "compacted", None)  # compact itself has --to
    return where if compacted is None else {**where, "compacted": compacted}
