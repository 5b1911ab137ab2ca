"""New passwords for everybody, as docs/howto/rotate-credentials.md makes them, while orders run."""

import json
from functools import partial
from urllib.parse import SplitResult, urlsplit

import nats
from nats.errors import Error as NatsError

from devkit.deployables import ORDER_SERVICE
from devkit.e2e.load import while_orders_run
from devkit.e2e.release import Release
from devkit.e2e.step import Result, Surroundings
from devkit.platform import NATS, POSTGRESQL

_KINDS = "statefulset,deployment"
_KEPT = {"observer", "passwords.conf"}
"""The run itself goes on to listen as the observer; the other key is made of the passwords."""
_READY_SECONDS = 300


async def credentials(at: Surroundings) -> Result:
    """All passwords but the observer's are made anew; the old ones are refused afterwards."""
    secret = f"{ORDER_SERVICE}-{NATS}"
    old = urlsplit(await at.release.namespace.secret(at.release.named(secret), "url"))
    rotated = await while_orders_run(at, "all passwords are made anew", partial(rotate, at.release))
    new = urlsplit(await at.forwards.nats_url(secret))
    faults = list(rotated.faults)
    if not await _lets_in(new, password=new.password):
        faults.append(f"NATS does not take the new password of {ORDER_SERVICE}")
    elif await _lets_in(new, password=old.password):
        faults.append(f"NATS still takes the old password of {ORDER_SERVICE}")
    return Result(figures=rotated.figures, faults=tuple(faults))


async def rotate(release: Release) -> None:
    """Returns once every pod is ready with its new passwords."""
    for server in (POSTGRESQL, NATS):
        await forget_passwords(release, release.named(server))
    await release.upgrade()
    of_release = f"--selector=app.kubernetes.io/instance={release.name}"
    await release.namespace.kubectl("rollout", "restart", _KINDS, of_release)
    await release.namespace.kubectl(
        "rollout",
        "status",
        _KINDS,
        of_release,
        f"--timeout={_READY_SECONDS}s",
        within=_READY_SECONDS,
    )


async def forget_passwords(release: Release, secret: str) -> None:
    """The chart makes those anew that it does not find."""
    found = await release.namespace.kubectl("get", "secret", secret, "--output", "json")
    keys = sorted(json.loads(found)["data"].keys() - _KEPT)
    patch = [{"op": "remove", "path": f"/data/{key}"} for key in keys]
    await release.namespace.kubectl(
        "patch", "secret", secret, "--type=json", f"--patch={json.dumps(patch)}"
    )


async def _lets_in(url: SplitResult, *, password: str | None) -> bool:
    try:
        client = await nats.connect(
            f"nats://{url.hostname}:{url.port}",
            user=url.username,
            password=password,
            allow_reconnect=False,
            error_cb=_no_news,
        )
    except NatsError:
        return False
    await client.close()
    return True


async def _no_news(_refused: Exception) -> None:
    """It is raised as well."""
