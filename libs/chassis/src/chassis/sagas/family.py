"""What sagas and their sub-sagas say to each other, on the reply channel of their service."""

from typing import Any
from uuid import UUID

from chassis.messaging.contracts import Refusal, Reply


class SagaCompleted(Reply, type="chassis.SagaCompleted.v1"):
    """A sub-saga tells its parent that it has done everything; `data` are what it ended with."""

    saga_id: UUID
    data: dict[str, Any]


class SagaCompensated(Refusal, type="chassis.SagaCompensated.v1"):
    """A sub-saga tells its parent that it has undone everything; `data` are what it ended with."""

    saga_id: UUID
    data: dict[str, Any]


class ParentTurnedBack(Reply, type="chassis.ParentTurnedBack.v1"):
    """A parent tells its sub-saga that it goes back: so does the sub-saga, if it still can."""
