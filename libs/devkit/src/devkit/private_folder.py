"""A folder for servers that last as long as a block."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def private_folder(prefix: str) -> Iterator[Path]:
    """A new folder that others may pass through, as PostgreSQL does; removed at the end."""
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder
