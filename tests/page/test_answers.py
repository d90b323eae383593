"""What the page answers: figures as the pipeline has them, files as they were vendored."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import aiocollect
from aiocollect import MemoryStore, Pipeline
from aiocollect.page import Access
from aiocollect.page.answers import Page, PageAnswer, PageRequest
from aiocollect.page.sources import EVERY, OnePipeline, Several, StatusDirectory
from aiocollect.page.static_files import static_file
from aiocollect.settings_file import read_control
from aiocollect.testing import Fault, FaultKind, VirtualLoop, run_virtual
from tests.support.virtual import make_pipeline

PACKAGE = Path(aiocollect.__file__).parent
STATIC = PACKAGE / "page" / "static"
ROOT = Path(__file__).parents[2]


class NoData:
    """A store of which nothing is known yet."""

    def look(self, query: Mapping[str, str]) -> bytes:
        return b"{}"


def request(path: str = "/status.json", **changed: Any) -> PageRequest:
    headers = {"host": "localhost", **changed.pop("headers", {})}
    return PageRequest("GET", path, {}, headers, "127.0.0.1")._replace(**changed)


def seen(answer: PageAnswer) -> dict[str, Any]:
    assert answer.status == 200
    found: dict[str, Any] = json.loads(answer.body)
    return found


def test_it_shows_the_pipelines_own_figures() -> None:
    """All of status(), with a remedy where rows do not move."""

    async def main(loop: VirtualLoop) -> None:
        store = MemoryStore(faults=lambda *_: Fault(FaultKind.CREDENTIAL))
        pipeline = make_pipeline(store, loop, linger=0.1)
        pipeline.collector("churn", feature_names=["a"]).collect(["canary-7f3a"])
        await asyncio.sleep(5)

        class Here(OnePipeline):
            async def look(self) -> Any:  # virtual time has no other threads
                return type(await StatusDirectory("/nowhere").look())([pipeline.status()], [])

        answer = await Page(Here(pipeline), Access()).answer(request())
        found = seen(answer)
        (one,) = found["processes"]
        assert one["stats"] == pipeline.status()["stats"]
        (stream,) = one["streams"]
        assert stream["state"] == "held"
        assert "renew the credential" in stream["remedy"]
        assert b"canary" not in answer.body
        await pipeline.aclose(1.0)

    run_virtual(main)


def test_many_viewers_are_one_sample() -> None:
    """An answer holds for a little less than a second, for everybody."""
    now = 0.0

    class Counted(Pipeline):
        asked = 0

        def status(self) -> dict[str, Any]:
            self.asked += 1
            return super().status()

    pipeline = Counted(MemoryStore())
    page = Page(OnePipeline(pipeline, clock=lambda: now), Access())

    async def ask() -> list[PageAnswer]:
        small = {"accept-encoding": "gzip"}
        return [await page.answer(request(headers=each)) for each in ({}, small, {}, small)]

    first = asyncio.run(ask())
    assert pipeline.asked == 1
    assert first[0].body == first[2].body == gzip.decompress(first[1].body)
    now = EVERY
    asyncio.run(ask())
    assert pipeline.asked == 2


def test_files_of_many_processes_and_of_nobody(tmp_path: Path) -> None:
    """Those that cannot be read are named, with the reason; the others are shown."""
    good = Pipeline(MemoryStore()).status()
    (tmp_path / "1-a.aiocollect.json").write_text(json.dumps({**good, "writer": "a"}))
    (tmp_path / "2-b.aiocollect.json").write_text(json.dumps({**good, "writer": "b"}))
    (tmp_path / "3-c.aiocollect.json").write_text("{")
    (tmp_path / "4-d.aiocollect.json").write_text("[1]")
    (tmp_path / "5-e.aiocollect.json").write_text(json.dumps({**good, "format": 2}))
    (tmp_path / "6-f.aiocollect.json").write_text(json.dumps({"format": 1, "at": 1}))
    (tmp_path / "7-g.aiocollect.json").mkdir()
    (tmp_path / "8-h.aiocollect.json").write_text("1" * 2_000_000)
    (tmp_path / "notes.txt").write_text("not ours")
    (tmp_path / "9-i.aiocollect.json.new").write_text("being written")
    source = Several(
        [StatusDirectory(tmp_path), StatusDirectory(tmp_path), StatusDirectory(tmp_path / "none")]
    )
    found = seen(asyncio.run(Page(source, Access()).answer(request())))
    assert [one["writer"] for one in found["processes"]] == ["a", "b"]
    why = {one["name"][0]: one["why"] for one in found["unreadable"]}
    assert set(why) == set("345678")
    assert why["3"] == "it is not JSON"
    assert why["4"] == "it is not a status file of aiocollect"
    assert "format 2" in why["5"]
    assert "it has no pid" in why["6"]
    assert "a directory" in why["7"]
    assert "larger than" in why["8"]
    assert f"AIOCOLLECT_STATUS={tmp_path}" in found["hint"]


def test_a_switch_writes_the_settings_file(tmp_path: Path) -> None:
    """Of the process that has the collector; what else is in it stays."""
    settings = tmp_path / "settings.json"
    settings.write_text('{"sample_rate": 0.5, "collectors": {"m/1/inputs": {"sample_rate": 0.25}}}')
    status = Pipeline(MemoryStore(), settings_file=settings).status()
    stream = {"stream": "m/1/inputs", "path": "p", "code": ""}
    status |= {"writer": "w", "streams": [stream]}
    directory = tmp_path / "status"
    directory.mkdir()
    (directory / "1-w.aiocollect.json").write_text(json.dumps(status))
    page = Page(StatusDirectory(directory), Access(control=True))

    def switch(**changed: Any) -> PageAnswer:
        wish = {"writer": "w", "collector": "m/1/inputs", "enabled": False, **changed}
        headers = {"content-type": "application/json", "sec-fetch-site": "same-origin"}
        body = json.dumps(wish).encode()
        return asyncio.run(
            page.answer(request("/control", method="POST", headers=headers, body=body))
        )

    assert switch(collector="m/1/other").status == 404
    assert switch(writer="x").status == 404
    assert switch(enabled="no").status == 400
    assert switch().status == 200
    control = read_control(settings)
    assert control.whole.sample_rate == 0.5
    assert not control.collectors["m/1/inputs"].enabled
    assert control.collectors["m/1/inputs"].sample_rate == 0.25
    assert switch(enabled=True).status == 200
    assert read_control(settings).collectors["m/1/inputs"].enabled


@pytest.mark.parametrize(("first", "data"), [("index.html", None), ("data.html", NoData())])
def test_its_files_are_small_whole_and_its_own(first: str, data: NoData | None) -> None:
    """62 KB at most on the way, compressed; nothing of them is loaded from elsewhere."""
    page = Page(StatusDirectory("/nowhere"), Access(), data)
    sizes: dict[str, int] = {}
    wanted = [first]
    while wanted:
        name = wanted.pop()
        plain = asyncio.run(page.answer(request(f"/{name}")))
        small = asyncio.run(page.answer(request(f"/{name}", headers={"accept-encoding": "gzip"})))
        assert plain.status == small.status == 200, name
        assert plain.body == (STATIC / name).read_bytes()
        assert dict(small.headers)["content-encoding"] == "gzip"
        assert gzip.decompress(small.body) == plain.body
        sizes[name] = len(small.body)
        if not name.startswith("vendor/"):
            wanted += linked(name) - sizes.keys() - set(wanted)
    assert len(sizes) >= 6
    assert sum(sizes.values()) < 62_000


def linked(name: str) -> set[str]:
    """The files that a file of ours names: by their links, and by their imports. None of another
    site, and none of a demo, which loads them itself."""
    text = (STATIC / name).read_text()
    assert "//" not in text.replace("http://www.w3.org/2000/svg", "") or not name.endswith("html")
    found = re.findall(r'(?:src|href)="([^"]+)"|from "([^"]+)"', text)
    names = {link or module for link, module in found} - {"./", "data.html"}
    return {
        str((STATIC / name).parent.joinpath(one).resolve().relative_to(STATIC)) for one in names
    }


def test_no_file_of_the_page_is_left_over() -> None:
    """Each is served, but for what came with the vendored ones; none is longer than 400 lines."""
    for path in sorted(STATIC.rglob("*")):
        name = str(path.relative_to(STATIC))
        if path.is_dir() or name in ("vendor/VENDOR.json", "vendor/uPlot.LICENSE"):
            continue
        assert static_file(name) is not None, name
        assert path.read_text().count("\n") <= 400


@pytest.mark.parametrize("path", ["/x", "/../answers.py", "/vendor/", "/%2e%2e/", "/status.json/"])
def test_there_is_nothing_else(path: str) -> None:
    """No file of the package, no directory."""
    answer = asyncio.run(Page(StatusDirectory("/nowhere"), Access()).answer(request(path)))
    assert answer.status == 404


def test_what_is_vendored_is_what_was_published() -> None:
    """Each file has its checksum, and the version and integrity of the lock."""
    vendor = PACKAGE / "page" / "static" / "vendor"
    told = json.loads((vendor / "VENDOR.json").read_text())
    locked = json.loads((ROOT / "tools" / "vendor" / "package-lock.json").read_text())["packages"]
    names = {"VENDOR.json"}
    for package, one in told.items():
        lock = locked[f"node_modules/{package}"]
        for key in ("version", "license", "integrity"):
            assert one[key] == lock[key]
        for name, digest in one["sha256"].items():
            assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest
            names.add(name)
    assert names == {path.name for path in vendor.iterdir()}
