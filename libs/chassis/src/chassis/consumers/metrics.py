"""Metrics of consumers."""

from prometheus_client import Counter

CONSUMED = Counter(
    "messaging_client_consumed_messages_total",
    "Messages whose handling was committed",
    ["consumer"],
)
DUPLICATES = Counter(
    "inbox_duplicate_messages_total",
    "Messages that the inbox had already taken in",
    ["consumer"],
)
DEFERRED = Counter(
    "deferred_messages_total",
    "Messages that were set aside to wait, by reason",
    ["consumer", "reason"],
)
DEAD_LETTERS = Counter(
    "dead_letter_messages_total",
    "Messages given up, by reason",
    ["consumer", "reason"],
)
