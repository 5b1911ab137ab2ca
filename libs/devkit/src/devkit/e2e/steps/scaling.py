"""More pods, and fewer, while orders run."""

import asyncio
from functools import partial

from devkit.concurrency import task_group
from devkit.deployables import ORDER_SERVICE
from devkit.e2e.load import ORDERS_BEFORE, portion, together, while_orders_run
from devkit.e2e.published import published_orders
from devkit.e2e.release import Release
from devkit.e2e.step import Result, Surroundings
from devkit.e2e.waiting import no_pods, ready_pods

_MANY = 3


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
    """The last pod ends while it takes orders: its own sidecar publishes all that it accepted."""
    shop = at.shop
    count = portion(at)
    with at.stages.stage("the last pod ends while orders come in", total=count) as stage:
        async with task_group() as beside:
            placing = beside.create_task(shop.order(count, rate=at.rate, stage=stage))
            await asyncio.sleep(ORDERS_BEFORE / at.rate)  # some are accepted, then
            before = len(shop.accepted)
            await scale(at.release, 0)
            accepted = set(shop.accepted.values())
            # no service is there now that could still publish
            stranded = accepted - await published_orders(at.addresses.nats)
            await scale(at.release, 1)
            await placing
        await shop.settle(stage)
    findings = await shop.findings(kills=0)
    return Result(
        figures={
            "accepted_at_the_end": len(accepted) - before,
            "stranded": len(stranded),
            "lost": len(findings.lost),
        },
        faults=(
            *(f"order {order_id} was not published before the pod ended" for order_id in stranded),
            *findings.sentences,
        ),
    )
