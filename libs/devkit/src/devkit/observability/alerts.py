"""All alerts, by the file that they are written to.

Values that are the same in all replicas are read with `max`, the others are summed.
"""

from typing import Final

from devkit.observability import thresholds as at
from devkit.observability.rules import CRITICAL, WARNING, Alert

_CONSUMER: Final = "messaging_consumer_group_name"


def _outbox_stalled(severity: str, seconds: int, lasting: str) -> Alert:
    return Alert(
        name="OutboxStalled",
        expression=f"max by (job) (outbox_oldest_pending_age_seconds) > {seconds}",
        lasting=lasting,
        severity=severity,
        summary="{{ $labels.job }} does not get its messages out",
        description="The oldest message has waited for {{ $value | humanizeDuration }}. Sagas "
        "that depend on it stand still; nothing is lost.",
    )


def _burn(severity: str, factor: float, windows: tuple[str, str], lasting: str) -> Alert:
    limit = round(factor * at.HTTP_ERROR_BUDGET, 6)
    failing = "\nand\n".join(_error_ratio(window) + f" > {limit}" for window in windows)
    return Alert(
        name="HttpErrorBudgetBurn",
        expression=failing,
        lasting=lasting,
        severity=severity,
        summary="{{ $labels.job }} fails too many requests",
        description="{{ $value | humanizePercentage }} of its requests were answered with 5xx in "
        f"the last {windows[0]}, and too many in the last {windows[1]} as well.",
    )


def _error_ratio(window: str) -> str:
    requests = "http_server_request_duration_seconds_count"
    failed = f'sum by (job) (rate({requests}{{http_response_status_code=~"5.."}}[{window}]))'
    return f"{failed}\n  / sum by (job) (rate({requests}[{window}]))"


OUTBOX: Final = (
    _outbox_stalled(WARNING, at.OUTBOX_AGE_WARNING_SECONDS, "2m"),
    _outbox_stalled(CRITICAL, at.OUTBOX_AGE_CRITICAL_SECONDS, "1m"),
    Alert(
        name="OutboxBacklogGrowing",
        expression=f"""
            max by (job) (outbox_pending_messages) > {at.OUTBOX_BACKLOG_MESSAGES}
            and max by (job) (deriv(outbox_pending_messages[10m])) > 0
        """,
        lasting="10m",
        severity=WARNING,
        summary="{{ $labels.job }} falls behind",
        description="{{ $value }} messages wait in the outbox, and they become more.",
    ),
    Alert(
        name="OutboxShardsUnheld",
        expression=f"sum by (job) (outbox_shards_held) != {at.OUTBOX_SHARDS}",
        lasting="2m",
        severity=CRITICAL,
        summary="A part of the outbox of {{ $labels.job }} has no relay",
        description=f"{{{{ $value }}}} of {at.OUTBOX_SHARDS} shards are held. Messages of the "
        "other keys are not published; more than all means that two relays publish the same.",
    ),
    Alert(
        name="OutboxParked",
        expression="max by (job) (outbox_parked_messages) > 0",
        lasting="1m",
        severity=WARNING,
        summary="{{ $labels.job }} has messages that cannot be published",
        description="{{ $value }} keys are parked behind a message that JetStream does not take.",
    ),
)

