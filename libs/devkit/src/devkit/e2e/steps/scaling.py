"""More pods, and fewer, while orders run."""

from collections.abc import Iterable
from functools import partial
from uuid import UUID

from devkit.concurrency import for_each
from devkit.e2e.load import portion, together, while_orders_run
from devkit.e2e.release import Release
from devkit.e2e.step import Result, Surroundings
from devkit.e2e.waiting import no_pods, ready_pods
from devkit.event_chain import read_event_chain
from devkit.platform import ORDER_SERVICE

_MANY = 3
_READS_AT_ONCE = 4
_PLACED = "OrderPlaced"


async def scaling(at: Surroundings) -> Result:
    """Up to three pods, down to one, and then to none just when orders have been accepted."""
    return together(
        {
            "three pods": await while_orders_run(
                at, "a service gets three pods", partial(scale, at.release, _MANY)
            ),
            "one pod": await while_orders_run(at, "and one again", partial(scale, at.release, 1)),
            "no pod": await _none(at),
        }
    )


async def scale(release: Release, replicas: int) -> None:
    """Returns once so many pods are ready, and no other is there."""
    deployment = f"deployment/{release.named(ORDER_SERVICE)}"
    await release.namespace.kubectl("scale", deployment, f"--replicas={replicas}")
    if replicas:
        await ready_pods(release, ORDER_SERVICE, count=replicas)
    else:
        await no_pods(release, ORDER_SERVICE)


async def _none(at: Surroundings) -> Result:
    """The last pod ends: what it committed until then is published by its own sidecar."""
    shop = at.shop
    with at.stages.stage("the last pod ends, with orders just accepted"):
        accepted = await shop.order(portion(at))
        await scale(at.release, 0)
        stranded = await _unpublished(accepted.values(), shop.nats_url)
        await scale(at.release, 1)
    with at.stages.stage("waiting until none is in flight") as waiting:
        await shop.settle(waiting)
    findings = await shop.findings(kills=0)
    return Result(
        figures={"orders": len(accepted), "stranded": len(stranded), "lost": len(findings.lost)},
        faults=(
            *(f"order {order_id} was not published before the pod ended" for order_id in stranded),
            *findings.sentences,
        ),
    )


async def _unpublished(orders: Iterable[UUID], nats_url: str) -> list[UUID]:
    """Orders whose placing nobody was told of: there is no service now that could still do it."""

    async def is_published(order_id: UUID) -> bool:
        chain = await read_event_chain(nats_url, str(order_id))
        return any(event.name == _PLACED for event in chain)

    asked = list(orders)
    published = await for_each(asked, is_published, at_once=_READS_AT_ONCE)
    return [order_id for order_id, told in zip(asked, published, strict=True) if not told]
