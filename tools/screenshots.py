"""The pictures of the pages in docs/images: a real demo in the middle of an outage, and what it has
stored. ``make screenshots``."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from PIL import Image

ROOT: Final = Path(__file__).parents[1]
IMAGES: Final = ROOT / "docs" / "images"
BROWSER: Final = ROOT / "testkit" / "browser"
# Of a picture: a README loads it with its first screen.
MOST_BYTES: Final = 100_000
COLOURS: Final = 160
SECONDS: Final = 60
OUTAGE: Final = "document.getElementById('verdict').textContent.includes('gives no answer')"
READ: Final = (
    "document.querySelectorAll('#joined-rows tr').length > 2"
    " && !document.getElementById('doing').textContent"
)


def main() -> None:
    """Take all of them."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        command = ["demo", "--no-browser", "--directory", folder, "--seconds", str(SECONDS)]
        with _cli(*command) as demo:
            # Five seconds into the outage the lines show what it does.
            _shoot("live", _address(demo), until=OUTAGE, seconds=5, height=680)
            demo.communicate()
        with _cli("ui", "--no-browser", "--port", "0", "--store", f"{folder}/modeldata") as ui:
            _shoot("data", _address(ui), until=READ, height=680)
            ui.terminate()


def _cli(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "aiocollect.cli", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _address(process: subprocess.Popen[str]) -> str:
    """The first address that it prints."""
    assert process.stdout is not None
    for line in process.stdout:
        for word in line.split():
            if word.startswith("http://"):
                return word
    raise SystemExit("it has printed no address")


def _shoot(name: str, address: str, **wish: Any) -> None:
    """Light and dark at the same moment."""
    shots = {shade: IMAGES / f"{name}-{shade}.png" for shade in ("light", "dark")}
    looking = []
    for shade, path in shots.items():
        wanted = {"url": address, "dark": shade == "dark", "shot": str(path), "width": 1240, **wish}
        looking.append(
            subprocess.Popen(
                ["node", "look.mjs"],
                cwd=BROWSER,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
            )
        )
        stdin = looking[-1].stdin
        assert stdin is not None
        stdin.write(json.dumps(wanted))
        stdin.close()
    for process in looking:
        if process.wait():
            raise SystemExit(f"the browser could not take the picture of {name}")
    for path in shots.values():
        _make_small(path)


def _make_small(path: Path) -> None:
    """Few colours, as a page has."""
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise SystemExit(f"{path.name} has {size:,} bytes, and may have {MOST_BYTES:,}")
    print(f"{path.relative_to(ROOT)}: {size:,} bytes")


if __name__ == "__main__":
    main()
