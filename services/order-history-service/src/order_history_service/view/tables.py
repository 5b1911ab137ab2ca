"""The view's tables. Each is filled by the events of one context, and joined by the queries.

Events of different contexts come in any order, so nothing here depends on a row of another table,
and what only later events tell is nullable. An order without `placed_at` is one whose beginning has
not arrived: no query shows it.
"""

from sqlalchemy import (
    Column,
    Computed,
    DateTime,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from chassis.views import VIEW_SCHEMA

METADATA = MetaData(schema=VIEW_SCHEMA)

orders = Table(
    "orders",
    METADATA,
    Column("order_id", Uuid, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("total", Numeric(14, 2)),
    Column("rejection_reason", Text),
    Column("placed_at", DateTime(timezone=True)),
    Column("decided_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    # newest first, read backwards: of everybody, of a customer, of those in a state
    Index("orders_by_placing", "placed_at", "order_id"),
    Index("orders_by_customer", "customer_id", "placed_at", "order_id"),
    Index("orders_by_state", "state", "placed_at", "order_id"),
    # holds all that a summary needs, so that it reads no order
    Index(
        "orders_for_summary",
        "customer_id",
        "state",
        postgresql_include=["total", "placed_at"],
    ),
)

order_lines = Table(
    "order_lines",
    METADATA,
    Column("order_id", Uuid, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("product_id", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_price", Numeric(14, 2), nullable=False),
    Index("order_lines_by_product", "product_id", "order_id"),
)

customers = Table(
    "customers",
    METADATA,
    Column("customer_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("country", Text, nullable=False),
)

products = Table(
    "products",
    METADATA,
    Column("product_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    # no stemming: names are of all languages
    Column("words", TSVECTOR, Computed("to_tsvector('simple', name)", persisted=True)),
    Index("products_by_words", "words", postgresql_using="gin"),
)

shipments = Table(
    "shipments",
    METADATA,
    Column("order_id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),
    Column("scheduled_at", DateTime(timezone=True)),
    Column("dispatched_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
)
