"""Services keep their own copies of each other's messages; the copies fit the originals."""

from decimal import Decimal
from inspect import getmembers, isclass
from types import ModuleType
from uuid import UUID

import pytest

import customer_service.messaging.contracts as customer
import inventory_service.messaging.contracts as inventory
from chassis.messaging.contracts import Command, Message, Refusal
from customer_service.messaging.topology import TOPOLOGY as CUSTOMER
from inventory_service.messaging.topology import TOPOLOGY as INVENTORY
from order_service.messaging.topology import TOPOLOGY as ORDER
from order_service.sagas import participants

ORDER_ID = UUID(int=1)
SENT = (
    participants.ReserveCredit(customer_id="A", order_id=ORDER_ID, amount=Decimal("1.00")),
    participants.ConfirmCredit(customer_id="A", order_id=ORDER_ID),
    participants.ReleaseCredit(customer_id="A", order_id=ORDER_ID),
    participants.ReserveStock(
        order_id=ORDER_ID, lines=(participants.Quantity(product_id="p", quantity=1),)
    ),
    participants.ReleaseStock(order_id=ORDER_ID, product_ids=("p",)),
)
ANSWERED = (
    customer.CustomerNotFound(customer_id="A"),
    customer.CreditLimitExceeded(order_id=ORDER_ID, available=Decimal("1.00")),
    inventory.ProductNotFound(product_id="p"),
    inventory.OutOfStock(order_id=ORDER_ID, product_id="p", available=1),
)


def declared(module: ModuleType, kind: type[Message]) -> dict[str, type[Message]]:
    """The messages that a module declares, by their wire type."""
    return {
        message.wire_type: message
        for _, message in getmembers(module, isclass)
        if issubclass(message, kind) and message.__module__ == module.__name__
    }


ORIGINALS = declared(customer, Message) | declared(inventory, Message)


@pytest.mark.parametrize("command", SENT, ids=lambda command: command.wire_name)
def test_a_participant_reads_what_order_service_sends(command: Command):
    original = ORIGINALS[command.wire_type]

    assert original.from_body(command.to_body()).key == command.key
    assert original.key_field == command.key_field


@pytest.mark.parametrize("refusal", ANSWERED, ids=lambda refusal: refusal.wire_name)
def test_order_service_reads_what_a_participant_refuses_with(refusal: Refusal):
    copy = declared(participants, Refusal)[refusal.wire_type]

    assert copy.from_body(refusal.to_body()).refused


def test_every_copy_is_held_to_its_original():
    examples = {message.wire_type for message in (*SENT, *ANSWERED)}

    assert set(declared(participants, Message)) == examples


def test_what_a_service_sends_to_is_owned_by_another_with_the_same_partitions():
    topologies = (ORDER, CUSTOMER, INVENTORY)
    owned = {stream.channel for topology in topologies for stream in topology.streams}

    assert {channel for topology in topologies for channel in topology.sends_to} <= owned
