"""A customer's credit: reserved for an order, then used or given back."""

from decimal import Decimal
from uuid import UUID

import pytest

from customer_service.domain.credit_reservation import CreditReservation, ReservationState
from customer_service.domain.customer import Customer
from customer_service.domain.errors import (
    CreditLimitExceededError,
    CreditLimitTooLowError,
    CreditNotReservedError,
)

ORDER = UUID(int=1)
OTHER_ORDER = UUID(int=2)


def a_customer(limit: str = "100.00") -> Customer:
    return Customer(
        customer_id="ALFKI", name="Alfreds", country="Germany", credit_limit=Decimal(limit)
    )


def figures(customer: Customer) -> tuple[str, str, str]:
    return str(customer.reserved), str(customer.confirmed), str(customer.available)


def test_reserved_credit_is_no_longer_available():
    customer = a_customer("100.00")

    reservation = customer.reserve_credit(ORDER, Decimal("60.00"))

    assert reservation.amount == Decimal("60.00")
    assert reservation.state is ReservationState.RESERVED
    assert figures(customer) == ("60.00", "0", "40.00")


def test_credit_can_be_used_up_to_the_last_cent():
    customer = a_customer("100.00")

    customer.reserve_credit(ORDER, Decimal("60.00"))
    customer.reserve_credit(OTHER_ORDER, Decimal("40.00"))

    assert customer.available == 0


def test_a_cent_too_much_is_refused_and_changes_nothing():
    customer = a_customer("100.00")
    customer.reserve_credit(ORDER, Decimal("60.00"))

    with pytest.raises(
        CreditLimitExceededError, match=r"40\.01 is more than the 40\.00"
    ) as refused:
        customer.reserve_credit(OTHER_ORDER, Decimal("40.01"))

    assert refused.value.available == Decimal("40.00")
    assert figures(customer) == ("60.00", "0", "40.00")


def test_confirmed_credit_stays_taken():
    customer = a_customer()
    reservation = customer.reserve_credit(ORDER, Decimal("60.00"))

    customer.confirm_credit(reservation)

    assert reservation.state is ReservationState.CONFIRMED
    assert figures(customer) == ("0.00", "60.00", "40.00")


def test_released_credit_is_available_again():
    customer = a_customer()
    reservation = customer.reserve_credit(ORDER, Decimal("60.00"))

    customer.release_credit(reservation)

    assert reservation.state is ReservationState.RELEASED
    assert figures(customer) == ("0.00", "0", "100.00")


def test_confirmed_credit_of_a_cancelled_order_is_available_again():
    customer = a_customer()
    reservation = customer.reserve_credit(ORDER, Decimal("60.00"))
    customer.confirm_credit(reservation)

    customer.release_credit(reservation)

    assert figures(customer) == ("0.00", "0.00", "100.00")


def test_confirming_and_releasing_twice_is_as_good_as_once():
    customer = a_customer()
    reservation = customer.reserve_credit(ORDER, Decimal("60.00"))

    customer.confirm_credit(reservation)
    customer.confirm_credit(reservation)
    assert figures(customer) == ("0.00", "60.00", "40.00")

    customer.release_credit(reservation)
    customer.release_credit(reservation)
    assert figures(customer) == ("0.00", "0.00", "100.00")


def test_released_credit_cannot_be_confirmed():
    customer = a_customer()
    reservation = customer.reserve_credit(ORDER, Decimal("60.00"))
    customer.release_credit(reservation)

    with pytest.raises(CreditNotReservedError, match=str(ORDER)):
        customer.confirm_credit(reservation)

    assert figures(customer) == ("0.00", "0", "100.00")


@pytest.mark.parametrize("change", [Customer.confirm_credit, Customer.release_credit])
def test_somebody_elses_reservation_is_left_alone(change):
    customer = a_customer()
    reservation = CreditReservation(order_id=ORDER, customer_id="ANATR", amount=Decimal(1))

    with pytest.raises(CreditNotReservedError):
        change(customer, reservation)

    assert figures(customer) == ("0", "0", "100.00")


def test_a_limit_may_be_lowered_to_what_is_taken_up_and_no_further():
    customer = a_customer("100.00")
    customer.reserve_credit(ORDER, Decimal("60.00"))

    customer.change(name="Alfreds Futterkiste", country="DE", credit_limit=Decimal("60.00"))
    assert (customer.name, customer.country) == ("Alfreds Futterkiste", "DE")
    assert customer.available == 0

    with pytest.raises(CreditLimitTooLowError, match=r"59\.99 is below the 60\.00"):
        customer.change(name="A", country="B", credit_limit=Decimal("59.99"))
    assert customer.name == "Alfreds Futterkiste"
