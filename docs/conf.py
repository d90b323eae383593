"""The site: ``make docs`` builds it from the pages as they stand, with Sphinx, furo and MyST.

Its source directory is the repository, not this folder: so the README, ARCHITECTURE.md and the
pages link to one another, and to files beside them, in the same way here and on GitHub. The tables
of index.md are the navigation, so that a page is listed once. Nothing is fetched, neither while it
is built nor while it is read.
"""

from __future__ import annotations

import importlib
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pygments.lexers.special import TextLexer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from aiocollect import __version__  # noqa: E402 - after the path, so that it is this tree's

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PUBLIC = set(re.findall(r"^## (aiocollect.*)", (ROOT / "docs/reference/api.md").read_text(), re.M))

project = "aiocollect"
author = "The aiocollect founders"
copyright = author  # noqa: A001 - the name that Sphinx reads
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "docs/index"
include_patterns = ["docs/**", "*.md", "loadtest/**/README.md"]
exclude_patterns = [".*", "**/.venv", "**/node_modules"]

nitpicky = True
# Names of other projects are not looked up, since their indexes are on the net; nor private ones.
nitpick_ignore_regex = [("py:.*", r"(?!aiocollect\b).*|.*\._.*|aiocollect\.reading\.\w+\..*")]
# "bytes" in a signature is the type, not one of our fields of that name.
suppress_warnings = ["ref.python"]

myst_heading_anchors = 4
# Quotes in tables are to be typed.
smartquotes = False
autodoc_member_order = "bysource"

html_theme = "furo"
html_favicon = "../aiocollect/page/static/icon.svg"
html_title = f"aiocollect {__version__}"
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["sizing.js"]


def import_all() -> None:
    """What some public modules import only when it is asked for: from then on every name says
    where it is public."""
    for name in PUBLIC:
        module = importlib.import_module(name)
        vars(module).update({one: getattr(module, one) for one in module.__all__})


def navigation(index: str) -> str:
    """Hidden tables of contents, one for each table of the index, with the pages that it links."""
    found = []
    for caption, table in re.findall(
        r"^\*\*([\w -]+)\*\*.*?$(.*?)(?=^\*\*|\Z)", index, re.M | re.S
    ):
        rows = re.findall(r"^\| \[([^\]]+)\]\(([^)#]+)\.md\)", table, re.MULTILINE)
        pages = "\n".join(
            f"{title} <{page if page.startswith('.') else f'/docs/{page}'}>" for title, page in rows
        )
        found.append(f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{pages}\n```\n")
    return "\n".join(found)


def without_folders(text: str, folder: Path) -> str:
    """A link to a folder is its text: the site has no listing."""
    return re.sub(
        r"\[([^\]]+)\]\(([\w./-]+)\)",
        lambda link: link[1] if (folder / link[2]).is_dir() else link[0],
        text,
    )


def read_source(app: Sphinx, name: str, content: list[str]) -> None:
    """Each page before it is parsed."""
    content[0] = without_folders(content[0], (ROOT / name).parent)
    if name == root_doc:
        content[0] += "\n" + navigation(content[0])


def public_signature(
    app: Sphinx,
    what: str,
    name: str,
    thing: object,
    options: object,
    text: str | None,
    returned: str,
) -> tuple[str, str] | None:
    """Without what users do not give: private parameters, and objects that other objects make."""
    if not text:  # a module
        return None
    text = re.sub(r", _\w+: [^,)]+(?:\([^)]*\))?", "", text)
    modules = set(re.findall(r"\b(aiocollect(?:\.[a-z_]\w*)*)\.[A-Z]", text))
    return "" if modules - PUBLIC else text, returned


def finish(app: Sphinx, failure: Exception | None) -> None:
    """The root leads to the index, which is in the folder that it has in the repository. Pictures
    with one form for the light and one for the dark are HTML, whose files Sphinx does not see."""
    shutil.copytree(ROOT / "docs/images", Path(app.outdir) / "docs/images", dirs_exist_ok=True)
    page = (
        '<!doctype html><title>aiocollect</title><link rel="icon" href="_static/icon.svg">'
        '<meta http-equiv="refresh" content="0; url=docs/index.html">\n'
    )
    (Path(app.outdir) / "index.html").write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Sphinx calls it."""
    import_all()
    app.add_lexer("mermaid", TextLexer)
    app.connect("source-read", read_source)
    app.connect("autodoc-process-signature", public_signature)
    app.connect("build-finished", finish)
