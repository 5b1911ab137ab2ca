"""How Sphinx builds the documentation: `make docs`."""

import logging
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

project = "Longship"
author = "The Longship authors"
copyright = author  # noqa: A001 - Sphinx calls it so

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinxcontrib.mermaid"]
default_role = "code"
autodoc_typehints = "signature"
autodoc_default_options = {"exclude-members": "model_config"}
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
exclude_patterns = ["examples/*/.venv"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = "Longship"
html_copy_source = False
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
suppress_warnings = ["misc.highlighting_failure"]  # an ellipsis stands for what is left out

logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of its plugins when imported

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


def show_code(*event: Any) -> None:
    """What is indented in a docstring is code, though no marker says so."""
    lines: list[str] = event[-1]
    for number in range(len(lines) - 1, -1, -1):
        begins = lines[number].startswith("    ") and number > 0 and not lines[number - 1]
        before = next((line for line in reversed(lines[:number]) if line), "")
        if begins and not before.startswith("    ") and not before.endswith("::"):
            lines[number:number] = ["::", ""]


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", link_to_repository)
    app.connect("autodoc-process-docstring", show_code)
    return {"parallel_read_safe": True}
