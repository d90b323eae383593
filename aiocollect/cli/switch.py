"""``aiocollect enable``, ``disable`` and ``status``: what operators do to a running service.

They write the settings file that its pipeline watches, and show what it says. A rate that was set
before stays when a collector is switched off and on again.
"""

from __future__ import annotations

from dataclasses import replace

from aiocollect.control import Control, Switch, read_control, write_control

__all__ = ["show", "switch"]


def switch(
    path: str, collector: str | None, *, enabled: bool, sample_rate: float | None = None
) -> int:
    """Switch the pipeline, or one collector, and show what holds now; returns the exit code."""
    control = read_control(path)
    before = control.whole if collector is None else control.collectors.get(collector, Switch())
    rate = before.sample_rate if sample_rate is None else sample_rate
    after = Switch(enabled, rate)
    if collector is None:
        control = replace(control, whole=after)
    else:
        control = Control(control.whole, {**control.collectors, collector: after})
    write_control(path, control)
    return show(path)


def show(path: str) -> int:
    """Show what the file says; returns the exit code."""
    control = read_control(path)
    print(f"the pipeline  {_told(control.whole)}")
    for name, one in sorted(control.collectors.items()):
        print(f"{name}  {_told(one)}")
    if control.collectors and not control.whole.enabled:
        print("(on is what both switch on)")
    return 0


def _told(switch: Switch) -> str:
    return f"on, {switch.sample_rate:.3g} of its calls" if switch.enabled else "off"
