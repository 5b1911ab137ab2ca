"""Requests are measured by method, route template and status."""

from httpx import AsyncClient
from prometheus_client import REGISTRY


def measured(method: str, route: str, status: int) -> float:
    labels = {
        "http_request_method": method,
        "http_route": route,
        "http_response_status_code": str(status),
    }
    return REGISTRY.get_sample_value("http_server_request_duration_seconds_count", labels) or 0


async def test_requests_are_measured_under_the_template_of_their_route(client: AsyncClient):
    seen = [("GET", "/payments", 200), ("GET", "/broken", 500), ("GET", "", 404)]
    before = [measured(*labels) for labels in seen]

    await client.get("/payments", params={"limit": 1})
    await client.get("/broken")
    await client.get("/no/such/thing/4711")

    assert [measured(*labels) for labels in seen] == [count + 1 for count in before]


async def test_probes_and_scrapes_are_not_measured(client: AsyncClient):
    for path in ("/livez", "/readyz", "/metrics"):
        await client.get(path)
        assert measured("GET", path, 200) == 0


async def test_an_invented_method_makes_no_series_of_its_own(client: AsyncClient):
    before = measured("_OTHER", "", 405) + measured("_OTHER", "/payments", 405)

    await client.request("BREW", "/payments")

    assert measured("_OTHER", "", 405) + measured("_OTHER", "/payments", 405) == before + 1
