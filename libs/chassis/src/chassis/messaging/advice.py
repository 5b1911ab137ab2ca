"""How to change a contract and break nobody: expand, migrate, contract."""

from collections.abc import Sequence
from typing import Final

from chassis.messaging.changes import Contract, changes
from chassis.messaging.contracts import Kind

_NEW_VERSION: Final = {
    Kind.EVENTS: ("publish both", "let {who} read {after}, and deploy"),
    Kind.COMMANDS: ("handle both, and deploy that first", "let {who} send {after}, and deploy"),
    Kind.REPLIES: (
        "answer with it only to a new version of the command",
        "let {who} send that command and read {after}, and deploy",
    ),
}


def for_change(old: Contract, new: Contract, users: Sequence[str]) -> tuple[str, ...]:
    """The way round a change that breaks; mostly a new version beside the old one."""
    who = ", ".join(users) or "whoever else uses it"
    if "subject" in old and old["subject"] != new.get("subject"):
        return _for_another_subject(who)
    if "partitions" in old and old["partitions"] != new.get("partitions"):
        return ("drain the stream first: stop whoever publishes, wait until all is handled",)
    if "headers" in old and old["headers"] != new.get("headers"):
        return _for_headers(who)
    if old["kind"] != Kind.COMMANDS and not changes(old, new, growing=True):
        return (
            f"migrate: let {who} take values that it does not know, and deploy",
            "then add the value",
        )
    return _for_a_new_version(old["type"], Kind(old["kind"]), who)


def _for_a_new_version(wire_type: str, kind: Kind, who: str) -> tuple[str, ...]:
    after = next_version(wire_type)
    expand, migrate = _NEW_VERSION[kind]
    return (
        f"expand: leave {wire_type} as it was and declare {after} beside it; {expand}",
        f"migrate: {migrate.format(who=who, after=after)}",
        f"contract: withdraw {wire_type} when no version that is deployed uses it any more",
    )


def _for_another_subject(who: str) -> tuple[str, ...]:
    return (
        "expand: declare the new channel beside the old one, and publish on both",
        f"migrate: let {who} use the new one, and deploy",
        "contract: leave the old one when no version that is deployed uses it and it is empty",
    )


def _for_headers(who: str) -> tuple[str, ...]:
    return (
        "expand: go on writing the header, and demand no other",
        f"migrate: let {who} do without, and deploy",
        "contract: drop it when no version that is deployed needs it any more",
    )


def for_withdrawal(wire_type: str, users: Sequence[str]) -> tuple[str, ...]:
    """It stays until nobody needs it."""
    who = ", ".join(users)
    return (
        f"migrate: let {who} do without {wire_type}, and deploy",
        "contract: withdraw it when no version that is deployed uses it any more",
    )


def for_a_stranger(wire_type: str, use: Contract) -> tuple[str, ...]:
    """Whoever owns it comes first."""
    if use["does"] == "sends":
        return (
            f"first declare {wire_type} in the service that is to take it, and handle it there",
        )
    return (f"first declare {wire_type} in the service that is to say it, and say it there",)


def for_haste(use: Contract) -> tuple[str, ...]:
    """What is deployed, and what is under way, does not have it yet."""
    if use["does"] == "sends":
        return ("deploy the receiver that takes it first, and send it in a later release",)
    return (
        "make it optional here, since messages without it are under way; or",
        "deploy the owner that writes it first, and rely on it in a later release",
    )


def next_version(wire_type: str) -> str:
    name, _, number = wire_type.rpartition(".v")
    return f"{name}.v{int(number) + 1}"
