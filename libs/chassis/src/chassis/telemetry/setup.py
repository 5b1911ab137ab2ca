"""Switching a process's tracing on at its start and off at its end."""

import os
from collections.abc import Mapping
from datetime import timedelta

from chassis.telemetry.current import tracing, use_tracing
from chassis.telemetry.switch import Switch, tracing_switch


def configure_tracing(
    service: str,
    environment: Mapping[str, str] = os.environ,
    *,
    link_after: timedelta | None = None,
    database: bool = False,
) -> Switch:
    """Trace a service from now on if its environment says so; tells whether, and why.

    `database` adds a span for each statement below a request or a handler.
    """
    switch = tracing_switch(environment)
    if switch.on:
        # imported here: a process that does not trace pays neither time nor memory for it
        from opentelemetry import trace  # noqa: PLC0415

        from chassis.telemetry.committed import CommittedSpans  # noqa: PLC0415
        from chassis.telemetry.export import new_provider, otlp  # noqa: PLC0415
        from chassis.telemetry.tracing import LINK_AFTER, Tracing  # noqa: PLC0415

        processor = CommittedSpans(otlp(environment))
        provider = new_provider(service, processor)
        trace.set_tracer_provider(provider)
        use_tracing(Tracing(provider, processor, link_after=link_after or LINK_AFTER))
        if database:
            from chassis.telemetry.database import trace_statements  # noqa: PLC0415

            trace_statements(provider)
    return switch


def shut_down_tracing() -> None:
    """Export what is left, within five seconds. The last thing that a process does."""
    traced = tracing()
    if traced is not None:
        from chassis.telemetry.export import shut_down  # noqa: PLC0415

        use_tracing(None)
        shut_down(traced.provider)
