"""Buttons of a page: there where somebody offers them, and pressed by the page itself alone."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from aiocollect.page import Access
from aiocollect.page.answers import Page, PageAnswer, PageRequest, Panel
from aiocollect.page.sources import StatusDirectory

OWN = {"host": "localhost", "content-type": "application/json", "sec-fetch-site": "same-origin"}


class OneButton:
    """A panel that remembers what was pressed."""

    def __init__(self) -> None:
        self.pressed: list[str] = []

    def shown(self) -> dict[str, Any]:
        return {"pressed": len(self.pressed)}

    def press(self, name: str) -> None:
        {"down": self.pressed}[name].append(name)


def answer(panel: Panel | None, path: str, method: str = "GET", **changed: Any) -> PageAnswer:
    given = {"headers": OWN, "body": b"", **changed}
    page = Page(StatusDirectory("/nowhere"), Access(), panel=panel)
    asked = PageRequest(method, path, {}, given["headers"], "127.0.0.1", given["body"])
    return asyncio.run(page.answer(asked))


def test_a_press_reaches_the_panel() -> None:
    """Once, and the figures tell of it."""
    panel = OneButton()
    assert answer(panel, "/faults", "POST", body=b'{"name": "down"}').status == 200
    assert panel.pressed == ["down"]
    assert json.loads(answer(panel, "/status.json").body)["faults"] == {"pressed": 1}


@pytest.mark.parametrize(
    "headers",
    [
        {**OWN, "sec-fetch-site": "cross-site"},
        {**OWN, "sec-fetch-site": "none"},
        {**OWN, "content-type": "text/plain"},
        {name: text for name, text in OWN.items() if name != "sec-fetch-site"},
    ],
)
def test_other_pages_press_nothing(headers: dict[str, str]) -> None:
    """A form or a script of another site may reach this address, and changes nothing."""
    panel = OneButton()
    found = answer(panel, "/faults", "POST", headers=headers, body=b'{"name": "down"}')
    assert found.status == 403
    assert answer(panel, "/faults").status == 403
    assert panel.pressed == []


@pytest.mark.parametrize("body", [b"", b"down", b"[]", b"{}", b'{"name": "fire"}', b'{"name": []}'])
def test_what_is_no_button_is_refused(body: bytes) -> None:
    """With what is needed; nothing of the request is in the answer."""
    found = answer(OneButton(), "/faults", "POST", body=body)
    assert found.status == 400
    assert b"fire" not in found.body


def test_without_a_panel_there_is_nothing_of_it() -> None:
    """No script, no figures, no address: pages of servers are read alone."""
    assert answer(OneButton(), "/live/faults.js").status == 200
    assert answer(None, "/live/faults.js").status == 404
    assert "faults" not in json.loads(answer(None, "/status.json").body)
    assert answer(None, "/faults", "POST", body=b'{"name": "down"}').status == 405
