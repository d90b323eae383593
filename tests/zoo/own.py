"""Our own risks: what docs/explanation/internals.md says is done with care, done without."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["OWN"]

OWN: Final = [
    Mutant(
        "hidden resend",
        "own: aiohttp sends a PUT twice by itself",
        "stores/azure/session.py",
        "        middlewares=(OneAttempt(),),\n",
        "",
        ("one attempt",),
        "assert 2 == 1",
    ),
    Mutant(
        "the first 412 taken for not landed",
        "own: something between us and the store resends",
        "_core/appending.py",
        "    lane.begin_doubt().code = error.code\n",
        "    if lane.doubt is None:\n"
        "        lane.place = Place()\n"
        "        return next_block(lane)\n"
        "    lane.begin_doubt().code = error.code\n",
        ("lives",),
        "doubled",
    ),
    Mutant(
        "identical rows: ids without the writer",
        "own: equal bytes of another writer are no proof",
        "_core/ids.py",
        "-ac{self.writer[:2]}-{self.writer[2:]}",
        "-ac00-00000000",
        ("identical writers",),
        "lost",
    ),
    Mutant(
        "identical rows: lengths compared, not bytes",
        "own: another writer's bytes taken for ours",
        "_core/verdict.py",
        "data.startswith(bodies[index])",
        "len(data) >= len(bodies[index])",
        ("lives",),
        "lost",
    ),
    Mutant(
        "prefix: only the first bytes compared",
        "own: a prefix may be common to two batches",
        "_core/verdict.py",
        "data.startswith(bodies[index])",
        "data.startswith(bodies[index][:4])",
        ("lives",),
        "lost",
    ),
    Mutant(
        "prefix of a halved block",
        "own: halved while an attempt is under way",
        "_core/appending.py",
        "        doubt.halved(block.last)\n",
        "        lane.doubt = None\n",
        ("lives",),
        "doubled",
    ),
    Mutant(
        "replaced blob: the creation time not looked at",
        "own: a deleted blob made anew by somebody else",
        "_core/verdict.py",
        "    if found.created != created:\n",
        "    if found.created != created and found.length < position:\n",
        ("replaced", "lives"),
        "misplaced",
    ),
    Mutant(
        "replaced blob: no If-Match",
        "own: a late append lands in the blob's successor",
        "_core/moves.py",
        "lane.body, place.position, place.etag)]",
        "lane.body, place.position, None)]",
        ("replaced", "lives"),
        "doubled",
    ),
    Mutant(
        "replaced blob: If-Match not sent",
        "own: the same, in the Azure store",
        "stores/azure/store.py",
        "        if etag is not None:\n            conditions |= ",
        "        if self._closed:\n            conditions |= ",
        ("made anew",),
        "AssertionError",
    ),
    Mutant(
        "truncating create",
        "own: create without If-None-Match empties a blob",
        "stores/azure/store.py",
        "                    match_condition=MatchConditions.IfMissing,\n",
        "",
        ("late creation",),
        "assert False",
    ),
    Mutant(
        "lost wake-up",
        "own: a call between the last look and the sleep",
        "_delivery/delivery.py",
        "            if len(ring):  # put between the slice and the line above\n"
        "                self._door.asleep = False\n                return 0.0\n",
        "",
        ("interleavings",),
        "nobody was woken",
    ),
    Mutant(
        "cancelled half-way",
        "own: a cancelled request's lane waits for ever",
        "_delivery/senders.py",
        "            if not self._abandoned and running_loop() is not None:\n"
        "                self._tell(channel, LaneEvent.UNKNOWN)\n",
        "",
        ("lives",),
        "nothing was stored",
    ),
    Mutant(
        "an orphan adopted twice",
        "own: two processes take over one dead one's rows",
        "_spool/orphans.py",
        "        return recover(disk, path, directory)\n",
        "        recovered = recover(disk, path, directory)\n"
        "        directory.release()\n"
        "        return recovered\n",
        ("crashes",),
        "doubled",
    ),
    Mutant(
        "sent before the spool knows",
        "own: nobody finds out what a killed process had sent",
        "_delivery/senders.py",
        "channel.intend(partial(self._make_ready, channel, command, goes_on))",
        "self._make_ready(channel, command, goes_on)",
        ("crashes",),
        "doubled",
    ),
    Mutant(
        "an intent that is not synced",
        "own: the power cut takes it, and not what was sent",
        "_spool/journal_work.py",
        "            self.slots.sync()\n",
        "            pass\n",
        ("crashes",),
        "doubled",
    ),
    Mutant(
        "durable before it is synced",
        "own: what was promised is in the page cache",
        "_spool/journal_work.py",
        "                segment.file.sync()\n",
        "                pass\n",
        ("crashes",),
        "lost",
    ),
    Mutant(
        "the slot's sound copy is written over",
        "own: torn, it leaves no other",
        "_spool/journal.py",
        "slot_offset(progress.lane.slot, 1 - progress.copy)",
        "slot_offset(progress.lane.slot, 0)",
        ("crashes",),
        "doubled",
    ),
    Mutant(
        "a torn record is taken for whole",
        "own: rows that nobody wrote",
        "_spool/format.py",
        "return end if crc32(view[offset + _RECORD.size : end], start) == crc else None",
        "return end",
        ("crashes",),
        "torn",
    ),
    Mutant(
        "header race: whoever creates writes it",
        "own: the loser appends rows before the header",
        "_core/finding.py",
        "        # Whoever made it: only a look gives its ETag",
        '        if not created:\n            lane.parts.header = b""\n'
        "        # Whoever made it: only a look gives its ETag",
        ("lives",),
        "torn",
    ),
    Mutant(
        "part limit: no roll before the store refuses",
        "own: parts of more blocks than max_blocks",
        "_core/limits.py",
        "return blocks >= self.max_blocks or length >= self.max_bytes",
        "return length >= self.max_bytes",
        ("scenarios",),
        "too many blocks",
    ),
    Mutant(
        "an answer that says nothing taken for stored",
        "own: a doubt settled by hope",
        "_core/states.py",
        "    (_APPENDING, LaneEvent.UNKNOWN): _UNKNOWN,\n",
        "    (_APPENDING, LaneEvent.UNKNOWN): _to(\n"
        "        lambda lane, _: appending.landed(lane, lane.place.position or 0), *State\n"
        "    ),\n",
        ("lives",),
        "lost",
    ),
]
