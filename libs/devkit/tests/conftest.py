from collections.abc import Iterator
from pathlib import Path

import pytest

from devkit import private_folder as folders


@pytest.fixture
def private_folder() -> Iterator[Path]:
    """A folder that other accounts may pass through; pytest's tmp_path keeps them out."""
    with folders.private_folder("devkit-test-") as folder:
        yield folder