CONSUMERS: Final = (
    Alert(
        name="ConsumerLagHigh",
        expression=f"""
            sum by (job, {_CONSUMER}) (messaging_consumer_pending_messages)
              > {at.CONSUMER_LAG_MESSAGES}
        """,
        lasting="5m",
        severity=WARNING,
        summary=f"{{{{ $labels.{_CONSUMER} }}}} is behind",
        description="{{ $value }} messages have not been delivered to it yet.",
    ),
    Alert(
        name="ConsumerStuck",
        expression=f"""
            sum by (job, {_CONSUMER}) (
              messaging_consumer_pending_messages + messaging_consumer_ack_pending_messages
            ) > 0
            and sum by (job, {_CONSUMER}) (
              rate(messaging_client_consumed_messages_total[5m])
            ) == 0
        """,
        lasting="5m",
        severity=CRITICAL,
        summary=f"{{{{ $labels.{_CONSUMER} }}}} handles nothing",
        description="{{ $value }} messages are there for it, and none was handled for ten minutes.",
    ),
    Alert(
        name="ConsumerPartitionsUnheld",
        expression=f"""
            sum by (job, {_CONSUMER}) (messaging_consumer_partitions_held)
              < max by (job, {_CONSUMER}) (messaging_consumer_partitions)
        """,
        lasting="2m",
        severity=CRITICAL,
        summary=f"{{{{ $labels.{_CONSUMER} }}}} leaves partitions unread",
        description="Only {{ $value }} of its partitions are held by a process.",
    ),
    Alert(
        name="ConsumerRedeliveries",
        expression=f"""
            sum by (job) (rate(inbox_duplicate_messages_total[15m]))
              / sum by (job) (rate(messaging_client_consumed_messages_total[15m]))
              > {at.CONSUMER_DUPLICATE_RATIO}
        """,
        lasting="15m",
        severity=WARNING,
        summary="{{ $labels.job }} is given too many messages twice",
        description="{{ $value | humanizePercentage }} of what it handles comes again. The inbox "
        "drops it; acknowledgements are late or lost.",
    ),
    Alert(
        name="MessagesWaiting",
        expression=f"""
            max by (job, consumer) (waiting_oldest_message_age_seconds)
              > {at.WAITING_AGE_SECONDS}
        """,
        lasting="5m",
        severity=WARNING,
        summary="Messages wait in {{ $labels.consumer }}",
        description="The first has waited for {{ $value | humanizeDuration }}: its handler fails, "
        "or no handler knows its type. Later messages of its key wait behind it.",
    ),
    Alert(
        name="DeadLetterNew",
        expression="""
            sum by (job, consumer, reason) (increase(dead_letter_messages_total[10m])) > 0
        """,
        lasting="0m",
        severity=WARNING,
        summary="{{ $labels.consumer }} gave up messages",
        description="About {{ $value | humanize }} in ten minutes, {{ $labels.reason }}.",
    ),
)

SAGAS: Final = (
    Alert(
        name="SagaStuck",
        expression=f"""
            max by (job, saga_type) (saga_oldest_in_progress_age_seconds) > {at.SAGA_AGE_SECONDS}
        """,
        lasting="1m",
        severity=WARNING,
        summary="A {{ $labels.saga_type }} saga does not come to its end",
        description="The oldest one is {{ $value | humanizeDuration }} old.",
    ),
    Alert(
        name="SagaRetrying",
        expression="max by (job, saga_type, step, direction) (saga_retrying) > 0",
        lasting="10m",
        severity=WARNING,
        summary="{{ $labels.saga_type }} sagas fail while running",
        description="{{ $value }} try the {{ $labels.direction }} of {{ $labels.step }} again and "
        "again.",
    ),
    Alert(
        name="SagaNeedsAttention",
        expression="""
            max by (job, saga_type) (saga_in_progress{state="needs_attention"}) > 0
        """,
        lasting="0m",
        severity=CRITICAL,
        summary="{{ $labels.saga_type }} sagas cannot go on without a person",
        description="{{ $value }} were tried often enough in vain and are parked.",
    ),
    Alert(
        name="SagaVersionNotLoaded",
        expression="min by (job, saga_type, version) (saga_version_not_loaded) > 0",
        lasting="2m",
        severity=CRITICAL,
        summary="No process has version {{ $labels.version }} of {{ $labels.saga_type }}",
        description="{{ $value }} sagas are on it and cannot go on: it was removed too early, or "
        "a later release was rolled back.",
    ),
    Alert(
        name="SagaCompensationRateHigh",
        expression=f"""
            sum by (job, saga_type) (rate(saga_finished_total{{outcome="compensated"}}[15m]))
              / sum by (job, saga_type) (rate(saga_finished_total[15m]))
              > {at.SAGA_COMPENSATION_RATIO}
        """,
        lasting="15m",
        severity=WARNING,
        summary="Too many {{ $labels.saga_type }} sagas are undone",
        description="{{ $value | humanizePercentage }} of those that ended were compensated.",
    ),
    Alert(
        name="SagaTimersLate",
        expression=f"max by (job) (saga_timers_lag_seconds) > {at.SAGA_TIMERS_LAG_SECONDS}",
        lasting="2m",
        severity=CRITICAL,
        summary="Nobody fires the saga timers of {{ $labels.job }}",
        description="A time-out, retry or deadline has been due for "
        "{{ $value | humanizeDuration }}.",
    ),
    Alert(
        name="FlowOverdue",
        expression="max by (job, flow, awaits) (flow_overdue) > 0",
        lasting="1m",
        severity=WARNING,
        summary="The flow {{ $labels.flow }} has stopped on its way",
        description="{{ $value }} wait in vain for {{ $labels.awaits }}.",
    ),
)

