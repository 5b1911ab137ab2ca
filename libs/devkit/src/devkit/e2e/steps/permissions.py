"""What the users of NATS are refused, with the passwords that the release has made."""

from chassis.messaging.permissions import PROVISIONER, relay_user_name
from devkit.deployables import topologies, with_messaging
from devkit.e2e.step import Result, Surroundings
from devkit.nats_rights import Rights, visiting
from devkit.platform import NATS


async def permissions(at: Surroundings) -> Result:
    """Everything that is not its own.

    What is its own is not tried: on a platform that runs, it would be heard.
    """
    rights = Rights(topologies())
    refused = 0
    faults: list[str] = []
    with at.stages.stage("every user of NATS tries what it may not do"):
        for user, (secret, key) in _secrets().items():
            async with visiting(await at.forwards.nats_url(secret, key), user) as visitor:
                to_publish, to_hear = rights.foreign_to(user)
                published = await visitor.may_publish(to_publish)
                heard = await visitor.may_subscribe(to_hear)
            refused += len(to_publish) + len(to_hear) - len(published) - len(heard)
            faults += [f"{user} may publish to {subject}" for subject in sorted(published)]
            faults += [f"{user} may hear {subject}" for subject in sorted(heard)]
    return Result(figures={"users": len(_secrets()), "refused": refused}, faults=tuple(faults))


def _secrets() -> dict[str, tuple[str, str]]:
    """By user, the Secret that holds its URL, without the release's name, and the key in it."""
    secrets = {PROVISIONER: (f"{NATS}-{PROVISIONER}", "url")}
    for one in with_messaging():
        secrets[one.name] = (f"{one.name}-{NATS}", "url")
        if one.relay:
            secrets[relay_user_name(one.name)] = (f"{one.name}-{NATS}", "relay-url")
    return secrets
