"""Our own risks: what ARCHITECTURE.md says is done with care, done without."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["OWN"]

OWN: Final = [
    Mutant(
        "hidden resend",
        "own: aiohttp sends a PUT twice by itself",
        "stores/azure_session.py",
        "        middlewares=(once,),\n",
        "",
        ("one attempt",),
        "assert 2 == 1",
    ),
    Mutant(
        "the first 412 taken for not landed",
        "own: something between us and the store resends",
        "_core/lane.py",
        "    def _on_mismatch(self, _: Any) -> list[Command]:\n",
        "    def _on_mismatch(self, _: Any) -> list[Command]:\n"
        "        if not self.in_doubt and not self.blind:\n"
        "            self._position = None\n"
        "            return self._open()\n",
        ("lives",),
        "doubled",
    ),
    Mutant(
        "identical rows: ids without the writer",
        "own: equal bytes of another writer are no proof",
        "_core/ids.py",
        "-ac{writer[:2]}-{writer[2:]}",
        "-ac00-00000000",
        ("twins",),
        "lost",
    ),
    Mutant(
        "identical rows: lengths compared, not bytes",
        "own: another writer's bytes taken for ours",
        "_core/verdict.py",
        "found.data[before:] == body",
        "len(found.data[before:]) == len(body)",
        ("lives",),
        "lost",
    ),
    Mutant(
        "prefix: only the first bytes compared",
        "own: a prefix may be common to two batches",
        "_core/verdict.py",
        "found.data[before:] == body",
        "found.data[before:][:4] == body[:4]",
        ("lives",),
        "lost",
    ),
    Mutant(
        "prefix of a halved block",
        "own: halved while an attempt is under way",
        "_core/lane.py",
        "        if self.in_doubt:\n            # An earlier attempt may still land",
        "        if self.in_doubt and self.blind:\n            # An earlier attempt may still land",
        ("lives",),
        "doubled",
    ),
    Mutant(
        "replaced blob: the creation time not looked at",
        "own: a deleted blob made anew by somebody else",
        "_core/verdict.py",
        "found.created != created or found.length < position",
        "found.length < position",
        ("replaced", "lives"),
        "misplaced",
    ),
    Mutant(
        "replaced blob: no If-Match",
        "own: a late append lands in the blob's successor",
        "_core/lane.py",
        "self._body(), self._position, self._etag)]",
        "self._body(), self._position, None)]",
        ("replaced", "lives"),
        "doubled",
    ),
    Mutant(
        "replaced blob: If-Match not sent",
        "own: the same, in the Azure store",
        "stores/azure.py",
        "        if etag is not None:\n            conditions |= ",
        "        if self._closed:\n            conditions |= ",
        ("made anew",),
        "AssertionError",
    ),
    Mutant(
        "truncating create",
        "own: create without If-None-Match empties a blob",
        "stores/azure.py",
        "                    match_condition=MatchConditions.IfMissing,\n",
        "",
        ("late creation",),
        "lost",
    ),
    Mutant(
        "a call inside the ring's window",
        "own: two threads take one slot",
        "_core/ring.py",
        "        if tail - self._head >= self._size:\n",
        "        if len(self) >= self._size:\n",
        ("moments",),
        "lost",
    ),
    Mutant(
        "lost wake-up",
        "own: a call between the last look and the sleep",
        "_engine/engine.py",
        "            if len(self.ring):  # put between the turn and the line above\n"
        "                self.asleep = False\n                return 0.0\n",
        "",
        ("moments",),
        "nobody was woken",
    ),
    Mutant(
        "cancelled half-way",
        "own: a cancelled request's lane waits for ever",
        "_engine/sender.py",
        "            if not self._stopped:\n                self._tell(channel, Event.UNKNOWN)\n",
        "",
        ("lives",),
        "FlushTimeout",
    ),
    Mutant(
        "an orphan adopted twice",
        "own: two processes take over one dead one's rows",
        waiting="the spool",
    ),
    Mutant(
        "header race: whoever creates writes it",
        "own: the loser appends rows before the header",
        "_core/lane.py",
        "            # Whoever made it: only a look gives its ETag",
        '            if not created:\n                self.parts.header = b""\n'
        "            # Whoever made it: only a look gives its ETag",
        ("lives",),
        "torn",
    ),
    Mutant(
        "part limit: no roll before the store refuses",
        "own: parts of more blocks than max_blocks",
        "_core/limits.py",
        "return blocks >= self.max_blocks or length >= self.max_bytes",
        "return length >= self.max_bytes",
        ("hardships",),
        "too many blocks",
    ),
    Mutant(
        "an answer that says nothing taken for stored",
        "own: a doubt settled by hope",
        "_core/lane.py",
        "    def _back_off(self, chance: float, answer: Answer) -> list[Command]:\n",
        "    def _back_off(self, chance: float, answer: Answer) -> list[Command]:\n"
        "        if self.state is State.APPENDING and self._position:\n"
        "            return self._landed(self._position)\n",
        ("lives",),
        "lost",
    ),
]
