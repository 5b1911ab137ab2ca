"""Spans of statements, which TRACE_DATABASE switches on."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor

from chassis.persistence.database import Database, fetch_all
from chassis.telemetry.database import trace_statements
from chassis.testing.spans import ExportedSpans

pytestmark = pytest.mark.real


@pytest.fixture
def traced_statements(spans: ExportedSpans) -> Iterator[ExportedSpans]:
    trace_statements(spans.provider)
    yield spans
    AsyncPGInstrumentor().uninstrument()


async def test_a_statement_has_a_span_below_what_waits_for_it_and_none_of_its_own(
    traced_statements: ExportedSpans, database: Any
) -> None:
    service_database = Database(database.url)
    try:
        async with service_database.sessions.begin() as session:
            await fetch_all(session, "SELECT 1")
        assert traced_statements.all == ()

        with traced_statements.tracing.tracer.start_as_current_span("request") as request:
            async with service_database.sessions.begin() as session:
                await fetch_all(session, "SELECT $1::text", "what a customer typed")
    finally:
        await service_database.close()

    selects = [span for span in traced_statements.all if "SELECT" in str(span.attributes)]
    assert selects
    assert {span.parent.span_id for span in selects} == {request.get_span_context().span_id}
    assert "what a customer typed" not in "".join(span.to_json() for span in traced_statements.all)
