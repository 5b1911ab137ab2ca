"""How Sphinx builds the documentation: `make docs`."""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

project = "Longship"
author = "The Longship authors"
copyright = author  # noqa: A001 - Sphinx calls it so

extensions = ["myst_parser", "sphinxcontrib.mermaid"]
exclude_patterns = ["examples/*/.venv"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = "Longship"
html_copy_source = False
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
suppress_warnings = ["misc.highlighting_failure"]  # an ellipsis stands for what is left out

REPOSITORY = "https://github.com/longship-platform/longship/blob/main"
_LINK = re.compile(r"(?<=\]\()([^)#\s]+)(?=[)#])")


def link_to_repository(app: Sphinx, document: str, source: list[str]) -> None:
    """What a page links to outside of docs/ is read in the repository."""
    here = Path(app.srcdir, document).parent
    root = Path(app.srcdir).parent

    def resolved(link: re.Match[str]) -> str:
        target = Path(here, link[0]).resolve()
        is_page = target.is_relative_to(app.srcdir) and target.suffix == ".md"
        if is_page or "://" in link[0] or not target.is_relative_to(root):
            return link[0]
        return f"{REPOSITORY}/{target.relative_to(root)}"

    source[0] = _LINK.sub(resolved, source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", link_to_repository)
    return {"parallel_read_safe": True}
