"""What processes expose on /metrics."""

from collections.abc import Iterable

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


async def read_samples(urls: Iterable[str]) -> list[Sample]:
    """All samples of the processes with these base URLs."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        pages = [(await http.get(f"{url}/metrics")).raise_for_status().text for url in urls]
    return [
        sample
        for page in pages
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    ]


def total(samples: Iterable[Sample], name: str, **labels: str) -> int:
    """The sum of one metric over all that have these labels."""
    wanted = labels.items()
    return int(sum(s.value for s in samples if s.name == name and wanted <= s.labels.items()))
