"""Traces out of Jaeger, version 2, by its query API."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import httpx

from devkit.http_client import ApiClient, ApiError
from devkit.tracing.otlp import InvalidSpansError, spans_of_json
from devkit.tracing.span import AttributeValue
from devkit.tracing.trace import Trace, the_whole_one

_TRACES = "/api/v3/traces"
_NEWEST = 1000


class JaegerClient:
    """Asks what a ``SpanStore`` is asked. Raises ApiError, and InvalidSpansError for an answer that
    is not a trace.
    """

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    async def trace(self, trace_id: str) -> Trace | None:
        found = await self._ask(f"{_TRACES}/{trace_id}")
        return found[0] if found else None

    async def traces(
        self, service: str, attributes: Mapping[str, AttributeValue], *, since: datetime
    ) -> list[Trace]:
        """Traces through ``service`` with a span that has all of these attributes, by their start.

        Looks among the newest thousand since then: not every version of Jaeger searches by
        attributes over HTTP (2.13 does not), so they are compared here as well.
        """
        found = await self._ask(
            _TRACES,
            **{
                "query.service_name": service,
                "query.start_time_min": since.isoformat(),
                "query.start_time_max": datetime.now(UTC).isoformat(),
                "query.num_traces": _NEWEST,
                "query.attributes": json.dumps({k: str(v) for k, v in attributes.items()}),
            },
        )
        return [trace for trace in found if any(span.has(attributes) for span in trace.spans)]

    async def whole_trace(
        self, service: str, attributes: Mapping[str, AttributeValue], *, since: datetime
    ) -> Trace:
        """As ``SpanStore.whole_trace``."""
        return the_whole_one(await self.traces(service, attributes, since=since), attributes)

    async def _ask(self, path: str, **params: Any) -> list[Trace]:
        try:
            answer = await self._api.get(path, **params)
        except ApiError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return []
            raise
        return _traces(answer)


def _traces(answer: Any) -> list[Trace]:
    """One answer holds the spans of all traces that were found."""
    if not isinstance(answer, dict) or not isinstance(answer.get("result"), dict):
        raise InvalidSpansError(f"this is no answer of Jaeger's API v3: {str(answer)[:300]}")
    spans = sorted(spans_of_json(answer["result"]), key=lambda span: span.trace_id)
    traces = [Trace.of(group) for _, group in groupby(spans, key=lambda span: span.trace_id)]
    return sorted(traces, key=lambda trace: (trace.spans[0].start_ns, trace.trace_id))
