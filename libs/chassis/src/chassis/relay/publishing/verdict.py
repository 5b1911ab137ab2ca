"""What became of one message, or of one batch, as JetStream tells it."""

import json
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from chassis.relay.wire import Reply


class Fate(Enum):
    STORED = auto()
    DUPLICATE = auto()  # stored before, within the stream's duplicate window
    REFUSED = auto()  # for what it is: trying again as it is will not help
    UNHEARD = auto()  # no stream listens on its subject, or JetStream is away
    DELAYED = auto()  # the stream cannot take it now, or nobody knows whether it did


@dataclass(frozen=True, slots=True)
class Verdict:
    fate: Fate
    error: str = ""

    @property
    def is_stored(self) -> bool:
        return self.fate in (Fate.STORED, Fate.DUPLICATE)


STORED: Final = Verdict(Fate.STORED)
DUPLICATE: Final = Verdict(Fate.DUPLICATE)
UNHEARD: Final = Verdict(Fate.UNHEARD, "no stream answered")
LOST: Final = Verdict(Fate.DELAYED, "the connection to NATS was lost")
UNANSWERED: Final = Verdict(Fate.DELAYED, "no acknowledgement in time")

_SERVER_ERRORS: Final = 500


def judge(reply: Reply) -> Verdict:
    """Read an acknowledgement. A code from 500 up speaks of the stream, below of the message."""
    if reply.lost:
        return LOST
    if reply.unheard:
        return UNHEARD
    acknowledgement = json.loads(reply.data)
    error = acknowledgement.get("error")
    if error is None:
        return DUPLICATE if acknowledgement.get("duplicate") else STORED
    fate = Fate.DELAYED if error["code"] >= _SERVER_ERRORS else Fate.REFUSED
    return Verdict(fate, f"{error['description']} ({error['err_code']})")
