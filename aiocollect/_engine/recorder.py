"""The recorder: the part of the pipeline that runs on the scoring path.

It asks the gate whether a call is recorded, freezes it, stamps it, and puts it into the ring. It
waits for nothing but the ring's lock, and raises nothing unless the pipeline is strict. The native
core takes most calls itself (_native/calls.hpp), and does with them what is done here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from .._core.calls import Call
from .._core.gate import ALL
from .._core.ids import HOUR_US, hour_of_id
from .._core.ring import ACCEPTED, NESTED, NO_SLOT
from .._delivery.receipts import RECEIPT_COST, Receipt
from .._delivery.stream import Stream
from .._threads.loops import running_loop
from .._values.interop.exact import short_name
from ..context import correlation, in_force, of
from ..errors import AioCollectError, ConfigError, EncodeError, PipelineClosed, RingFull
from ..events import Refused
from .engine import Engine
from .stamps import MAX_ID, first_row, id_text, microseconds, row_index, rows_at_a_guess, skip_rows
from .together import check_pairs, paired

__all__ = ["Recorder", "refuse"]

Values: TypeAlias = Sequence[tuple[Stream, Any]]
# A stream's frozen value: how many rows were given; the rows that are left, as runs of (index of
# the first one, rows, their number); and their cost.
Frozen: TypeAlias = tuple[Stream, int, Sequence[tuple[int, Any, int]], int]


class Recorder:
    """What collectors and models have in common: a gate, an account, and the way into the ring."""

    __slots__ = ("_label", "account", "engine", "gate", "paired")

    def __init__(
        self,
        engine: Engine,
        *,
        label: str,
        streams: tuple[Stream, ...],
        sample_rate: float,
        paired: bool = False,
    ) -> None:
        self.engine = engine
        self._label = label
        self.paired = paired  # all its streams have the same number of rows in a call
        self.account, self.gate = engine.sources.of(streams, label=label, sample_rate=sample_rate)

    def record(
        self,
        values: Values,
        correlation_id: str | None,
        at: datetime | float | None,
        row: int | None = None,
    ) -> str | None:
        """Accept the values as a whole under one id and time, or refuse and count them."""
        try:
            call, correlation_id = self._call(values, correlation_id, at, row)
            if call is not None:
                self._offer(call)
        except AioCollectError as error:
            self._refuse(error, values)
            return None
        return correlation_id

    def record_one(
        self,
        stream: Stream,
        value: Any,
        correlation_id: str | None,
        at: datetime | float | None,
        row: int | None,
    ) -> str | None:
        """record() of one stream's value."""
        return self.record(((stream, value),), correlation_id, at, row)

    def record_together(
        self,
        label: str,
        streams: dict[str, Stream],
        /,
        *,
        correlation_id: str | None = None,
        at: datetime | float | None = None,
        row: int | None = None,
        **values: Any,
    ) -> str | None:
        """record() of a value for each stream, by their names."""
        return self.record(paired(values, streams, label=label), correlation_id, at, row)

    def leave_out(self, rows: int) -> None:
        """Count rows that sampling leaves out."""
        self.engine.delivery.counters.leave_out(rows, self._label)

    def record_receipt(
        self,
        values: Values,
        correlation_id: str | None,
        at: datetime | float | None,
        row: int | None = None,
    ) -> Receipt | None:
        """Accept the values, and return a receipt for them; or refuse and count them."""
        try:
            call, _ = self._call(values, correlation_id, at, row)
            if call is None:
                return None
            own_id, time, hour, parts, rows, cost, account, _ = call
            receipt = Receipt(own_id, rows, sync=self.engine.durable)
            cost += RECEIPT_COST
            self._offer((own_id, time, hour, parts, rows, cost, account, receipt))
        except AioCollectError as error:
            self._refuse(error, values)
            return None
        self.engine.wake()  # the caller may wait for it
        return receipt

    def _offer(self, call: Call) -> None:
        """Put a call into the ring. Raises RingFull, or PipelineClosed."""
        verdict = self.engine.offer(call)
        if verdict != ACCEPTED:
            raise self._full(verdict)

    async def record_waiting(
        self,
        values: Values,
        correlation_id: str | None,
        at: datetime | float | None,
        row: int | None = None,
        counted: list[int] | None = None,
    ) -> str | None:
        """Accept the values, waiting for room; the number of rows is added to ``counted``."""
        call, correlation_id = self._call(values, correlation_id, at, row, counted)
        if call is not None:
            engine, accepted = self.engine, call
            await engine.binding.run(lambda: engine.delivery.backpressure.accept(accepted))
        return correlation_id

    def record_blocking(
        self,
        values: Values,
        correlation_id: str | None,
        at: datetime | float | None,
        row: int | None,
        timeout: float | None,
        counted: list[int] | None = None,
    ) -> str | None:
        """Accept the values, blocking this thread until there is room; the number of rows is added
        to ``counted``."""
        if running_loop() is not None:
            raise ConfigError(
                f"{self._label}: collect_wait() would block the event loop of this thread; "
                "use await acollect()"
            )
        call, correlation_id = self._call(values, correlation_id, at, row, counted)
        if call is not None and not self._wait(call, timeout):
            raise RingFull(f"{self._label}: there was no room within {timeout} s")
        return correlation_id

    def _wait(self, call: Call, timeout: float | None) -> bool:
        engine = self.engine
        loop = engine.binding.loop
        if loop is None or not engine.delivery.backpressure.has(self.account):
            verdict = engine.offer(call)
            if verdict == ACCEPTED:
                return True
            engine.wake()  # our thread may be about to start
            if engine.binding.loop is None:
                raise self._full(verdict)  # without a loop there is never room
        return engine.binding.run_blocking(
            lambda: engine.delivery.backpressure.accept_within(call, timeout), timeout
        )

    # A call -----------------------------------------------------------------------------------

    def _call(
        self,
        values: Values,
        correlation_id: str | None,
        at: datetime | float | None,
        row: int | None,
        counted: list[int] | None = None,
    ) -> tuple[Call | None, str | None]:
        """Freeze and stamp; None if nothing is to be recorded. Raises the error of a refusal."""
        engine = self.engine
        if not self.gate.limit:
            return None, correlation_id
        if engine.closing.begun:
            raise self._closed()
        if engine.ring.held():
            raise self._full(NESTED)
        try:
            return self._stamped(values, correlation_id, at, row, counted)
        except (AioCollectError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # objects given as at=, row= or id may raise
            failure = f"{self._label}: reading at=, row= or the id raised {short_name(type(error))}"
        # Outside of the handler, so that the error's context does not hold what was given.
        raise EncodeError(failure, reason="time" if at is not None else "id")

    def _stamped(
        self,
        values: Values,
        correlation_id: str | None,
        at: datetime | float | None,
        row: int | None,
        counted: list[int] | None,
    ) -> tuple[Call | None, str | None]:
        engine = self.engine
        ids = engine.ids
        if correlation_id is not None and (
            type(correlation_id) is not str or not 0 < len(correlation_id) <= MAX_ID
        ):
            correlation_id = id_text(correlation_id, stream=self._label)
        context = in_force.get()
        if context is not None and correlation_id is not None and correlation_id != context.id:
            context = of(context, correlation_id)
        if row is not None:
            row = row_index(row, stream=self._label)
        new = ""
        if at is not None:
            time = microseconds(at)
        elif correlation_id is None and (context is None or context.id is None):
            new, time, _ = ids.stamp(engine.clock.time_ns() // 1000)
        else:
            time = ids.time(engine.clock.time_ns() // 1000)
        hour = time // HOUR_US
        if context is not None:
            if context.id is None:
                context.id = new or ids.id(time)
            correlation_id = context.id
        if correlation_id is None:
            correlation_id = new or ids.id(time)
            longer = 0
        else:
            own = self._hour(correlation_id, hour, at, context)
            hour = hour if own is None else own
            longer = 4 * len(correlation_id)  # it goes into every row
        limit = self.gate.limit
        if limit < ALL and not self.gate.passes(correlation_id):
            self.leave_out(sum([rows_at_a_guess(value, stream) for stream, value in values]))
            skip_rows(context, values, ids=ids)
            return None, correlation_id
        try:
            frozen = [self._frozen(stream, value) for stream, value in values]
            if self.paired:
                check_pairs(frozen, label=self._label)
        except BaseException:
            skip_rows(context, values, ids=ids)
            raise
        if counted is not None:
            counted += [number for _, number, _, _ in frozen]
        first = row or 0
        if context is not None:
            counts = [(stream, number) for stream, number, _, _ in frozen]
            first = first_row(context, counts, row=row, ids=ids)
        parts: list[tuple[Any, ...]] = []
        rows = cost = 0
        for stream, _, runs, size in frozen:
            cost += size
            for start, some, number in runs:
                rows += number
                begin = first + start
                parts.append((stream, some, number, begin) if begin else (stream, some, number))
        if not parts:
            return None, correlation_id
        cost += rows * longer
        if cost > self.account.share:
            raise EncodeError(
                f"{self._label}: a call of about {cost} bytes exceeds this collector's "
                f"share of the budget, {self.account.share} bytes; collect fewer rows at a "
                "time, or raise max_memory_bytes",
                reason="too_large",
            )
        call = (correlation_id, time, hour, tuple(parts), rows, cost, self.account, None)
        return call, correlation_id

    def _frozen(self, stream: Stream, value: Any) -> Frozen:
        """A stream's value as runs of rows. Raises EncodeError."""
        engine = self.engine
        try:
            frozen, number, size = stream.shape.freeze(value)
            if not number:
                return stream, 0, (), 0
            runs: Any = ((0, frozen, number),)
            if stream.redactor is not None:
                frozen, kept, size = stream.redactor.redact(frozen, stream.shape.features or ())
                engine.delivery.counters.leave_out_by_rule(number - kept, stream.label)
                runs = ((0, frozen, kept),) if kept else ()
                if type(frozen) is list:
                    runs = [(first, some, len(some)) for first, some in frozen]
            admitted = not runs or stream.admitted or engine.channels.admits(stream)
        except (EncodeError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # methods of a value can raise anything, also panics
            failure = (
                f"{stream.label}: reading the value raised {short_name(type(error))}; pass "
                "plain lists, dicts, arrays or tables"
            )
        else:
            if admitted:
                return stream, number, runs, size
            raise EncodeError(
                f"{stream.label}: these columns would add a header beyond "
                f"limits.max_headers={engine.settings.limits.max_headers} of one path; "
                "keep the columns fixed",
                reason="schema_overflow",
            )
        # Outside of the handler, so that the error's context does not hold the value.
        raise EncodeError(failure)

    def _hour(
        self, correlation_id: str, hour: int, at: object, context: correlation | None
    ) -> int | None:
        """The hour that the id carries, if it is one of ours and may carry one."""
        own = None
        if context is None or context.carries_day:
            own = hour_of_id(correlation_id)
        if context is not None:
            context._hour = -1 if own is None else own
        if own is not None and at is not None and own // 24 != hour // 24:
            raise EncodeError(
                f"{self._label}: at= is on another UTC day than this correlation_id; leave "
                "at= out, or pass the time of the scoring",
                reason="day",
            )
        return own

    # Refusals ---------------------------------------------------------------------------------

    def _closed(self) -> PipelineClosed:
        return PipelineClosed(f"{self._label}: the pipeline is closed")

    def _full(self, verdict: int) -> AioCollectError:
        ring = self.engine.ring
        if self.engine.closing.begun:
            return self._closed()
        if verdict == NESTED:
            return RingFull(
                f"{self._label}: called from within another collect(), by a tracer or a "
                "signal handler; call it after that has returned"
            )
        if verdict == NO_SLOT:
            return RingFull(f"{self._label}: all {len(ring)} slots of the ring are in use")
        return RingFull(
            f"{self._label}: the memory budget is used up: {ring.used} of {ring.budget} "
            f"bytes wait for the store, {self.account.used} of them for this collector"
        )

    def _refuse(self, error: AioCollectError, values: Values) -> None:
        rows = sum([rows_at_a_guess(value, stream) for stream, value in values])
        refuse(self.engine, error, stream=self._label, rows=rows)


def refuse(engine: Engine, error: AioCollectError, *, stream: str, rows: int) -> None:
    """Count and report rows that are not accepted; raises the error if the pipeline is strict."""
    match error:
        case EncodeError():
            reason = error.reason
        case PipelineClosed():
            reason = "closed"
        case RingFull():
            reason = "full"
        case _:
            reason = "config"
    settings = engine.settings
    # Its frames hold the value, and a hook could keep or send the error.
    error.__traceback__ = error.__context__ = None
    engine.delivery.counters.refuse(rows, reason, stream)
    used = engine.ring.used if reason == "full" else 0
    engine.refusals.note(engine.ring.accepted, engine.clock.monotonic(), used=used)
    engine.hooks.emit(Refused(stream=stream, rows=rows, reason=reason, error=error))
    if settings.strict or (settings.when_full == "raise" and type(error) is RingFull):
        raise error from None
