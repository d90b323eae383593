"""Real bugs of others, in the nearest form that our code has a place for.

The numbers are issues and pull requests on GitHub. Where the owner stands before the project, the
thread was read for this; else the number is known from a survey of such bugs alone, and the comment
says what that has.
"""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["PEERS"]

APPENDING: Final = [
    Mutant(
        "appends without any condition",
        "distribution/distribution#4571",  # "500 Operation timeout" retried, blocks doubled
        "stores/azure/store.py",
        "length=len(data), **conditions)\n        )\n        try:\n"
        '            landed = int(answer["blob_append_offset"])\n',
        "length=len(data))\n        )\n        try:\n            landed = offset\n",
        ("each fault",),
        "doubled",
    ),
    Mutant(
        "after a time-out, at the end as it is now",
        "Azure/azure-sdk-for-go#24027",  # the retried block goes behind its first copy
        "_core/moves.py",
        "    State.APPENDING: append,\n",
        "    State.APPENDING: lambda lane: append(lane) if lane.blind else look(lane),\n",
        ("lives",),
        "doubled",
    ),
    Mutant(
        "a 412 is an error for the caller",
        "Snowflake-Labs/pg_lake#514",  # a lost answer fails the write, though it landed
        "_core/readback.py",
        "        return landed(lane, found.length, last=last, sound=sound)\n",
        '        from .blind import on_full\n\n        return on_full(lane, "mismatch")\n',
        ("scenarios",),
        "a doubt is left",
    ),
    Mutant(
        "a full blob is tried for ever",
        "fluent/fluent-bit#2692",  # nothing more is stored after 50,000 blocks
        "_core/commands.py",
        "            event = LaneEvent.FULL\n",
        "            event = LaneEvent.UNKNOWN\n",
        ("lives",),
        "nothing was stored",
    ),
    Mutant(
        "a full part is taken up again",
        "chriswill/serilog-sinks-azureblobstorage#132",  # the limit not looked at on the way in
        "_core/parts.py",
        "        return self.full(length=opened.length, blocks=opened.blocks)\n",
        '        return ""\n',
        ("scenarios",),
        "too many blocks",
    ),
    Mutant(
        "a reader's disturbance taken for a refusal",
        "azure-sdk-for-cpp#3631",  # 409 BlobModifiedWhileReading on an append
        "stores/azure/errors.py",
        '    "BlobModifiedWhileReading": (None, _as(StoreBusy)),\n',
        '    "BlobModifiedWhileReading": (None, _refused(Refusal.TOO_LARGE)),\n',
        ("each fault",),
        "AssertionError: ",
    ),
    Mutant(
        "too large a block is tried for ever",
        "chriswill/serilog-sinks-azureblobstorage#16",  # blocks are not split
        "_core/commands.py",
        "    Refusal.TOO_LARGE: LaneEvent.REJECTED,\n",
        "    Refusal.TOO_LARGE: LaneEvent.UNKNOWN,\n",
        ("scenarios",),
        "stuck",
    ),
    Mutant(
        "one refused row takes its batch along",
        "jobseek#3315",  # one permanent rejection ends the batch
        "_core/appending.py",
        "    if block.rows > 1:\n",
        "    if block.rows > 1 and lane.blind:\n",
        ("scenarios",),
        "dead letters",
    ),
    Mutant(
        "one odd row takes its run along",
        "datahub-project/datahub#19369",  # one fails its batch
        "_delivery/intake.py",
        "            lines += self._encoded(run.stream, [piece]) or self._one_by_one(run, piece)\n",
        "            some = self._encoded(run.stream, [piece])\n"
        "            if some is None:\n"
        "                self._dead_letter(\n"
        '                    run.stream, piece, "encode", 0, run.account, run.receipt)\n'
        "            lines += some or []\n",
        ("scenarios",),
        "dead letters",
    ),
    Mutant(
        "all rows of a slice to the first one's blob",
        "open-telemetry/opentelemetry-collector-contrib#50336",  # one name per batch
        "_delivery/intake.py",
        "            size += estimate\n"
        "            channel = stream.channel if hour == stream.hour else None\n",
        "            size += estimate\n            channel = next(iter(last), None)\n",
        ("lives",),
        "misplaced",
    ),
    Mutant(
        "late rows to today's folder",
        "aspnetcore#35546",  # the file of the moment of sending
        "_delivery/channels.py",
        "_EPOCH + timedelta(hours=hour), extension",
        "_EPOCH + timedelta(hours=self._hour or hour), extension",
        ("lives",),
        "misplaced",
    ),
    Mutant(
        "a dead path takes all places",
        "distr#2862",  # head-of-line blocking by one poisoned path
        "_delivery/senders.py",
        "        channel.standing = Standing.LATE\n        if task in self._late:\n",
        "        if not self._closing.begun:\n",
        ("scenarios",),
        "only other paths are dead",
    ),
]

QUEUES: Final = [
    Mutant(
        "evicted and not counted",
        "langfuse/langfuse#15374",  # the queue drops its oldest in silence
        "_delivery/backlog.py",
        "reason=reason)\n        self._settling.settle([end, Release(batch)], channel)\n",
        "reason=reason)\n        self._settling.settle([Release(batch)], channel)\n",
        ("lives",),
        "the equation does not hold",
    ),
    Mutant(
        "the queue cleared after a send",
        "BerriAI/litellm#38904",  # with what was added meanwhile
        "_delivery/backlog.py",
        "    item = channel.backlog.popleft()\n",
        "    item = channel.backlog.popleft()\n    channel.backlog.clear()\n",
        ("lives",),
        "the equation does not hold",
    ),
    Mutant(
        "rows added during a send stay until the next",
        "PostHog/posthog-js#2144",  # queued until somebody captures or flushes again
        "_delivery/delivery.py",
        "        if channel.due and not channel.backlog:\n            self.pump.seal(channel)\n",
        "        channel.due = False\n",
        ("scenarios",),
        "a minute after the last call",
    ),
    Mutant(
        "the limit holds for one stage only",
        "fluent-bit-docs#1124",  # memory beyond it, out of sight
        "_core/ring.py",
        "                if over > self.budget - self.shares:\n"
        "                    return NO_BUDGET\n"
        "            if self.used + cost > self.budget:\n",
        "                pass\n            if self.budget < 0:\n",
        ("scenarios",),
        "over the budget",
    ),
    Mutant(
        "a cancelled wait is accepted later",
        "python-websockets/websockets#486",  # the message is lost
        "_delivery/backpressure.py",
        "            try:\n                await future\n            finally:\n"
        "                self._leave(call, future)\n",
        "            await asyncio.shield(future)\n",
        ("scenarios",),
        "half",
    ),
    Mutant(
        "a cancelled sender keeps its place",
        "aiokafka#1039",  # later sends are accepted and never sent
        "_delivery/senders.py",
        "        self._tasks.discard(task)\n        self._late.pop(task, None)\n",
        "        if task.cancelled():\n            return\n"
        "        self._tasks.discard(task)\n        self._late.pop(task, None)\n",
        ("lives",),
        "nothing was stored",
    ),
    Mutant(
        "elapsed time by the wall clock",
        "tox-dev/filelock#136",  # time-outs move with the system's clock
        "_delivery/delivery.py",
        "        look = self._shedder.expire(clock.monotonic())\n",
        "        offset = self.__dict__.setdefault(\n"
        '            "_offset", clock.time_ns() / 1e9 - clock.monotonic()\n'
        "        )\n"
        "        look = self._shedder.expire(clock.time_ns() / 1e9 - offset)\n",
        ("scenarios",),
        "expired by the wall clock",
    ),
]

