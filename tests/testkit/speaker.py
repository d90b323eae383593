"""A child for test_child.py: does what its task says, step by step."""

from __future__ import annotations

import asyncio
import os
import time

from testkit.child import heard, say, stop_event, task_of


def main() -> None:
    """Each step is a word with what it needs."""
    for step, value in task_of()["steps"]:
        match step:
            case "say":
                say(**value)
            case "print":
                print(value, flush=True)
            case "complain":
                os.write(2, value.encode())
            case "echo":
                say(heard=heard())
            case "stop":
                asyncio.run(_until_stopped())
            case "hang":
                time.sleep(60)
            case "exit":
                raise SystemExit(value)


async def _until_stopped() -> None:
    stop = stop_event()
    say(ready=True)
    await stop.wait()
    say(ended=True)


if __name__ == "__main__":
    main()
