"""A place in the order of the history, newest first, and how it travels as a cursor."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from uuid import UUID

from order_history_service.domain.errors import InvalidCursorError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_VERSION = 1
_LAYOUT = struct.Struct(">Bq16s")  # version, microseconds since the epoch, the order's id


@dataclass(frozen=True, slots=True)
class Position:
    """Just after this order: by time of placing, and by id among those of the same moment."""

    placed_at: datetime
    order_id: UUID

    @property
    def cursor(self) -> str:
        """Opaque to clients, so that what it is made of can change."""
        moment = (self.placed_at - _EPOCH) // _MICROSECOND
        packed = _LAYOUT.pack(_VERSION, moment, self.order_id.bytes)
        return urlsafe_b64encode(packed).rstrip(b"=").decode()

    @classmethod
    def of(cls, cursor: str) -> Self:
        """Raises InvalidCursorError for what `cursor` has not made."""
        try:
            packed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            version, moment, order_id = _LAYOUT.unpack(packed)
            position = cls(_EPOCH + moment * _MICROSECOND, UUID(bytes=order_id))
        except (ValueError, OverflowError, struct.error) as error:
            raise InvalidCursorError from error
        if version != _VERSION or position.cursor != cursor:
            raise InvalidCursorError
        return position
