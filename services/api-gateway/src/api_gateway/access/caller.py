"""Whoever a token names."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a token allows. STAFF allows everything, to all customers' data."""

    READ = "orders:read"
    WRITE = "orders:write"
    STAFF = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`customer_id` is whose orders and data they are, for a token without STAFF."""

    subject: str
    scopes: frozenset[str]
    customer_id: str | None = None

    @property
    def is_staff(self) -> bool:
        return Scope.STAFF in self.scopes

    def may(self, scope: Scope) -> bool:
        return self.is_staff or scope in self.scopes

    def may_see(self, customer_id: str) -> bool:
        """Whether this customer's data are the caller's to see."""
        return self.is_staff or customer_id == self.customer_id
