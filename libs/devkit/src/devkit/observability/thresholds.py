"""Every limit that an alert or a dashboard draws, in one place. Targets, not measurements."""

from typing import Final

OUTBOX_AGE_WARNING_SECONDS: Final = 30
OUTBOX_AGE_CRITICAL_SECONDS: Final = 300
OUTBOX_BACKLOG_MESSAGES: Final = 1_000
OUTBOX_SHARDS: Final = 64

CONSUMER_LAG_MESSAGES: Final = 1_000
CONSUMER_DUPLICATE_RATIO: Final = 0.05
WAITING_AGE_SECONDS: Final = 900

VIEW_LAG_SECONDS: Final = 30
VIEW_IDLE_SECONDS: Final = 300

SAGA_AGE_SECONDS: Final = 600
"""The deadline of the longest saga; what is older retries what cannot be undone any more."""
SAGA_COMPENSATION_RATIO: Final = 0.3
"""Customers without credit are business as usual: the demonstration's mix is at 0.2."""
SAGA_TIMERS_LAG_SECONDS: Final = 60

HTTP_ERROR_BUDGET: Final = 0.001
"""The share of requests that may fail: 99.9 % are to succeed within 30 days."""
HTTP_FAST_BURN: Final = 14.4
"""Burns 2 % of the month's budget in an hour."""
HTTP_SLOW_BURN: Final = 6
"""Burns 5 % of the month's budget in six hours."""
