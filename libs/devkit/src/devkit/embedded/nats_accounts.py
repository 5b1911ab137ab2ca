"""Users of an embedded NATS server, under the rules of a cluster."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.messaging.contracts import Kind
from chassis.messaging.permissions import NatsUser

APPLICATION = "APP"
SYSTEM = "SYS"
SYSTEM_USER = "system"

OBSERVER = NatsUser(
    name="observer",
    publish=(
        "$JS.API.STREAM.LIST",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.INFO.*",
        "$JS.API.STREAM.MSG.GET.*",
        "$JS.API.CONSUMER.LIST.*",
        "$JS.API.CONSUMER.INFO.*.*",
    ),
    listens=tuple(f"*.{kind}.>" for kind in Kind),
)
"""A developer who looks on: hears and reads everything, and changes nothing."""


@dataclass(frozen=True, slots=True)
class NatsAccounts:
    """One account for the platform, and one for watching the server; passwords are made up.

    The system account has no JetStream and sees no message of the platform.
    """

    users: Sequence[NatsUser]
    _passwords: dict[str, str] = field(default_factory=dict)

    def password(self, user: str) -> str:
        """Of a user's name; raises KeyError where there is none of that name."""
        if user not in (SYSTEM_USER, *(known.name for known in self.users)):
            raise KeyError(f"NATS has no user {user!r}")
        return self._passwords.setdefault(user, secrets.token_hex(16))

    def accounts(self) -> dict[str, Any]:
        """The `accounts` of NATS's configuration."""
        users = [
            {
                "user": user.name,
                "password": self.password(user.name),
                "permissions": user.permissions(),
            }
            for user in self.users
        ]
        system = {"user": SYSTEM_USER, "password": self.password(SYSTEM_USER)}
        return {
            APPLICATION: {"jetstream": "enabled", "users": users},
            SYSTEM: {"users": [system]},
        }

    def configuration(self) -> str:
        """A fragment of NATS's configuration, which takes JSON for its maps."""
        return f"accounts: {json.dumps(self.accounts(), indent=2)}\nsystem_account: {SYSTEM}\n"
