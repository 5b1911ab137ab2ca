"""The service's tables. What the domain promises, the database holds it to."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Enum,
    ForeignKey,
    MetaData,
    Table,
    Text,
    Uuid,
)

from inventory_service.domain.stock_reservation import ReservationState

METADATA = MetaData()

# rows are updated in place while room is left on their page, without touching an index
_ROOM_FOR_UPDATES = {"fillfactor": 70}

products = Table(
    "products",
    METADATA,
    Column("product_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("on_hand", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    CheckConstraint("reserved >= 0", name="products_reserved_not_negative"),
    CheckConstraint("reserved <= on_hand", name="products_reserved_on_hand"),
    postgresql_with=_ROOM_FOR_UPDATES,
)

stock_reservations = Table(
    "stock_reservations",
    METADATA,
    Column("order_id", Uuid, primary_key=True),
    Column("product_id", Text, ForeignKey("products.product_id"), primary_key=True, index=True),
    Column("quantity", BigInteger, nullable=False),
    Column(
        "state",
        Enum(
            ReservationState,
            name="stock_reservations_state",
            native_enum=False,
            create_constraint=True,
            length=16,
        ),
        nullable=False,
    ),
    CheckConstraint("quantity > 0", name="stock_reservations_quantity_positive"),
    postgresql_with=_ROOM_FOR_UPDATES,
)
