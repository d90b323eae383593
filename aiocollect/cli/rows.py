"""Rows on stdout, written as a pipeline writes them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias

from aiocollect.encoders import CsvEncoder, JsonlEncoder
from aiocollect.typing import Piece, Schema

__all__ = ["RowsOut", "cells_of"]

Form: TypeAlias = Literal["csv", "jsonl"]
_ROWS = 4096


class RowsOut:
    """Writes record batches. Of CSV a header comes first, and again where the columns change."""

    def __init__(self, form: Form) -> None:
        self._encoder = CsvEncoder() if form == "csv" else JsonlEncoder()
        self._names: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        return f"<RowsOut {self._encoder.extension}>"

    def begin(self, names: Sequence[str]) -> None:
        """The columns of what comes next."""
        if tuple(names) != self._names:
            self._names = tuple(names)
            sys.stdout.buffer.write(self._encoder.header(Schema(self._names, ids=False)))

    def write(self, batch: Any) -> None:
        """A record batch."""
        self.begin(batch.schema.names)
        schema = Schema(tuple(batch.schema.names), ids=False)
        for first in range(0, batch.num_rows, _ROWS):
            piece = Piece(tuple(cells_of(batch.slice(first, _ROWS))), "", "", 0)
            sys.stdout.buffer.writelines(self._encoder.encode([piece], schema))

    def flush(self) -> None:
        """Let others see it now."""
        sys.stdout.buffer.flush()


def cells_of(batch: Any) -> Iterable[tuple[Any, ...]]:
    """Its rows."""
    return zip(*(column.to_pylist() for column in batch.columns), strict=True)
