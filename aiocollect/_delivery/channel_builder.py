"""Puts channels together: the parts, lane and accumulator of one path and header.

What all channels of a pipeline have in common is made once: the limits of batches and parts, the
back-off, what is known of the sizes of blocks that the store takes, and whether paths are new.
"""

from __future__ import annotations

from .._core.accumulator import Accumulator
from .._core.backoff import Backoff
from .._core.first_parts import FirstParts
from .._core.lane import Lane
from .._core.limits import BatchLimits, BlockSizes, PartLimits
from .._core.log_lines import is_log
from .._core.parts import Parts
from .._core.settings import Settings
from .channel import Channel, Totals

__all__ = ["ChannelBuilder"]


class ChannelBuilder:
    """Of one pipeline. ``totals`` are those of all channels that it builds, but for the log's."""

    def __init__(self, settings: Settings) -> None:
        limits, retry = settings.limits, settings.retry
        self.max_batch_bytes = settings.max_batch_bytes
        self.totals = Totals()
        self._batch_limits = BatchLimits(
            max_bytes=settings.max_batch_bytes,
            linger=settings.linger,
            max_blocks=limits.max_blocks,
        )
        self._part_limits = PartLimits(
            max_blocks=limits.max_blocks, max_bytes=limits.max_blob_bytes
        )
        self._backoff = Backoff(base=retry.base, cap=retry.cap, hold=retry.hold)
        self._sizes = BlockSizes()
        self._firsts = FirstParts()

    def __repr__(self) -> str:
        return f"<ChannelBuilder, batches up to {self.max_batch_bytes} bytes>"

    def build(
        self,
        path: str,
        *,
        header: bytes,
        writer: str,
        own: bool,
        ordinal: int,
        serial: int,
        content_type: str,
    ) -> Channel:
        """The channel of the path and header, at their first part. See Parts."""
        parts = Parts(
            path,
            header=header,
            limits=self._part_limits,
            writer=writer,
            own=own,
            ordinal=ordinal,
            serial=serial,
        )
        return Channel(
            Lane(parts, backoff=self._backoff, sizes=self._sizes, firsts=self._firsts),
            Accumulator(self._batch_limits),
            content_type=content_type,
            totals=Totals() if is_log(path) else self.totals,
        )

    def clear(self) -> None:
        """In a child process, or when the pipeline starts again: count from 0."""
        self.totals = Totals()
