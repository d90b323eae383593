"""``aiocollect enable``, ``disable`` and ``status``: switches for a running service.

They write the settings file that its pipeline watches, and show what is in it. The rate of a
collector is kept while it is off. A name that no pipeline with this file has is refused: with a
mistyped name the operator would believe that the collector is off.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, replace

from aiocollect import ConfigError
from aiocollect.cli.names import listed, near
from aiocollect.settings_file import (
    Control,
    Switch,
    begins,
    read_collectors,
    read_control,
    write_control,
)

__all__ = ["show", "switch"]


def switch(
    path: str,
    collector: str | None,
    *,
    enabled: bool,
    sample_rate: float | None = None,
    force: bool = False,
    as_json: bool = False,
) -> int:
    """Switch the pipeline, or one collector, and show the settings; returns the exit code. Raises
    ConfigError, also for an unknown collector unless ``force`` is given."""
    control = read_control(path)
    if collector is not None and not force:
        _check(collector, path, control)
    if not os.path.exists(path) and not read_collectors(path) and not force:
        print(
            f"aiocollect: {path} is a new file, and no pipeline watches it yet; check the path",
            file=sys.stderr,
        )
    before = control.whole if collector is None else control.collectors.get(collector, Switch())
    rate = before.sample_rate if sample_rate is None else sample_rate
    after = Switch(enabled, rate)
    if collector is None:
        control = replace(control, whole=after)
    else:
        control = Control(control.whole, {**control.collectors, collector: after})
    write_control(path, control)
    return show(path, as_json=as_json)


def show(path: str, *, as_json: bool = False) -> int:
    """Show the settings in the file; returns the exit code."""
    control = read_control(path)
    if as_json:
        collectors = {name: asdict(one) for name, one in sorted(control.collectors.items())}
        print(json.dumps({"pipeline": asdict(control.whole), "collectors": collectors}))
        return 0
    print(f"pipeline  {_described(control.whole)}")
    for name, one in sorted(control.collectors.items()):
        print(f"{name}  {_described(one)}")
    if control.collectors and not control.whole.enabled:
        print("(a collector records only if the pipeline is on too)")
    return 0


def _check(collector: str, path: str, control: Control) -> None:
    labels = read_collectors(path)
    if collector in control.collectors or any(begins(label, collector) for label in labels):
        return
    if not labels:
        raise ConfigError(
            f"cannot check whether {collector!r} is a collector: no pipeline that watches "
            f"{path} has listed its collectors in {path}.collectors; check the path, or "
            "use --force to write it anyway"
        )
    # Beginnings too: "churn" stands for all of "churn/10/inputs".
    words = len(collector.strip("/").split("/"))
    names = {"/".join(label.split("/")[:words]): None for label in sorted(labels)}
    found = near(collector, names)
    meant = f"did you mean {found!r}? " if found else ""
    raise ConfigError(
        f"unknown collector {collector!r}; {meant}known collectors: "
        f"{listed(labels)}. Use --force for a collector that does not exist yet"
    )


def _described(switch: Switch) -> str:
    return f"on, {switch.sample_rate:.3g} of its calls" if switch.enabled else "off"
