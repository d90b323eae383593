"""Where a stream's rows go: the documented layout by day or hour, and templates.

Invariants: a path is relative to the container; no name can leave its segment (names.py). In the
documented layout different names or days give different paths, except for workspaces that differ
only in upper and lower case.
"""

from __future__ import annotations

import re
from datetime import datetime
from string import Formatter
from typing import Final

from ..errors import ConfigError
from ..typing import Names
from .names import escape

__all__ = ["MAX_PATH", "DocumentedLayout", "TemplateLayout"]

# Of a workspace that a message repeats, in characters: an account key has 88.
LONGEST_SHOWN: Final = 40

# The service allows 1,024 characters; the writer's id and the number of the part are added later.
MAX_PATH: Final = 900

_DAY: Final = "{workspace}/{service}/{model}/{version}/{identifier}/{yyyy}/{MM}/{dd}"
_FIELDS: Final = (
    *("workspace", "service", "model", "version", "identifier"),
    *("yyyy", "MM", "dd", "HH", "extension"),
)
# What a template can contain besides fields: nothing that a URL or a file system interprets.
_is_plain: Final = re.compile(r"[A-Za-z0-9._~/=-]*").fullmatch


class TemplateLayout:
    """A path by a template, for example ``{model}/{identifier}/{yyyy}-{MM}-{dd}.{extension}``.

    Fields: ``workspace`` (three segments, lower-cased), ``service``, ``model``, ``version``,
    ``identifier``, ``yyyy``, ``MM``, ``dd``, ``HH`` (UTC, of the scoring), ``extension``. Streams
    with the same path and columns share a file. Raises ConfigError for any other field or
    character.
    """

    def __init__(self, template: str) -> None:
        self.template = template
        _check(template)

    def __repr__(self) -> str:
        return f"<TemplateLayout {self.template}>"

    def path(self, names: Names, moment: datetime, *, extension: str) -> str:
        """The blob name within the container. Raises ConfigError for names that cannot make one."""
        path = self.template.format(
            workspace="/".join(_workspace(names.workspace)),
            service=escape(names.service, what="service"),
            model=escape(names.model, what="model"),
            version=escape(names.version, what="version"),
            identifier=escape(names.identifier, what="identifier"),
            yyyy=f"{moment.year:04}",
            MM=f"{moment.month:02}",
            dd=f"{moment.day:02}",
            HH=f"{moment.hour:02}",
            extension=escape(extension, what="extension"),
        )
        if len(path) > MAX_PATH:
            raise ConfigError(
                "workspace, service, model, version and identifier make a path of "
                f"{len(path)} bytes, and the limit is {MAX_PATH}; use shorter names"
            )
        return path


class DocumentedLayout(TemplateLayout):
    """``<subscription>/<resource group>/<workspace>/<service>/<model>/<version>/<identifier>/``
    ``<yyyy>/<MM>/<dd>/data.<extension>``; with ``hourly`` a further folder ``<HH>``.

    The three parts of the workspace, and nothing else, are lower-cased, as Azure ML's old collector
    did.
    """

    def __init__(self, *, hourly: bool = False) -> None:
        super().__init__(
            f"{_DAY}/{{HH}}/data.{{extension}}" if hourly else f"{_DAY}/data.{{extension}}"
        )

    def __repr__(self) -> str:
        return f"<DocumentedLayout by {'hour' if '{HH}' in self.template else 'day'}>"


def _check(template: str) -> None:
    if not isinstance(template, str):
        raise ConfigError(f"a layout template must be text, not {type(template).__name__}")
    try:
        pieces = list(Formatter().parse(template))
    except ValueError as error:
        raise ConfigError(f"layout={template!a}: {error}") from None
    for text, field, spec, conversion in pieces:
        if not _is_plain(text):
            raise ConfigError(
                f"layout={template!a} may contain only A-Z a-z 0-9 . _ ~ = - / and fields"
            )
        if field in _FIELDS and (spec or conversion):
            raise ConfigError(
                f"layout={template!a}: a field takes no conversion and no format; write {{{field}}}"
            )
        if field is not None and field not in _FIELDS:
            raise ConfigError(
                f"layout={template!a}: unknown field {{{field}}}; the fields are "
                f"{', '.join(f'{{{name}}}' for name in _FIELDS)}"
            )
    if not any(field in ("dd", "MM", "yyyy") for _, field, _, _ in pieces):
        raise ConfigError(
            f"layout={template!a} contains no day, so one file would grow forever; add "
            "{yyyy}/{MM}/{dd}"
        )
    for segment in template.split("/"):
        if not segment.strip(".") or segment.endswith("."):
            raise ConfigError(f"layout={template!a} has a segment that is empty or ends with a dot")


def _workspace(workspace: str) -> list[str]:
    parts = workspace.split("/") if isinstance(workspace, str) else []
    if len(parts) != 3:
        # A long text can be a misplaced key.
        shown = f"={workspace!a}" if len(str(workspace)) <= LONGEST_SHOWN else ""
        raise ConfigError(
            f"workspace{shown} must have three parts: '<subscription>/<resource group>/<workspace>'"
        )
    # Before escaping, since escapes have upper-case digits.
    return [escape(part.lower(), what="each part of workspace") for part in parts]
