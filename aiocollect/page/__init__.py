"""The page: what pipelines do, seen in a browser, by polling.

Three doors lead to the same page::

    aiocollect ui /run/aiocollect                       # status files, of many processes
    app.mount("/_aiocollect", page(pipeline))           # ASGI: Starlette, FastAPI
    app.add_subapp("/_aiocollect/", page_app(pipeline)) # aiohttp

It never has a cell of a row. It changes nothing, unless that was allowed. Without a ``token`` it
answers only those on the same machine. It loads nothing from elsewhere and works offline.
"""

from __future__ import annotations

from .._public import publish
from .access import Access
from .aiohttp_app import page_app
from .asgi import page

__all__ = ["Access", "page", "page_app"]

publish(__name__, Access, page, page_app)
