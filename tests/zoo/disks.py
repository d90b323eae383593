"""Bugs of what outlives a process: spool, journals, adoption, replay.

Those of our first edition, each of which cost rows, or held an event loop.
"""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["DISKS"]

DISKS: Final[list[Mutant]] = [
    Mutant(
        "another store's rows are taken over",
        "own: two tenants with one spool",
        "_spool/orphans.py",
        "head.target not in (UNKNOWN, target.digest) and not any_target:",
        "head.target in () and not any_target:",
        ("crashes",),
        "misdelivered",
    ),
    Mutant(
        "a living life without its lock file is taken",
        "own: a cleaner removes what is empty",
        "_disks/local.py",
        "        except BlockingIOError:\n            return False\n        except OSError as",
        "        except BlockingIOError:\n            pass\n        except OSError as",
        ("spool lives",),
        "200 of 200 rows stored",
    ),
    Mutant(
        "a life that cannot be opened hides all others",
        "own: its lock file is a directory",
        "_spool/orphans.py",
        '            reason = f"it cannot be opened',
        '            raise\n            reason = f"it cannot be opened',
        ("spool lives",),
        "nothing to replay",
    ),
    Mutant(
        "what coalesces is never let go of",
        "own: an outage with many paths, and an empty spool",
        "_delivery/backlog.py",
        "        if accumulator.rows and accumulator.kept and (channel.lane.busy or backlog):\n",
        "        if False:\n",
        ("longer outages",),
        "refused",
    ),
    Mutant(
        "each row's place is known by itself for ever",
        "own: many paths, whose rows stand between one another",
        "_spool/progress.py",
        "        return self._extents.count_since(first) > 1 + size // NEAR\n",
        "        return False\n",
        ("longer outages",),
        "not in the spool",
    ),
    Mutant(
        "what is durable goes with a segment that was not made",
        "own: no inode is left, and a journal that fails is removed",
        "_spool/journal_work.py",
        "            self.spare_error = error\n",
        "            self.spare_error = error\n"
        "            for name in self.directory.names():\n"
        "                if name.endswith('.rows'):\n"
        "                    self.directory.remove(name)\n",
        ("exhaustion",),
        "lost",
    ),
    Mutant(
        "what is final is not noted while a segment is wanted",
        "own: no descriptor is left, and all is stored; killed, or closed",
        "_spool/syncer.py",
        "dead=dead, spare=spare)",
        "dead=dead, spare=spare, limit=0 if journal.wants_spare else SLICE)",
        ("exhaustion",),
        "doubled",
    ),
    Mutant(
        "rows are written on the event loop",
        "own: a frozen file system holds the host",
        "_spool/syncer.py",
        "        self._disk.apart(work.run, done, line=self._line)\n",
        "        done(work.run())\n",
        ("crashes",),
        "the loop was held",
    ),
    Mutant(
        "a life is adopted in one go",
        "own: ten thousand paths hold the host for a second",
        "_delivery/adoptions.py",
        "        for _ in range(AT_ONCE):\n",
        "        for _ in range(adoption.left):\n",
        ("longer outages",),
        "the loop was held",
    ),
]
