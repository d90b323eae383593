"""The documented layout: the one that readers of Azure Machine Learning's collected data know.

``<subscription>/<resource group>/<workspace>/<service>/<model>/<version>/<identifier>/<yyyy>/<MM>/
<dd>/data.csv``, below the container. The workspace's three segments are lower-cased, as the
original collector did; it is the one place where two names can meet.
"""

from __future__ import annotations

from datetime import date

from ..errors import ConfigError
from ..typing import Names
from .names import check_path, escape

__all__ = ["DocumentedLayout"]


class DocumentedLayout:
    """One folder per stream and UTC day."""

    def __repr__(self) -> str:
        return "<DocumentedLayout>"

    def path(self, names: Names, day: date, *, extension: str) -> str:
        """The blob name. Raises ConfigError, naming the name that does not fit."""
        workspace = names.workspace.split("/")
        if len(workspace) != 3:
            raise ConfigError(
                f"workspace={names.workspace!r} must have three parts: "
                "'<subscription id>/<resource group>/<workspace>'"
            )
        segments = [escape(part.lower(), what="workspace") for part in workspace]
        segments += [
            escape(value, what=what)
            for what, value in zip(names._fields[1:], names[1:], strict=True)
        ]
        segments.append(f"{day:%Y/%m/%d}")
        return check_path("/".join([*segments, f"data.{extension}"]))