VIEWS: Final = (
    Alert(
        name="ViewLagging",
        expression=f"""
            max by (job, view, version) (view_lag_seconds{{state="live"}}) > {at.VIEW_LAG_SECONDS}
        """,
        lasting="2m",
        severity=WARNING,
        summary="The view {{ $labels.view }} of {{ $labels.job }} is behind",
        description="The first event that it does not show was published "
        "{{ $value | humanizeDuration }} ago.",
    ),
    Alert(
        name="ViewIncomplete",
        expression="""
            max by (job, view, version) (view_incomplete_partitions{state="live"}) > 0
        """,
        lasting="1m",
        severity=CRITICAL,
        summary="The view {{ $labels.view }} of {{ $labels.job }} misses events",
        description="{{ $value }} partitions have lost events that it had not read yet. What it "
        "shows is wrong until their owners have published snapshots.",
    ),
    Alert(
        name="ViewRebuildStalled",
        expression=f"""
            max by (job, view, version) (view_waits) > 0
            or max by (job, view, version) (view_idle_seconds{{state="building"}})
              > {at.VIEW_IDLE_SECONDS}
        """,
        lasting="5m",
        severity=WARNING,
        summary="The rebuilding of the view {{ $labels.view }} of {{ $labels.job }} stands still",
        description="What is live is not touched. `chassis views list` says what it waits for.",
    ),
)

AVAILABILITY: Final = (
    Alert(
        name="TargetDown",
        expression="up == 0",
        lasting="2m",
        severity=CRITICAL,
        summary="{{ $labels.job }} does not answer",
        description="{{ $labels.instance }} does not answer the scrape of its metrics.",
    ),
    Alert(
        name="DatabaseDown",
        expression="database_up == 0",
        lasting="1m",
        severity=CRITICAL,
        summary="{{ $labels.job }} does not reach its database",
        description="{{ $labels.instance }} got no answer. Gauges that are read from the database "
        "keep their last values.",
    ),
    Alert(
        name="NatsDisconnected",
        expression="nats_connected == 0",
        lasting="1m",
        severity=CRITICAL,
        summary="{{ $labels.job }} is not connected to NATS",
        description="{{ $labels.instance }} waits for NATS. Requests are still accepted; messages "
        "wait in outboxes and streams.",
    ),
    Alert(
        name="NatsPermissionViolation",
        expression="""
            sum by (job, operation) (increase(nats_permission_violations_total[10m])) > 0
        """,
        lasting="0m",
        severity=CRITICAL,
        summary="NATS forbids {{ $labels.job }} something it needs",
        description="It was refused a {{ $labels.operation }}; its log names the subject.",
    ),
    _burn(CRITICAL, at.HTTP_FAST_BURN, ("1h", "5m"), "2m"),
    _burn(WARNING, at.HTTP_SLOW_BURN, ("6h", "30m"), "15m"),
)

GATEWAY: Final = (
    Alert(
        name="CircuitOpen",
        expression="max by (job, upstream) (gateway_circuit_open) > 0",
        lasting="2m",
        severity=WARNING,
        summary="{{ $labels.job }} leaves {{ $labels.upstream }} alone",
        description="It kept failing, and has not answered since. Answers of several services "
        "come without its part; what only it can answer is refused with 503.",
    ),
)

ALERTS: Final = {
    "outbox": OUTBOX,
    "consumers": CONSUMERS,
    "sagas": SAGAS,
    "views": VIEWS,
    "availability": AVAILABILITY,
    "gateway": GATEWAY,
}
