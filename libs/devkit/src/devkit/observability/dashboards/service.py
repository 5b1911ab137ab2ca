"""One service: requests, outbox, consumers, resources."""

from typing import Final

from devkit.observability import thresholds as at
from devkit.observability.dashboards.parts import (
    CONSUMER,
    CPU,
    DEAD_LETTERS,
    HTTP_ERRORS,
    JOB,
    JOBS,
    LAG,
    MEMORY,
    OUTBOX_AGE,
    mean,
    quantile,
    rate,
)
from devkit.observability.grafana import Dashboard, Panel, Query, Row

SERVICE: Final = Dashboard(
    uid="longship-service",
    title="Service",
    description="One service or several: requests, outbox, consumers, resources.",
    variables=(JOBS,),
    rows=(
        Row(
            title="Requests",
            panels=(
                Panel(
                    title="Requests",
                    description="Requests each second, by route; probes and scrapes left out.",
                    unit="reqps",
                    queries=(
                        Query(
                            "sum by (job, http_request_method, http_route) "
                            f"({rate('http_server_request_duration_seconds_count')})",
                            "{{job}} {{http_request_method}} {{http_route}}",
                        ),
                    ),
                ),
                HTTP_ERRORS,
                Panel(
                    title="Duration",
                    description="95 of 100 requests are answered within, by route.",
                    unit="s",
                    queries=(
                        Query(
                            quantile(
                                0.95, "http_server_request_duration_seconds", "job, http_route"
                            ),
                            "{{job}} {{http_route}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            title="Gateway",
            panels=(
                Panel(
                    title="Calls of services",
                    description="Calls by the gateway each second, by how they ended.",
                    unit="reqps",
                    queries=(
                        Query(
                            "sum by (upstream, outcome) "
                            f"({rate('gateway_upstream_duration_seconds_count')})",
                            "{{upstream}} {{outcome}}",
                        ),
                    ),
                ),
                Panel(
                    title="Services that are left alone",
                    description="1 while a service is not asked because it keeps failing.",
                    unit="short",
                    queries=(Query("max by (upstream) (gateway_circuit_open)", "{{upstream}}"),),
                ),
                Panel(
                    title="Asked too often",
                    description="Requests answered 429 each second, by whose limit was spent.",
                    unit="reqps",
                    queries=(
                        Query(
                            f"sum by (limit) ({rate('gateway_rate_limited_requests_total')})",
                            "{{limit}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            title="Outbox",
            panels=(
                Panel(
                    title="Messages in the outbox",
                    description="Rows that are committed and not published yet.",
                    unit="short",
                    queries=(Query(f"max by (job) (outbox_pending_messages{{{JOB}}})", "{{job}}"),),
                    limit=at.OUTBOX_BACKLOG_MESSAGES,
                ),
                OUTBOX_AGE,
                Panel(
                    title="From insert to acknowledgement",
                    description="Half of the messages, and 99 of 100, are in their stream within.",
                    unit="s",
                    queries=tuple(
                        Query(
                            quantile(q, "outbox_publish_lag_seconds", "job"),
                            f"{{{{job}}}} p{round(q * 100)}",
                        )
                        for q in (0.5, 0.99)
                    ),
                ),
            ),
        ),
        Row(
            title="Consumers",
            panels=(
                Panel(
                    title="Handled",
                    description="Messages whose handling was committed, each second.",
                    unit="ops",
                    queries=(
                        Query(
                            f"sum by ({CONSUMER}) "
                            f"({rate('messaging_client_consumed_messages_total')})",
                            f"{{{{{CONSUMER}}}}}",
                        ),
                    ),
                ),
                LAG,
                Panel(
                    title="Transaction over a batch",
                    description="The mean duration, by consumer.",
                    unit="s",
                    queries=(
                        Query(
                            mean("messaging_process_duration_seconds", CONSUMER),
                            f"{{{{{CONSUMER}}}}}",
                        ),
                    ),
                ),
                Panel(
                    title="Messages a batch",
                    description="How many messages share a transaction, on average.",
                    unit="short",
                    queries=(
                        Query(
                            f"sum by ({CONSUMER}) "
                            f"({rate('messaging_client_consumed_messages_total')}) / "
                            f"sum by ({CONSUMER}) "
                            f"({rate('messaging_process_duration_seconds_count')})",
                            f"{{{{{CONSUMER}}}}}",
                        ),
                    ),
                ),
                Panel(
                    title="Waiting messages",
                    description="Set aside in the service's database, by reason.",
                    unit="short",
                    queries=(
                        Query(
                            f"max by (consumer, reason) (waiting_messages{{{JOB}}})",
                            "{{consumer}} {{reason}}",
                        ),
                    ),
                ),
                DEAD_LETTERS,
            ),
        ),
        Row(
            title="Resources",
            panels=(
                Panel(
                    title="Database connections",
                    description="Connections of the pool, and how many there may be.",
                    unit="short",
                    queries=(
                        Query(
                            f"db_client_connection_count{{{JOB}}}",
                            "{{instance}} {{db_client_connection_state}}",
                        ),
                        Query(f"db_client_connection_max{{{JOB}}}", "{{instance}} max"),
                    ),
                ),
                CPU,
                MEMORY,
            ),
        ),
    ),
)
