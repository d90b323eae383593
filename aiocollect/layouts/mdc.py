"""The layout of Azure ML's model data collector (v2), as its monitoring jobs read it.

``modelDataCollector/<endpoint>/<deployment>/<collection>/<yyyy>/<MM>/<dd>/<HH>/<instance>.jsonl``
(learn.microsoft.com, "Collect production data from models"). Always by the hour: the jobs read
nothing else.
"""

from __future__ import annotations

from .names import escape
from .template import TemplateLayout

__all__ = ["MdcLayout"]


class MdcLayout(TemplateLayout):
    """A stream's ``service`` is the endpoint, its ``model`` the deployment, its ``identifier`` the
    collection. ``instance`` names the files of one process.

    Records have ids of their own (MdcEncoder), so two processes with the same ``instance``, as
    after a fork, can safely share the file: use ``writer="shared"``, which gives the plain name.
    """

    def __init__(self, *, instance: str) -> None:
        name = escape(instance, what="instance")
        super().__init__(
            "modelDataCollector/{service}/{model}/{identifier}/{yyyy}/{MM}/{dd}/{HH}/"
            f"{name}.{{extension}}"
        )

    def __repr__(self) -> str:
        return f"<MdcLayout {self.template}>"
