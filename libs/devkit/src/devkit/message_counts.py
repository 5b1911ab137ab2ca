"""What the processes have counted of their messages."""

from collections.abc import Iterable
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from devkit.platform import Addresses


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageCounts:
    """Since each process started."""

    relayed: int
    duplicates_dropped: int
    dead_lettered: int


async def read_message_counts(addresses: Addresses) -> MessageCounts:
    """Sums over the metrics of all services and relays."""
    async with httpx.AsyncClient(trust_env=False) as http:
        services = [await _scrape(http, url) for url in addresses.http.values()]
        relays = [await _scrape(http, url) for url in addresses.relays.values()]
    return MessageCounts(
        relayed=_total(relays, "outbox_published_messages_total", result="stored"),
        duplicates_dropped=_total(services, "inbox_duplicate_messages_total"),
        dead_lettered=_total(services, "dead_letter_messages_total"),
    )


async def _scrape(http: httpx.AsyncClient, url: str) -> str:
    answer = await http.get(f"{url}/metrics")
    return answer.raise_for_status().text


def _total(pages: Iterable[str], name: str, **labels: str) -> int:
    samples = (
        sample
        for page in pages
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    )
    wanted = labels.items()
    return int(sum(s.value for s in samples if s.name == name and wanted <= s.labels.items()))