ENDS: Final = [
    Mutant(
        "close waits for the store for ever",
        "aiokafka#1101",  # stop() hangs while the broker is down
        "_engine/lifecycle.py",
        "                await self._settle_all(deadline)\n",
        "                await self._settle_all(None)\n",
        ("scenarios",),
        "down_at_the_end",
    ),
    Mutant(
        "requests have no time-out",
        "opentelemetry-python#4555",  # export_timeout is not used
        "_delivery/senders.py",
        "            async with asyncio.timeout(self._retry.attempt_timeout):\n",
        "            async with asyncio.timeout(None):\n",
        ("lives",),
        "nothing was stored",
    ),
    Mutant(
        "flush does not mind its time-out",
        "opentelemetry-python#4568",  # force_flush(timeout) is ignored
        "_engine/lifecycle.py",
        "        patience = None if timeout is None else timeout + GRACE\n"
        "        try:\n            async with engine.binding.within(patience):\n"
        "                await engine.binding.run(lambda: self._settle_all(timeout))\n",
        "        patience = None\n"
        "        try:\n            async with engine.binding.within(patience):\n"
        "                await engine.binding.run(lambda: self._settle_all(None))\n",
        ("scenarios",),
        "down_at_the_end",
    ),
    Mutant(
        "nothing is flushed at exit",
        "opentelemetry-python#5568",  # the last batch is lost with the interpreter
        "_engine/exits.py",
        "atexit.register(_leave)\n",
        "",
        ("exits",),
        "lost",
    ),
    Mutant(
        "what is left at the close is forgotten",
        "open-telemetry/opentelemetry-collector#15677",  # queued items deleted
        "_delivery/delivery.py",
        "                self.senders.perform(channel, ends)\n",
        "",
        ("scenarios",),
        "not accounted for",
    ),
    Mutant(
        "a wait that the close interrupts is the end",
        "open-telemetry/opentelemetry-collector#6771",  # the retry is taken for done at shutdown
        "_delivery/senders.py",
        "            self._wait(channel, HURRIED_WAIT)\n\n    async def stop",
        "\n    async def stop",
        ("scenarios",),
        "lost at a close",
    ),
    Mutant(
        "a lock that a handler may find held",
        "sentry-python#803",  # the collector of garbage comes in under the lock
        "_core/lock.py",
        "threading.RLock()\n    return lock, lock._is_owned\n",
        "threading.Lock()\n    return lock, lambda: False\n",
        ("interleavings",),
        "hangs",
    ),
    Mutant(
        "a lock inherited by a fork",
        "getsentry/sentry-python#6148",  # a worker's lock, locked for ever in the child
        "_engine/loop_thread.py",
        "        return LoopThread(self._make_loop)\n",
        "        self._loop = None\n        return self\n",
        ("forks",),
        "the child hangs",
    ),
    Mutant(
        "the child waits for its parent's thread",
        "analytics-python#171",  # the consumer does not exist in the child
        "_engine/engine.py",
        "        self.sources.begin_in_child()\n        self.channels.clear(writer=writer)\n"
        "        self.binding = self.binding.another()\n",
        "        self.sources.begin_in_child()\n        self.channels.clear(writer=writer)\n",
        ("forks",),
        "child",
    ),
    Mutant(
        "a fork that nobody notices",
        "opentelemetry-python#2266",  # workers forked after the processor was made
        "_engine/fork.py",
        "    os.register_at_fork(after_in_child=_in_child)\n",
        "    pass\n",
        ("forks",),
        "child",
    ),
    Mutant(
        "a cancelled shutdown takes the rows along",
        "fastmcp#3480",  # teardown awaits inside of a cancelled scope
        "_engine/lifecycle.py",
        "                return await asyncio.shield(closing)\n",
        "                return await closing\n",
        ("scenarios",),
        "lost at a cancelled shutdown",
    ),
    Mutant(
        "one session for all loops",
        "azure-sdk-for-python#33987",  # a client bound to a loop that has ended
        "stores/azure/session.py",
        "return self.loop is loop and self.pid == os.getpid()",
        "return self.pid == os.getpid()",
        ("two loops",),
        "RuntimeError",
    ),
    Mutant(
        "a torn tail is kept",
        "elastic/beats#4733",  # an abnormal end leaves zeros in the registry
        "stores/local/ledger.py",
        "            os.ftruncate(self._data, record.length)\n        elif",
        "            self._write(record._replace(length=size))\n        elif",
        ("local kills", "torn tails"),
        "Assert",
    ),
    Mutant(
        "a damaged spool is read again and again",
        "vector#17644",  # a loop that no signal ends
        "_spool/format.py",
        "            offset = stop\n            continue\n",
        "            continue\n",
        ("crashes",),
        "hangs",
    ),
]

PEERS: Final = [*APPENDING, *QUEUES, *ENDS]
