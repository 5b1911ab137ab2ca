"""Messages on their way: relays, streams, consumers, views."""

from typing import Final

from devkit.observability import thresholds as at
from devkit.observability.dashboards.parts import (
    CHANNEL,
    CONSUMER,
    JOB,
    JOBS,
    LAG,
    mean,
    quantile,
    rate,
)
from devkit.observability.grafana import Dashboard, Look, Panel, Query, Row


def _of_views(metric: str, note: str = "") -> Query:
    legend = f"{{{{view}}}} v{{{{version}}}} {{{{state}}}} {note}".strip()
    return Query(f"max by (job, view, version, state) ({metric}{{{JOB}}})", legend)


MESSAGING: Final = Dashboard(
    uid="longship-messaging",
    title="Messaging",
    description="Relays, streams and consumers, as the processes see NATS.",
    variables=(JOBS,),
    rows=(
        Row(
            title="Connections",
            panels=(
                Panel(
                    title="Connected to NATS",
                    description="The share of the processes that are connected.",
                    unit="percentunit",
                    queries=(Query(f"avg(nats_connected{{{JOB}}})"),),
                    look=Look.NUMBER,
                ),
                Panel(
                    title="Reconnects",
                    description="Connections that came back after a break, in the last minutes.",
                    unit="short",
                    queries=(
                        Query(f"sum(increase(nats_reconnects_total{{{JOB}}}[$__rate_interval]))"),
                    ),
                    look=Look.NUMBER,
                ),
                Panel(
                    title="Permission violations",
                    description="Operations that NATS has forbidden, since the processes started.",
                    unit="short",
                    queries=(Query(f"sum(nats_permission_violations_total{{{JOB}}})"),),
                    look=Look.NUMBER,
                    limit=1,
                ),
            ),
        ),
        Row(
            title="Relays",
            panels=(
                Panel(
                    title="Published",
                    description="Rows by channel and by what became of them, each second.",
                    unit="ops",
                    queries=(
                        Query(
                            "sum by (destination, result) "
                            f"({rate('outbox_published_messages_total')})",
                            "{{destination}} {{result}}",
                        ),
                    ),
                ),
                Panel(
                    title="Publishing, by channel",
                    description="99 of 100 publishes of claimed rows are acknowledged within.",
                    unit="s",
                    queries=(
                        Query(
                            quantile(0.99, "messaging_client_operation_duration_seconds", CHANNEL),
                            f"{{{{{CHANNEL}}}}}",
                        ),
                    ),
                ),
                Panel(
                    title="Publishing a claim",
                    description="The mean duration of publishing what one look has found.",
                    unit="s",
                    queries=(Query(mean("outbox_publish_duration_seconds", "job"), "{{job}}"),),
                ),
                Panel(
                    title="Shards held",
                    description="All relays of a database together hold 64.",
                    unit="short",
                    queries=(Query(f"sum by (job) (outbox_shards_held{{{JOB}}})", "{{job}}"),),
                ),
                Panel(
                    title="Parked",
                    description="Messages that cannot be published; each holds up its key.",
                    unit="short",
                    queries=(Query(f"max by (job) (outbox_parked_messages{{{JOB}}})", "{{job}}"),),
                    limit=1,
                ),
                Panel(
                    title="Looks into the outbox, and lost pokes",
                    description="What wakes the relays, each second.",
                    unit="ops",
                    queries=(
                        Query(
                            f"sum by (source) ({rate('outbox_relay_wakeups_total')})",
                            "{{source}}",
                        ),
                        Query(f"sum({rate('outbox_lost_pokes_total')})", "lost pokes"),
                    ),
                ),
            ),
        ),
        Row(
            title="Consumers",
            panels=(
                LAG,
                Panel(
                    title="In hand",
                    description="Messages delivered and not acknowledged yet.",
                    unit="short",
                    queries=(
                        Query(
                            f"sum by ({CONSUMER}) "
                            f"(messaging_consumer_ack_pending_messages{{{JOB}}})",
                            f"{{{{{CONSUMER}}}}}",
                        ),
                    ),
                ),
                Panel(
                    title="Delivered again",
                    description="Messages in hand that were delivered before, and duplicates that "
                    "the inbox dropped each second.",
                    unit="short",
                    queries=(
                        Query(
                            f"sum by ({CONSUMER}) "
                            f"(messaging_consumer_redelivered_messages{{{JOB}}})",
                            f"{{{{{CONSUMER}}}}} redelivered",
                        ),
                        Query(
                            f"sum by (consumer) ({rate('inbox_duplicate_messages_total')})",
                            "{{consumer}} duplicates",
                        ),
                    ),
                ),
                Panel(
                    title="Partitions held",
                    description="The share of a consumer's partitions that some process reads.",
                    unit="percentunit",
                    queries=(
                        Query(
                            f"sum by ({CONSUMER}) "
                            f"(messaging_consumer_partitions_held{{{JOB}}}) / "
                            f"max by ({CONSUMER}) (messaging_consumer_partitions{{{JOB}}})",
                            f"{{{{{CONSUMER}}}}}",
                        ),
                    ),
                ),
                Panel(
                    title="Silence of JetStream",
                    description="How long nothing was heard on a pull request; heartbeats come "
                    "every 15 s.",
                    unit="s",
                    queries=(
                        Query(
                            f"time() - min by ({CONSUMER}) "
                            f"(messaging_consumer_last_fetch_timestamp_seconds{{{JOB}}})",
                            f"{{{{{CONSUMER}}}}}",
                        ),
                    ),
                ),
                Panel(
                    title="Set aside, and given up",
                    description="Messages deferred and dead-lettered each second, by reason.",
                    unit="ops",
                    queries=(
                        Query(
                            f"sum by (reason) ({rate('deferred_messages_total')})",
                            "deferred: {{reason}}",
                        ),
                        Query(
                            f"sum by (reason) ({rate('dead_letter_messages_total')})",
                            "dead: {{reason}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            title="Views",
            panels=(
                Panel(
                    title="Behind, in seconds",
                    description="How long ago the first event was published that is not shown.",
                    unit="s",
                    queries=(_of_views("view_lag_seconds"),),
                    limit=at.VIEW_LAG_SECONDS,
                ),
                Panel(
                    title="Behind, in events",
                    description="What the streams have and the generation has not taken in.",
                    unit="short",
                    queries=(_of_views("view_lag_messages"),),
                ),
                Panel(
                    title="Taken in",
                    description="Events each second, by what is live and what is being built.",
                    unit="ops",
                    queries=(
                        Query(
                            f"sum by (view, state) ({rate('view_applied_events_total')})",
                            "{{view}} {{state}}",
                        ),
                    ),
                ),
                Panel(
                    title="Progress",
                    description="The share of its events that a generation has taken in.",
                    unit="percentunit",
                    queries=(_of_views("view_progress_ratio"),),
                ),
                Panel(
                    title="Standing still",
                    description="How long a partition with events was left alone.",
                    unit="s",
                    queries=(_of_views("view_idle_seconds"),),
                    limit=at.VIEW_IDLE_SECONDS,
                ),
                Panel(
                    title="Waits, or misses events",
                    description="1 where a rebuild waits for a person; partitions that have lost "
                    "events unread.",
                    unit="short",
                    queries=(
                        _of_views("view_waits", "waits"),
                        _of_views("view_incomplete_partitions", "incomplete"),
                    ),
                    limit=1,
                ),
            ),
        ),
    ),
)
