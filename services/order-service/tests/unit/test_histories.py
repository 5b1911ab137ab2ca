"""Orders that were carried through on a running platform come out the same on the code as it is."""

from pathlib import Path

import pytest

from chassis.sagas.declared import sagas_of
from chassis.testing.replay import RecordedSaga, histories, named, replay

HISTORIES = Path(__file__).parents[2] / "contracts" / "histories"


@pytest.mark.parametrize("path", histories(HISTORIES), ids=named)
def test_recorded_sagas_come_out_as_they_did(path: Path):
    replay(sagas_of("order_service"), RecordedSaga.read(path))


def test_every_reason_to_reject_an_order_is_among_them():
    reasons = {
        RecordedSaga.read(path).end.data.get("rejection_reason") for path in histories(HISTORIES)
    }

    assert reasons >= {
        *("CUSTOMER_NOT_FOUND", "CREDIT_LIMIT_EXCEEDED", "PRODUCT_NOT_FOUND", "OUT_OF_STOCK"),
        *("TIMED_OUT", None),
    }
