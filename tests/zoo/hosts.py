"""Bugs of a row's host: starts, ends, forks, loops, places among the senders, budgets."""

from __future__ import annotations

from typing import Final

from .mutant import Mutant

__all__ = ["HOSTS"]

HOSTS: Final[list[Mutant]] = [
    Mutant(
        "the ring without its lock",
        "own: a tracer in Python lets other threads in between any two lines",
        "_engine/quick.py",
        "    with window.lock:\n",
        "    if True:\n",
        ("traced",),
        "lost",
    ),
    Mutant(
        "a call from inside of another one",
        "own: a re-entrant lock lets a signal handler in where half a call is written",
        "_engine/quick.py",
        "        if window.inside and window.nested():\n",
        "        if False:\n",
        ("traced",),
        "doubled",
    ),
    Mutant(
        "a window that an interrupt leaves locked",
        "own: Ctrl-C in the middle of a call, under a debugger",
        "_core/ring.py",
        "                        self.undo(tail, used, over, more, account, before)\n",
        "",
        ("traced",),
        "the budget leaks",
    ),
    Mutant(
        "late paths take everybody's places",
        "own: a cliff where more paths hang than there are places",
        "_engine/sender.py",
        "        channel.standing = Standing.LATE\n        if task in self._late:\n",
        "        if task in self._late:\n",
        ("crowded",),
        "late",
    ),
    Mutant(
        "a bound on late requests that ends in the others' places",
        "own: whoever hangs when the late ones' places are full keeps one of the others'",
        "_engine/sender.py",
        "            if longest is not None:\n",
        "            if longest is not None:\n                return\n",
        ("crowded",),
        "late",
    ),
    Mutant(
        "a worker that begins before it is known",
        "cpython: asyncio.eager_task_factory runs a task's first step inside of create_task",
        "_engine/sender.py",
        "        task = asyncio.Task(work(turn), loop=asyncio.get_running_loop())\n",
        "        task = asyncio.get_running_loop().create_task(work(turn))\n",
        ("lives",),
        "nothing was stored",
    ),
    Mutant(
        "a cancelled worker takes its request along",
        "own: a host cancels a task that has not begun",
        "_engine/sender.py",
        "        if turn is not None:  # cancelled",
        "        if turn is None:  # cancelled",
        ("lives",),
        "nothing was stored",
    ),
    Mutant(
        "an encoder's panic takes the slice along",
        "own: what is no Exception, out of native code",
        "_engine/pump.py",
        "        except BaseException:\n            return None\n        try:\n            found",
        "        except Exception:\n            return None\n        try:\n            found",
        ("lives",),
        "lost",
    ),
    Mutant(
        "a store's panic is nobody's answer",
        "own: what is no Exception, out of native code",
        "_engine/sender.py",
        "        except BaseException:\n            # A store may raise",
        "        except Exception:\n            # A store may raise",
        ("lives",),
        "nothing was stored",
    ),
    Mutant(
        "a hook's panic stops the lane's step",
        "own: what is no Exception, out of native code",
        "hooks.py",
        "            except BaseException:  # a hook",
        "            except Exception:  # a hook",
        ("lives",),
        "Panic",
    ),
]
