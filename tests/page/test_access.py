"""Who may see the page, and what other sites can do to it: nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from aiocollect import ConfigError, MemoryStore, Pipeline
from aiocollect.page import Access
from aiocollect.page.answers import Page, PageAnswer, PageRequest
from aiocollect.page.sources import OnePipeline

TOKEN = "0123456789abcdef"


def ask(access: Access, **changed: Any) -> PageAnswer:
    """An answer to what somebody on this machine asks, but for what is changed."""
    headers = {"host": "localhost:8701", **changed.pop("headers", {})}
    request = PageRequest("GET", "/status.json", {}, headers, "127.0.0.1")._replace(**changed)
    return asyncio.run(Page(OnePipeline(Pipeline(MemoryStore())), access).answer(request))


def test_somebody_on_this_machine_sees_it() -> None:
    """Under each of its names, at any port."""
    for host in ("localhost", "127.0.0.1:80", "[::1]:8701", "LOCALHOST:1"):
        for peer in ("127.0.0.1", "::1", "127.8.0.9"):
            assert ask(Access(), headers={"host": host}, peer=peer).status == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"peer": "10.0.0.7"},
        {"peer": None},
        {"peer": "a name"},
        {"headers": {"x-forwarded-for": "127.0.0.1"}},
        {"headers": {"forwarded": "for=127.0.0.1"}},
        {"headers": {"via": "1.1 proxy"}},
    ],
)
def test_without_a_token_nobody_else_does(changed: dict[str, Any]) -> None:
    """Nor somebody behind a proxy on this machine; and the answer says nothing about the page."""
    answer = ask(Access(), **changed)
    assert answer.status == 401
    assert answer.body == b"open the address that aiocollect has printed"
    named = ask(Access(hosts=("scoring.internal",)), headers={"host": "scoring.internal"})
    assert named.status == 401  # without a token the name must be one of this machine's


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.nip.io"])
def test_a_foreign_name_is_refused(host: str) -> None:
    """DNS rebinding: the browser believes that it is on another site. Also with the token."""
    answer = ask(Access(token=TOKEN), headers={"host": host}, query={"token": TOKEN})
    assert answer.status == 421
    assert not any(name == "set-cookie" for name, _ in answer.headers)


def test_with_a_token_it_is_seen_from_anywhere() -> None:
    """By the address, by a header, or by the cookie that the address has given."""
    access = Access(token=TOKEN, hosts=("scoring.internal",))
    there: dict[str, Any] = {"peer": "10.0.0.7", "headers": {"host": "scoring.internal"}}
    assert ask(access, **there).status == 401
    assert ask(access, **there, query={"token": TOKEN}).status == 200
    for name, text in (
        ("authorization", f"Bearer {TOKEN}"),
        ("authorization", f"bearer  {TOKEN}"),
        ("cookie", f"other=1; aiocollect_page={TOKEN}"),
    ):
        headers = {"host": "scoring.internal", name: text}
        assert ask(access, peer="10.0.0.7", headers=headers).status == 200
    for name, text in (
        ("authorization", f"Basic {TOKEN}"),
        ("authorization", "Bearer "),
        ("authorization", f"Bearer {TOKEN}0"),
        ("cookie", "aiocollect_page=\u00fc"),
        ("cookie", "aiocollect_page="),
    ):
        headers = {"host": "scoring.internal", name: text}
        assert ask(access, peer="10.0.0.7", headers=headers).status == 401


def test_the_token_leaves_the_address() -> None:
    """For a cookie that no script and no other site can use."""
    answer = ask(Access(token=TOKEN), path="/", query={"token": TOKEN})
    headers = dict(answer.headers)
    assert (answer.status, headers["location"]) == (303, "./")
    assert headers["set-cookie"] == f"aiocollect_page_8701={TOKEN}; HttpOnly; SameSite=Strict"


def test_pages_on_two_ports_keep_their_tokens() -> None:
    """A browser sends all cookies of a machine to each of its ports."""
    tokens = {"127.0.0.1:8701": TOKEN, "127.0.0.1:8702": TOKEN[::-1], "[::1]:8703": TOKEN.upper()}
    kept = [
        dict(
            ask(
                Access(token=token), path="/", headers={"host": host}, query={"token": token}
            ).headers
        )
        for host, token in tokens.items()
    ]
    jar = "; ".join(one["set-cookie"].partition(";")[0] for one in kept)
    for host, token in tokens.items():
        assert ask(Access(token=token), headers={"host": host, "cookie": jar}).status == 200


@pytest.mark.parametrize("token", ["short", "with a space in it", "0123456789abcde\r\nx: y"])
def test_a_token_that_cannot_protect_is_refused(token: str) -> None:
    """And the message does not show it."""
    with pytest.raises(ConfigError, match="16 or more") as raised:
        Access(token=token)
    assert token not in str(raised.value)
    assert TOKEN not in repr(Access(token=TOKEN))


def test_every_answer_keeps_other_sites_out() -> None:
    """Whatever the status; and none says that others may read it."""
    for changed in (
        {},
        {"path": "/"},
        {"path": "/nothing"},
        {"headers": {"host": "evil.example"}},
        {"peer": "10.0.0.7"},
        {"method": "POST"},
        {"path": "/control", "method": "POST"},
        {"path": "", "last": "_aiocollect"},
    ):
        headers = dict(ask(Access(), **changed).headers)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert not any(name.startswith("access-control") for name in headers)


GOOD = {"content-type": "application/json", "sec-fetch-site": "same-origin"}


@pytest.mark.parametrize(
    ("headers", "method"),
    [
        ({**GOOD, "sec-fetch-site": "cross-site"}, "POST"),
        ({"content-type": "application/json"}, "POST"),
        ({**GOOD, "content-type": "text/plain"}, "POST"),
        (GOOD, "GET"),
        (GOOD, "PUT"),
    ],
)
def test_only_the_page_itself_may_switch(headers: dict[str, str], method: str) -> None:
    """A form or a script of another site cannot; nor the page, unless that was allowed."""
    body = json.dumps({"writer": "w", "collector": "c", "enabled": False}).encode()
    asked: dict[str, Any] = {"path": "/control", "body": body}
    allowed = Access(control=True)
    assert ask(allowed, **asked, headers=headers, method=method).status == 403
    assert ask(allowed, **asked, headers=GOOD, method="POST").status == 404  # no such process
    refused = ask(Access(), **asked, headers=GOOD, method="POST")
    assert refused.status == 403
    assert b"--allow-control" in refused.body
