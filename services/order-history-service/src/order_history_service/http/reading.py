"""How every route reads the history: in one state of it, and after what its reader has written."""

from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.views import VIEW_NOT_READY, WRITE_NOT_SHOWN, after_own_writes, transaction_on
from order_history_service.view import ORDER_HISTORY

HistoryTransaction = Annotated[AsyncSession, transaction_on(ORDER_HISTORY)]
AFTER_OWN_WRITES = after_own_writes(ORDER_HISTORY)
UNREADY = (WRITE_NOT_SHOWN, VIEW_NOT_READY)
