"""What several dashboards show, and how their queries are made."""

from typing import Final

from devkit.observability import thresholds as at
from devkit.observability.grafana import Look, Panel, Query, Variable

JOB: Final = 'job=~"$job"'
SAGA: Final = 'saga_type=~"$saga_type"'
CONSUMER: Final = "messaging_consumer_group_name"
CHANNEL: Final = "messaging_destination_template"
JOBS: Final = Variable(name="job", query="label_values(app_build_info, job)")
SAGA_TYPES: Final = Variable(name="saga_type", query="label_values(saga_started_total, saga_type)")


def rate(counter: str, selector: str = JOB) -> str:
    return f"rate({counter}{{{selector}}}[$__rate_interval])"


def quantile(quantile: float, histogram: str, by: str, selector: str = JOB) -> str:
    buckets = rate(f"{histogram}_bucket", selector)
    return f"histogram_quantile({quantile}, sum by (le, {by}) ({buckets}))"


def mean(histogram: str, by: str, selector: str = JOB) -> str:
    took, count = rate(f"{histogram}_sum", selector), rate(f"{histogram}_count", selector)
    return f"sum by ({by}) ({took}) / sum by ({by}) ({count})"


def error_ratio(selector: str = JOB) -> str:
    requests = "http_server_request_duration_seconds_count"
    failed = rate(requests, f'{selector}, http_response_status_code=~"5.."')
    none = f"0 * sum by (job) ({rate(requests, selector)})"
    return f"(sum by (job) ({failed}) or {none}) / sum by (job) ({rate(requests, selector)})"


NEEDS_ATTENTION: Final = Panel(
    title="Needs attention",
    description="Sagas that cannot go on without a person.",
    unit="short",
    queries=(Query('sum(max by (job, saga_type) (saga_in_progress{state="needs_attention"}))'),),
    look=Look.NUMBER,
    width=6,
    limit=1,
)
OUTBOX_AGE: Final = Panel(
    title="Oldest message in the outbox",
    description="How long the oldest message that is not parked has waited to be published.",
    unit="s",
    queries=(Query(f"max by (job) (outbox_oldest_pending_age_seconds{{{JOB}}})", "{{job}}"),),
    limit=at.OUTBOX_AGE_WARNING_SECONDS,
)
LAG: Final = Panel(
    title="Consumer lag",
    description="Messages in the stream that were not delivered to the consumer yet.",
    unit="short",
    queries=(
        Query(
            f"sum by ({CONSUMER}) (messaging_consumer_pending_messages{{{JOB}}})",
            f"{{{{{CONSUMER}}}}}",
        ),
    ),
    limit=at.CONSUMER_LAG_MESSAGES,
)
DEAD_LETTERS: Final = Panel(
    title="Dead letters",
    description="Messages given up, neither redriven nor archived yet.",
    unit="short",
    queries=(Query(f"max by (consumer) (dead_letter_backlog_messages{{{JOB}}})", "{{consumer}}"),),
    limit=1,
)
HTTP_ERRORS: Final = Panel(
    title="Failed requests",
    description="The share of requests that were answered with 5xx.",
    unit="percentunit",
    queries=(Query(error_ratio(), "{{job}}"),),
    limit=at.HTTP_ERROR_BUDGET * at.HTTP_FAST_BURN,
)
CPU: Final = Panel(
    title="CPU",
    description="Cores in use, by process.",
    unit="none",
    queries=(Query(rate("process_cpu_seconds_total"), "{{job}} {{instance}}"),),
)
MEMORY: Final = Panel(
    title="Memory",
    description="Resident memory, by process.",
    unit="bytes",
    queries=(Query(f"process_resident_memory_bytes{{{JOB}}}", "{{job}} {{instance}}"),),
)
BUILDS: Final = Panel(
    title="Builds",
    description="What runs, by version.",
    unit="short",
    queries=(Query(f"count by (service_name, version, python_version) (app_build_info{{{JOB}}})"),),
    look=Look.TABLE,
)
