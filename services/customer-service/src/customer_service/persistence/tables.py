"""The service's tables. What the domain promises, the database holds it to."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Enum,
    ForeignKey,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
)

from customer_service.domain.credit_reservation import ReservationState

METADATA = MetaData()

_MONEY = Numeric(14, 2)
# rows are updated in place while room is left on their page, without touching an index
_ROOM_FOR_UPDATES = {"fillfactor": 70}

customers = Table(
    "customers",
    METADATA,
    Column("customer_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("credit_limit", _MONEY, nullable=False),
    Column("reserved", _MONEY, nullable=False),
    Column("confirmed", _MONEY, nullable=False),
    CheckConstraint("reserved >= 0", name="customers_reserved_not_negative"),
    CheckConstraint("confirmed >= 0", name="customers_confirmed_not_negative"),
    CheckConstraint("reserved + confirmed <= credit_limit", name="customers_within_limit"),
    postgresql_with=_ROOM_FOR_UPDATES,
)

credit_reservations = Table(
    "credit_reservations",
    METADATA,
    Column("order_id", Uuid, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.customer_id"), nullable=False, index=True),
    Column("amount", _MONEY, nullable=False),
    Column(
        "state",
        Enum(
            ReservationState,
            name="credit_reservations_state",
            native_enum=False,
            create_constraint=True,
            length=16,
        ),
        nullable=False,
    ),
    CheckConstraint("amount > 0", name="credit_reservations_amount_positive"),
    postgresql_with=_ROOM_FOR_UPDATES,
)
