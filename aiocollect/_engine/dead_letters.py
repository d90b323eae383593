"""Dead letters: a file for rows that can never be stored, so that somebody can look at them.

One JSON object a line: where the rows belong, why they are here, and what they hold: the encoded
lines where there are any, else each cell's own repr. The file holds cells, so only its owner may
read it; it is bounded, and what no longer fits is counted and told to the hooks all the same.
"""

from __future__ import annotations

import json
import os
from typing import Any

__all__ = ["MAX_BYTES", "DeadLetters"]

# A bug that makes every row a dead letter must not fill a disk.
MAX_BYTES = 64 * 2**20
# Of one entry: what its encoder refused may be of any size.
MAX_TEXT = 256 * 2**10


class DeadLetters:
    """The file at ``path``, made when there is something to write. ``None``: no file.

    ``lost`` counts rows that no longer fitted, or could not be written.
    """

    def __init__(self, path: str | None, *, max_bytes: int = MAX_BYTES) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self.lost = 0

    def __repr__(self) -> str:
        return f"<DeadLetters in {self._path}, {self.lost} lost>"

    def write(self, path: str, *, rows: int, reason: str, content: Any) -> None:
        """Append an entry: ``content`` is the encoded lines as bytes, or the rows themselves."""
        if self._path is None:
            return
        text = content.decode("utf-8", "replace") if isinstance(content, bytes) else _shown(content)
        entry = {"path": path, "rows": rows, "reason": reason, "content": text[:MAX_TEXT]}
        line = json.dumps(entry).encode() + b"\n"
        try:
            # One write to a file opened for appending is whole, also beside other processes.
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                if os.fstat(file).st_size + len(line) > self._max_bytes:
                    self.lost += rows
                else:
                    os.write(file, line)
            finally:
                os.close(file)
        except (OSError, ValueError):  # also a name with a NUL
            self.lost += rows


def _shown(rows: Any) -> str:
    try:
        return repr(rows)
    except Exception as error:  # a cell's own repr may raise anything
        return f"<{type(error).__name__}>"
