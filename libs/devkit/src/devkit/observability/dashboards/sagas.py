"""How sagas and flows fare."""

from typing import Final

from devkit.observability import thresholds as at
from devkit.observability.dashboards.parts import NEEDS_ATTENTION, SAGA, SAGA_TYPES, quantile, rate
from devkit.observability.grafana import Dashboard, Look, Panel, Query, Row

SAGAS: Final = Dashboard(
    uid="longship-sagas",
    title="Sagas",
    description="Business transactions over several services: how many, how long, what is undone.",
    variables=(SAGA_TYPES,),
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
                            f'(saga_in_progress{{{SAGA}, state!="needs_attention"}}))'
                        ),
                    ),
                    look=Look.NUMBER,
                    width=6,
                ),
                NEEDS_ATTENTION,
                Panel(
                    title="Failing while running",
                    description="Sagas whose step is at its second attempt or a later one.",
                    unit="short",
                    queries=(
                        Query(
                            "sum(max by (job, saga_type, step, direction) "
                            f"(saga_retrying{{{SAGA}}})) or vector(0)"
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
                    queries=(Query(f"max(saga_oldest_in_progress_age_seconds{{{SAGA}}})"),),
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
                            f"sum by (saga_type) ({rate('saga_started_total', SAGA)})",
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
                            f"sum by (saga_type, outcome) ({rate('saga_finished_total', SAGA)})",
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
                            + rate("saga_finished_total", f'{SAGA}, outcome="compensated"')
                            + f") / sum by (saga_type) ({rate('saga_finished_total', SAGA)})",
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
                            quantile(q, "saga_duration_seconds", "saga_type", SAGA),
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
                            f"sum by (le) ({rate('saga_duration_seconds_bucket', SAGA)})",
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
                            quantile(
                                0.95,
                                "saga_step_duration_seconds",
                                "saga_type, step, direction",
                                SAGA,
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
                            f"sum by (saga_type, step) ({rate('saga_compensations_total', SAGA)})",
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
                            f"sum by (saga_type, step) ({rate('saga_step_timeouts_total', SAGA)})",
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
                    description="Flows by choreography whose next event is late, and which one.",
                    unit="short",
                    queries=(
                        Query("max by (flow, awaits) (flow_overdue)", "{{flow}}: {{awaits}}"),
                    ),
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
