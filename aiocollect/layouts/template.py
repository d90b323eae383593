"""Where a stream's rows of one day go: the documented layout.

Invariants: a path has eleven segments and is relative to the container; different names or days
give different paths, but for workspaces that differ in upper and lower case alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ..errors import ConfigError
from ..typing import Names
from .names import escape

__all__ = ["MAX_PATH", "DocumentedLayout"]

# The service takes 1,024 characters; the writer's id and the number of the part are still to come.
MAX_PATH: Final = 900


class DocumentedLayout:
    """``<subscription>/<resource group>/<workspace>/<service>/<model>/<version>/<identifier>/``
    ``<yyyy>/<MM>/<dd>/data.<extension>``; an :class:`~aiocollect.typing.Layout`.

    The three parts of the workspace, and nothing else, are lower-cased, as the collector before us
    did.
    """

    def __repr__(self) -> str:
        return "<DocumentedLayout>"

    def path(self, names: Names, moment: datetime, *, extension: str) -> str:
        """The blob name below the container. ConfigError for names that cannot make one."""
        segments = [
            *_workspace(names.workspace),
            escape(names.service, what="service"),
            escape(names.model, what="model"),
            escape(names.version, what="version"),
            escape(names.identifier, what="identifier"),
            f"{moment.year:04}",
            f"{moment.month:02}",
            f"{moment.day:02}",
            f"data.{escape(extension, what='extension')}",
        ]
        path = "/".join(segments)
        if len(path) > MAX_PATH:
            raise ConfigError(
                f"workspace, service, model, version and identifier make a path of {len(path)} "
                f"bytes, where {MAX_PATH} are allowed; give shorter names"
            )
        return path


def _workspace(workspace: str) -> list[str]:
    parts = workspace.split("/") if isinstance(workspace, str) else []
    if len(parts) != 3:
        raise ConfigError(
            f"workspace={workspace!a} must have three parts: "
            "'<subscription>/<resource group>/<workspace>'"
        )
    # Before escaping, whose digits are upper-case.
    return [escape(part.lower(), what="each part of workspace") for part in parts]
