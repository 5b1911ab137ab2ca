"""All of it at a glance."""

from typing import Final

from devkit.observability.dashboards.parts import (
    BUILDS,
    CPU,
    DEAD_LETTERS,
    JOB,
    JOBS,
    LAG,
    MEMORY,
    NEEDS_ATTENTION,
    OUTBOX_AGE,
    rate,
)
from devkit.observability.grafana import Dashboard, Look, Panel, Query, Row

PLATFORM: Final = Dashboard(
    uid="longship-platform",
    title="Platform",
    description="Everything at a glance: is it up, does it flow, what needs a person.",
    variables=(JOBS,),
    rows=(
        Row(
            title="Is it up",
            panels=(
                Panel(
                    title="Targets up",
                    description="The share of services and relays that answer.",
                    unit="percentunit",
                    queries=(Query(f"avg(up{{{JOB}}})"),),
                    look=Look.NUMBER,
                    width=6,
                ),
                Panel(
                    title="Databases reached",
                    description="The share of the processes whose database answers.",
                    unit="percentunit",
                    queries=(Query(f"avg(database_up{{{JOB}}})"),),
                    look=Look.NUMBER,
                    width=6,
                ),
                Panel(
                    title="Connected to NATS",
                    description="The share of the processes that are connected.",
                    unit="percentunit",
                    queries=(Query(f"avg(nats_connected{{{JOB}}})"),),
                    look=Look.NUMBER,
                    width=6,
                ),
                NEEDS_ATTENTION,
            ),
        ),
        Row(
            title="Does it flow",
            panels=(
                Panel(
                    title="Requests",
                    description="Requests each second, by service.",
                    unit="reqps",
                    queries=(
                        Query(
                            f"sum by (job) ({rate('http_server_request_duration_seconds_count')})",
                            "{{job}}",
                        ),
                    ),
                ),
                Panel(
                    title="Messages",
                    description="Messages sent and handled each second.",
                    unit="ops",
                    queries=(
                        Query(f"sum({rate('messaging_client_sent_messages_total')})", "sent"),
                        Query(
                            f"sum({rate('messaging_client_consumed_messages_total')})", "handled"
                        ),
                    ),
                ),
                Panel(
                    title="Sagas ended",
                    description="Sagas that ended or were parked each second, by outcome.",
                    unit="ops",
                    queries=(
                        Query(f"sum by (outcome) ({rate('saga_finished_total')})", "{{outcome}}"),
                    ),
                ),
                OUTBOX_AGE,
                LAG,
                DEAD_LETTERS,
            ),
        ),
        Row(title="What it costs", panels=(CPU, MEMORY, BUILDS)),
    ),
)
