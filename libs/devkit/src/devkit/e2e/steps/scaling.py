"""More pods, and fewer, while orders run."""

from functools import partial

from devkit.e2e.load import portion, together, while_orders_run
from devkit.e2e.published import published_orders
from devkit.e2e.release import Release
from devkit.e2e.step import Result, Surroundings
from devkit.e2e.waiting import no_pods, ready_pods
from devkit.platform import ORDER_SERVICE

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
    """The last pod ends: what it committed until then is published by its own sidecar."""
    shop = at.shop
    with at.stages.stage("the last pod ends, with orders just accepted"):
        accepted = await shop.order(portion(at))
        await scale(at.release, 0)
        # no service is there now that could still publish
        stranded = set(accepted.values()) - await published_orders(at.addresses.nats)
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
