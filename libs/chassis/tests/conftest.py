from collections.abc import Iterator

import pytest

from chassis.testing.spans import ExportedSpans, exported_spans


@pytest.fixture
def spans() -> Iterator[ExportedSpans]:
    """Tracing is on, and what would be exported is here."""
    with exported_spans() as spans:
        yield spans
