"""Processes of another page: shown beside those of status files, never switched from here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect.page import Access
from aiocollect.page.aiohttp_app import app_of
from aiocollect.page.answers import Page
from aiocollect.page.other_page import OtherPage
from aiocollect.page.sources import OnePipeline, Seen, Several

TOKEN = "0123456789abcdef"


async def shown(app: web.Application, *, query: str = "", path: str = "/") -> Seen:
    async with TestServer(app) as server:
        return await OtherPage(f"{server.make_url(path)}{query}").look()


def answering(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.Application:
    app = web.Application()
    app.router.add_get("/{rest:.*}", answer)
    return app


def test_its_processes_are_shown_without_their_switches(tmp_path: Any) -> None:
    """A settings file's path is one of another machine."""

    async def main() -> None:
        pipeline = Pipeline(MemoryStore(), settings_file=tmp_path / "settings.json")
        page = app_of(Page(OnePipeline(pipeline), Access(token=TOKEN)))
        seen = await shown(page, query=f"?token={TOKEN}")
        [one] = seen.processes
        assert one["writer"] == pipeline.status()["writer"]
        assert one["settings"]["settings_file"] is None
        assert pipeline.status()["settings"]["settings_file"]
        assert seen.unreadable == []

    asyncio.run(main())


def test_many_viewers_are_one_question() -> None:
    """What it has answered holds for a second."""
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.headers.get("authorization"))
        return web.json_response({"processes": [], "unreadable": []})

    async def main() -> None:
        async with TestServer(answering(answer)) as server:
            other = OtherPage(f"{server.make_url('/x')}?token={TOKEN}")
            await asyncio.gather(*[other.look() for _ in range(20)])

    asyncio.run(main())
    assert asked == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (401, "", "refuses the token"),
        (404, "", "answers 404"),
        (303, "", "answers 303"),
        (200, "<html>", "not a page of aiocollect"),
        (200, "[1]", "not a page of aiocollect"),
        (200, '{"processes": [{"format": 9}], "unreadable": []}', "format 9"),
        (200, " " * (17 * 2**20), "too large"),
    ],
)
def test_what_is_no_page_is_said(status: int, body: str, why: str) -> None:
    """And never ends the page that asked; the token is in no text."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body, headers={"location": "/elsewhere"})

    seen = asyncio.run(shown(answering(answer), query=f"?token={TOKEN}"))
    assert seen.processes == []
    [one] = seen.unreadable
    assert why in one.why
    assert TOKEN not in json.dumps(one)


def test_nobody_there() -> None:
    """The other sources are shown all the same."""

    async def main() -> Seen:
        return await Several([OtherPage("http://127.0.0.1:9/"), Here()]).look()

    class Here:
        hint = ""

        async def look(self) -> Seen:
            return Seen([Pipeline(MemoryStore()).status()], [])

    seen = asyncio.run(main())
    assert len(seen.processes) == 1
    assert "no answer" in seen.unreadable[0].why


@pytest.mark.parametrize("url", ["http://", "ftp://x/", "https:///x", "127.0.0.1:8701"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ConfigError, match="must look like"):
        OtherPage(url)
