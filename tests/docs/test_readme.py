"""The README's map is the tree's, and its commands are in the menu."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PLACE = re.compile(r"(?:^|\s{2,})([\w./-]+/|[\w./-]+\.md|Makefile)\s{2,}", re.MULTILINE)


def places() -> set[str]:
    """What the map names."""
    _, _, rest = README.partition("## Repository map\n\n```\n")
    return set(PLACE.findall(rest.partition("```")[0]))


def folders(parent: Path) -> set[str]:
    """Those that belong to the repository."""
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}
    found = (path.name for path in parent.iterdir() if path.is_dir())
    return {name for name in found if not name.startswith(".") and name not in ignored}


def test_each_place_on_the_map_is_there():
    assert {place for place in places() if not (ROOT / place).exists()} == set()


def test_each_folder_at_the_top_is_on_the_map():
    assert folders(ROOT) - {place.partition("/")[0] for place in places()} == set()


def test_each_library_is_on_the_map():
    assert {f"libs/{name}/" for name in folders(ROOT / "libs")} - places() == set()


def test_each_command_is_in_the_menu():
    menu = re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    commands = re.findall(r"`make ([a-z0-9-]+)|^\$ make ([a-z0-9-]+)", README, re.MULTILINE)

    assert {first or second for first, second in commands} - set(menu) == set()
