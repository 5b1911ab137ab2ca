"""Where a delivered message stands, as JetStream's acknowledgement subject says it."""

from typing import Final, NamedTuple

_TOKENS_OF_OLD_FORM: Final = 9


class DeliveryPlace(NamedTuple):
    """A message's place in its stream, and how often its durable has been given it."""

    stream: str
    durable: str
    deliveries: int
    sequence: int


def place_of(reply: str) -> DeliveryPlace | None:
    """Read `$JS.ACK.<stream>.<durable>.…` or `$JS.ACK.<domain>.<account>.<stream>.<durable>.…`.

    None for what is no acknowledgement subject, such as that of a message kept in the database.
    """
    tokens = reply.split(".")
    if len(tokens) < _TOKENS_OF_OLD_FORM:
        return None
    start = 2 if len(tokens) == _TOKENS_OF_OLD_FORM else 4
    stream, durable, deliveries, sequence, *_ = tokens[start:]
    return DeliveryPlace(stream, durable, int(deliveries), int(sequence))
