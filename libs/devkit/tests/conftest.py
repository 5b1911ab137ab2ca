import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def private_folder() -> Iterator[Path]:
    """A folder that other accounts may pass through; pytest's tmp_path keeps them out."""
    with tempfile.TemporaryDirectory(prefix="devkit-test-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder
