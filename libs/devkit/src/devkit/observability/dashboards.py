"""The dashboards, by the file that they are written to."""

from typing import Final

from devkit.observability import thresholds as at
from devkit.observability.grafana import Dashboard, Look, Panel, Query, Row, Variable

_JOB: Final = 'job=~"$job"'
_SAGA: Final = 'saga_type=~"$saga_type"'
_CONSUMER: Final = "messaging_consumer_group_name"
_CHANNEL: Final = "messaging_destination_template"
_JOBS: Final = Variable(name="job", query="label_values(app_build_info, job)")
_SAGA_TYPES: Final = Variable(name="saga_type", query="label_values(saga_started_total, saga_type)")


def _rate(counter: str, selector: str = _JOB) -> str:
    return f"rate({counter}{{{selector}}}[$__rate_interval])"


def _quantile(quantile: float, histogram: str, by: str, selector: str = _JOB) -> str:
    buckets = _rate(f"{histogram}_bucket", selector)
    return f"histogram_quantile({quantile}, sum by (le, {by}) ({buckets}))"


def _mean(histogram: str, by: str, selector: str = _JOB) -> str:
    took, count = _rate(f"{histogram}_sum", selector), _rate(f"{histogram}_count", selector)
    return f"sum by ({by}) ({took}) / sum by ({by}) ({count})"


def _error_ratio(selector: str = _JOB) -> str:
    requests = "http_server_request_duration_seconds_count"
    failed = _rate(requests, f'{selector}, http_response_status_code=~"5.."')
    none = f"0 * sum by (job) ({_rate(requests, selector)})"
    return f"(sum by (job) ({failed}) or {none}) / sum by (job) ({_rate(requests, selector)})"


_NEEDS_ATTENTION: Final = Panel(
    title="Needs attention",
    description="Sagas that cannot go on without a person.",
    unit="short",
    queries=(Query('sum(max by (job, saga_type) (saga_in_progress{state="needs_attention"}))'),),
    look=Look.NUMBER,
    width=6,
    limit=1,
)
_OUTBOX_AGE: Final = Panel(
    title="Oldest message in the outbox",
    description="How long the oldest message that is not parked has waited to be published.",
    unit="s",
    queries=(Query(f"max by (job) (outbox_oldest_pending_age_seconds{{{_JOB}}})", "{{job}}"),),
    limit=at.OUTBOX_AGE_WARNING_SECONDS,
)
_LAG: Final = Panel(
    title="Consumer lag",
    description="Messages in the stream that were not delivered to the consumer yet.",
    unit="short",
    queries=(
        Query(
            f"sum by ({_CONSUMER}) (messaging_consumer_pending_messages{{{_JOB}}})",
            f"{{{{{_CONSUMER}}}}}",
        ),
    ),
    limit=at.CONSUMER_LAG_MESSAGES,
)
_DEAD_LETTERS: Final = Panel(
    title="Dead letters",
    description="Messages given up, neither redriven nor archived yet.",
    unit="short",
    queries=(Query(f"max by (consumer) (dead_letter_backlog_messages{{{_JOB}}})", "{{consumer}}"),),
    limit=1,
)
_HTTP_ERRORS: Final = Panel(
    title="Failed requests",
    description="The share of requests that were answered with 5xx.",
    unit="percentunit",
    queries=(Query(_error_ratio(), "{{job}}"),),
    limit=at.HTTP_ERROR_BUDGET * at.HTTP_FAST_BURN,
)
_CPU: Final = Panel(
    title="CPU",
    description="Cores in use, by process.",
    unit="none",
    queries=(Query(_rate("process_cpu_seconds_total"), "{{job}} {{instance}}"),),
)
_MEMORY: Final = Panel(
    title="Memory",
    description="Resident memory, by process.",
    unit="bytes",
    queries=(Query(f"process_resident_memory_bytes{{{_JOB}}}", "{{job}} {{instance}}"),),
)
_BUILDS: Final = Panel(
    title="Builds",
    description="What runs, by version.",
    unit="short",
    queries=(
        Query(f"count by (service_name, version, python_version) (app_build_info{{{_JOB}}})"),
    ),
    look=Look.TABLE,
)

SAGAS: Final = Dashboard(
    uid="longship-sagas",
    title="Sagas",
    description="Business transactions over several services: how many, how long, what is undone.",
    variables=(_SAGA_TYPES,),
    rows=(
        Row(
            title="Now",
            panels=(
                Panel(
                    title="On their way",
                    description="Sagas that run or compensate now.",
                    unit="short",
                    queries=(
                        Query(
                            "sum(max by (job, saga_type, state) "
                            f'(saga_in_progress{{{_SAGA}, state!="needs_attention"}}))'
                        ),
                    ),
                    look=Look.NUMBER,
                    width=6,
                ),
                _NEEDS_ATTENTION,
                Panel(
                    title="Failing while running",
                    description="Sagas whose step is at its second attempt or a later one.",
                    unit="short",
                    queries=(
                        Query(
                            "sum(max by (job, saga_type, step, direction) "
                            f"(saga_retrying{{{_SAGA}}})) or vector(0)"
                        ),
                    ),
                    look=Look.NUMBER,
                    width=6,
                    limit=1,
                ),
                Panel(
                    title="Oldest on its way",
                    description="Age of the oldest saga that runs or compensates.",
                    unit="s",
                    queries=(Query(f"max(saga_oldest_in_progress_age_seconds{{{_SAGA}}})"),),
                    look=Look.NUMBER,
                    width=6,
                    limit=at.SAGA_AGE_SECONDS,
                ),
            ),
        ),
        Row(
            title="Throughput and outcome",
            panels=(
                Panel(
                    title="Started",
                    description="Sagas started each second, by type.",
                    unit="ops",
                    queries=(
                        Query(
                            f"sum by (saga_type) ({_rate('saga_started_total', _SAGA)})",
                            "{{saga_type}}",
                        ),
                    ),
                ),
                Panel(
                    title="Ended, by outcome",
                    description="Sagas that ended or were parked each second.",
                    unit="ops",
                    queries=(
                        Query(
                            f"sum by (saga_type, outcome) ({_rate('saga_finished_total', _SAGA)})",
                            "{{saga_type}} {{outcome}}",
                        ),
                    ),
                ),
                Panel(
                    title="Compensated share",
                    description="The share of the sagas that ended which were undone.",
                    unit="percentunit",
                    queries=(
                        Query(
                            "sum by (saga_type) ("
                            + _rate("saga_finished_total", f'{_SAGA}, outcome="compensated"')
                            + f") / sum by (saga_type) ({_rate('saga_finished_total', _SAGA)})",
                            "{{saga_type}}",
                        ),
                    ),
                    limit=at.SAGA_COMPENSATION_RATIO,
                ),
            ),
        ),
        Row(
            title="Duration",
            panels=(
                Panel(
                    title="From start to end",
                    description="Half of the sagas, and all but one in a hundred, end within.",
                    unit="s",
                    queries=tuple(
                        Query(
                            _quantile(q, "saga_duration_seconds", "saga_type", _SAGA),
                            f"{{{{saga_type}}}} p{round(q * 100)}",
                        )
                        for q in (0.5, 0.99)
                    ),
                    width=12,
                ),
                Panel(
                    title="How durations are distributed",
                    description="Sagas that ended each second, by duration.",
                    unit="s",
                    queries=(
                        Query(
                            f"sum by (le) ({_rate('saga_duration_seconds_bucket', _SAGA)})",
                            "{{le}}",
                        ),
                    ),
                    look=Look.HEATMAP,
                    width=12,
                ),
            ),
        ),
        Row(
            title="Steps",
            panels=(
                Panel(
                    title="Answer of a participant",
                    description="95 of 100 commands are answered within, by step and direction.",
                    unit="s",
                    queries=(
                        Query(
                            _quantile(
                                0.95,
                                "saga_step_duration_seconds",
                                "saga_type, step, direction",
                                _SAGA,
                            ),
                            "{{saga_type}} {{step}} {{direction}}",
                        ),
                    ),
                ),
                Panel(
                    title="Compensations",
                    description="Steps whose undoing was begun, each second.",
                    unit="ops",
                    queries=(
                        Query(
                            "sum by (saga_type, step) "
                            f"({_rate('saga_compensations_total', _SAGA)})",
                            "{{saga_type}} {{step}}",
                        ),
                    ),
                ),
                Panel(
                    title="Time-outs",
                    description="Commands whose answer did not come in time, each second.",
                    unit="ops",
                    queries=(
                        Query(
                            "sum by (saga_type, step) "
                            f"({_rate('saga_step_timeouts_total', _SAGA)})",
                            "{{saga_type}} {{step}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            title="Clock and choreography",
            panels=(
                Panel(
                    title="Timers late",
                    description="How long what is due first has been due.",
                    unit="s",
                    queries=(Query("max by (job) (saga_timers_lag_seconds)", "{{job}}"),),
                    limit=at.SAGA_TIMERS_LAG_SECONDS,
                ),
                Panel(
                    title="Flows overdue",
                    description="Flows by choreography that have not ended in their time.",
                    unit="short",
                    queries=(Query("max by (flow) (flow_overdue)", "{{flow}}"),),
                    limit=1,
                ),
                Panel(
                    title="Oldest flow",
                    description="Age of the oldest flow by choreography that has not ended.",
                    unit="s",
                    queries=(
                        Query("max by (flow) (flow_oldest_in_progress_age_seconds)", "{{flow}}"),
                    ),
                ),
            ),
        ),
    ),
)

SERVICE: Final = Dashboard(
    uid="longship-service",
    title="Service",
    description="One service or several: requests, outbox, consumers, resources.",
    variables=(_JOBS,),
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
                            f"({_rate('http_server_request_duration_seconds_count')})",
                            "{{job}} {{http_request_method}} {{http_route}}",
                        ),
                    ),
                ),
                _HTTP_ERRORS,
                Panel(
                    title="Duration",
                    description="95 of 100 requests are answered within, by route.",
                    unit="s",
                    queries=(
                        Query(
                            _quantile(
                                0.95, "http_server_request_duration_seconds", "job, http_route"
                            ),
                            "{{job}} {{http_route}}",
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
                    queries=(
                        Query(f"max by (job) (outbox_pending_messages{{{_JOB}}})", "{{job}}"),
                    ),
                    limit=at.OUTBOX_BACKLOG_MESSAGES,
                ),
                _OUTBOX_AGE,
                Panel(
                    title="From insert to acknowledgement",
                    description="Half of the messages, and 99 of 100, are in their stream within.",
                    unit="s",
                    queries=tuple(
                        Query(
                            _quantile(q, "outbox_publish_lag_seconds", "job"),
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
                            f"sum by ({_CONSUMER}) "
                            f"({_rate('messaging_client_consumed_messages_total')})",
                            f"{{{{{_CONSUMER}}}}}",
                        ),
                    ),
                ),
                _LAG,
                Panel(
                    title="Transaction over a batch",
                    description="The mean duration, by consumer.",
                    unit="s",
                    queries=(
                        Query(
                            _mean("messaging_process_duration_seconds", _CONSUMER),
                            f"{{{{{_CONSUMER}}}}}",
                        ),
                    ),
                ),
                Panel(
                    title="Messages a batch",
                    description="How many messages share a transaction, on average.",
                    unit="short",
                    queries=(
                        Query(
                            f"sum by ({_CONSUMER}) "
                            f"({_rate('messaging_client_consumed_messages_total')}) / "
                            f"sum by ({_CONSUMER}) "
                            f"({_rate('messaging_process_duration_seconds_count')})",
                            f"{{{{{_CONSUMER}}}}}",
                        ),
                    ),
                ),
                Panel(
                    title="Waiting messages",
                    description="Set aside in the service's database, by reason.",
                    unit="short",
                    queries=(
                        Query(
                            f"max by (consumer, reason) (waiting_messages{{{_JOB}}})",
                            "{{consumer}} {{reason}}",
                        ),
                    ),
                ),
                _DEAD_LETTERS,
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
                            f"db_client_connection_count{{{_JOB}}}",
                            "{{instance}} {{db_client_connection_state}}",
                        ),
                        Query(f"db_client_connection_max{{{_JOB}}}", "{{instance}} max"),
                    ),
                ),
                _CPU,
                _MEMORY,
            ),
        ),
    ),
)

MESSAGING: Final = Dashboard(
    uid="longship-messaging",
    title="Messaging",
    description="Relays, streams and consumers, as the processes see NATS.",
    variables=(_JOBS,),
    rows=(
        Row(
            title="Connections",
            panels=(
                Panel(
                    title="Connected to NATS",
                    description="The share of the processes that are connected.",
                    unit="percentunit",
                    queries=(Query(f"avg(nats_connected{{{_JOB}}})"),),
                    look=Look.NUMBER,
                ),
                Panel(
                    title="Reconnects",
                    description="Connections that came back after a break, in the last minutes.",
                    unit="short",
                    queries=(
                        Query(f"sum(increase(nats_reconnects_total{{{_JOB}}}[$__rate_interval]))"),
                    ),
                    look=Look.NUMBER,
                ),
                Panel(
                    title="Permission violations",
                    description="Operations that NATS has forbidden, since the processes started.",
                    unit="short",
                    queries=(Query(f"sum(nats_permission_violations_total{{{_JOB}}})"),),
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
                            f"({_rate('outbox_published_messages_total')})",
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
                            _quantile(
                                0.99, "messaging_client_operation_duration_seconds", _CHANNEL
                            ),
                            f"{{{{{_CHANNEL}}}}}",
                        ),
                    ),
                ),
                Panel(
                    title="Publishing a claim",
                    description="The mean duration of publishing what one look has found.",
                    unit="s",
                    queries=(Query(_mean("outbox_publish_duration_seconds", "job"), "{{job}}"),),
                ),
                Panel(
                    title="Shards held",
                    description="All relays of a database together hold 64.",
                    unit="short",
                    queries=(Query(f"sum by (job) (outbox_shards_held{{{_JOB}}})", "{{job}}"),),
                ),
                Panel(
                    title="Parked",
                    description="Messages that cannot be published; each holds up its key.",
                    unit="short",
                    queries=(Query(f"max by (job) (outbox_parked_messages{{{_JOB}}})", "{{job}}"),),
                    limit=1,
                ),
                Panel(
                    title="Looks into the outbox, and lost pokes",
                    description="What wakes the relays, each second.",
                    unit="ops",
                    queries=(
                        Query(
                            f"sum by (source) ({_rate('outbox_relay_wakeups_total')})",
                            "{{source}}",
                        ),
                        Query(f"sum({_rate('outbox_lost_pokes_total')})", "lost pokes"),
                    ),
                ),
            ),
        ),
        Row(
            title="Consumers",
            panels=(
                _LAG,
                Panel(
                    title="In hand",
                    description="Messages delivered and not acknowledged yet.",
                    unit="short",
                    queries=(
                        Query(
                            f"sum by ({_CONSUMER}) "
                            f"(messaging_consumer_ack_pending_messages{{{_JOB}}})",
                            f"{{{{{_CONSUMER}}}}}",
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
                            f"sum by ({_CONSUMER}) "
                            f"(messaging_consumer_redelivered_messages{{{_JOB}}})",
                            f"{{{{{_CONSUMER}}}}} redelivered",
                        ),
                        Query(
                            f"sum by (consumer) ({_rate('inbox_duplicate_messages_total')})",
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
                            f"sum by ({_CONSUMER}) "
                            f"(messaging_consumer_partitions_held{{{_JOB}}}) / "
                            f"max by ({_CONSUMER}) (messaging_consumer_partitions{{{_JOB}}})",
                            f"{{{{{_CONSUMER}}}}}",
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
                            f"time() - min by ({_CONSUMER}) "
                            f"(messaging_consumer_last_fetch_timestamp_seconds{{{_JOB}}})",
                            f"{{{{{_CONSUMER}}}}}",
                        ),
                    ),
                ),
                Panel(
                    title="Set aside, and given up",
                    description="Messages deferred and dead-lettered each second, by reason.",
                    unit="ops",
                    queries=(
                        Query(
                            f"sum by (reason) ({_rate('deferred_messages_total')})",
                            "deferred: {{reason}}",
                        ),
                        Query(
                            f"sum by (reason) ({_rate('dead_letter_messages_total')})",
                            "dead: {{reason}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)

PLATFORM: Final = Dashboard(
    uid="longship-platform",
    title="Platform",
    description="Everything at a glance: is it up, does it flow, what needs a person.",
    variables=(_JOBS,),
    rows=(
        Row(
            title="Is it up",
            panels=(
                Panel(
                    title="Targets up",
                    description="The share of services and relays that answer.",
                    unit="percentunit",
                    queries=(Query(f"avg(up{{{_JOB}}})"),),
                    look=Look.NUMBER,
                    width=6,
                ),
                Panel(
                    title="Databases reached",
                    description="The share of the processes whose database answers.",
                    unit="percentunit",
                    queries=(Query(f"avg(database_up{{{_JOB}}})"),),
                    look=Look.NUMBER,
                    width=6,
                ),
                Panel(
                    title="Connected to NATS",
                    description="The share of the processes that are connected.",
                    unit="percentunit",
                    queries=(Query(f"avg(nats_connected{{{_JOB}}})"),),
                    look=Look.NUMBER,
                    width=6,
                ),
                _NEEDS_ATTENTION,
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
                            f"sum by (job) ({_rate('http_server_request_duration_seconds_count')})",
                            "{{job}}",
                        ),
                    ),
                ),
                Panel(
                    title="Messages",
                    description="Messages sent and handled each second.",
                    unit="ops",
                    queries=(
                        Query(f"sum({_rate('messaging_client_sent_messages_total')})", "sent"),
                        Query(
                            f"sum({_rate('messaging_client_consumed_messages_total')})", "handled"
                        ),
                    ),
                ),
                Panel(
                    title="Sagas ended",
                    description="Sagas that ended or were parked each second, by outcome.",
                    unit="ops",
                    queries=(
                        Query(f"sum by (outcome) ({_rate('saga_finished_total')})", "{{outcome}}"),
                    ),
                ),
                _OUTBOX_AGE,
                _LAG,
                _DEAD_LETTERS,
            ),
        ),
        Row(title="What it costs", panels=(_CPU, _MEMORY, _BUILDS)),
    ),
)

DASHBOARDS: Final = {
    "sagas": SAGAS,
    "service": SERVICE,
    "messaging": MESSAGING,
    "platform": PLATFORM,
}
