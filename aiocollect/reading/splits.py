"""Splits: a dataset in pieces that other processes read, for Ray, dask, Spark and whatever works on
lists of tasks.

Invariants: the rows of all splits are those of the dataset, each once, in columns of the same
types; a split reads the bytes of the dataset's snapshot, however the blobs have grown since.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from typing import Any, NamedTuple

import pyarrow as pa  # type: ignore[import-untyped]

from .._public import publish
from .._threads.runner import iterate
from .asked.notes import Notes
from .asked.request import Request
from .fetch.opening import Opener
from .parts.plan import thawed
from .source import Known, Reading

__all__ = ["Split", "Task"]


class Task(NamedTuple):
    """What a split does. ``window`` as in Reading; ``limit``: so many rows alone."""

    store: Opener
    request: Request
    snapshot: str
    columns: Known
    window: tuple[int, int] | None
    limit: int | None


class Split:
    """A piece of a dataset. It can be pickled, and read in another process, where aiocollect is
    installed too: ``for batch in split.read()``.

    What is pickled: the address of the store and the other options as read() was given them, names
    of blobs, types of columns. So no secret, but one that stands in ``store`` (a SAS, a connection
    string) or in ``credential`` (a key): the name of an identity, ``credential="managed"`` or
    "workload", has none. A Store object is refused, unless its class has a __reduce__().

    ``schema``, a ``pyarrow.Schema``, is the same for all splits of a dataset; ``size_bytes``: of
    the blobs, about so many are read.
    """

    __slots__ = ("_task", "schema", "size_bytes")

    def __init__(self, task: Task, *, schema: Any, size_bytes: int) -> None:
        self._task = task
        self.schema = schema
        self.size_bytes = size_bytes

    def __repr__(self) -> str:
        return f"<Split of {self._task.request.model}: about {self.size_bytes:,} bytes>"

    def read(self) -> Iterator[Any]:
        """Its rows, ``pyarrow.RecordBatch`` after batch, in bounded memory.

        Raises SchemaConflict for a cell that is not of its column's type: see Dataset.typed().
        """
        return iterate(self._batches)

    def table(self) -> Any:
        """Its rows as one ``pyarrow.Table``."""
        return pa.Table.from_batches(self.read(), schema=self.schema)

    async def _batches(self) -> AsyncGenerator[Any, None]:
        task = self._task
        source = Reading(
            task.request,
            None,
            Notes(),
            thawed(task.snapshot),
            is_frozen=True,
            known=task.columns,
            window=task.window,
        )
        left = task.limit
        async with task.store.opened() as store:
            async for table in source.tables(store, begun=True):
                for batch in table.to_batches():
                    if left is not None:
                        batch = batch.slice(0, left)
                        left -= batch.num_rows
                    if batch.num_rows:
                        yield batch
                    if left == 0:
                        return


publish("aiocollect.reading", Split)
