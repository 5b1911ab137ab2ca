"""The relay's tracing. OpenTelemetry is imported in here, and only where it is switched on."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chassis.telemetry.switch import tracing_switch

if TYPE_CHECKING:
    from chassis.relay.spans import PublishSpans


@contextmanager
def publish_spans(
    name: str, environment: Mapping[str, str] = os.environ
) -> "Iterator[PublishSpans | None]":
    """What records spans for the relay of this name until the end of the block, if anything."""
    if not tracing_switch(environment).on:
        yield None
        return
    from chassis.relay.spans import PublishSpans  # noqa: PLC0415
    from chassis.telemetry.export import new_provider, otlp, shut_down  # noqa: PLC0415

    processor = otlp(environment)
    provider = new_provider(name, processor)
    try:
        yield PublishSpans(provider, processor)
    finally:
        shut_down(provider)
