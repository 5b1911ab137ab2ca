"""order-history-service."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, TypeAdapter


class HistoryEntry(BaseModel):
    """What became of an order, and when."""

    state: Annotated[str, Field(examples=["APPROVED"])]
    at: datetime


class OrderHistory(BaseModel):
    changes: tuple[HistoryEntry, ...]


ORDER_HISTORY = TypeAdapter(OrderHistory)
