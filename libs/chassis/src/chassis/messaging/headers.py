"""Header names of the wire format, and the encoding of a header block.

CloudEvents 1.0, binary mode, over NATS headers.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

NATS_MESSAGE_ID = "Nats-Msg-Id"
SPEC_VERSION = "ce-specversion"
ID = "ce-id"
TYPE = "ce-type"
SOURCE = "ce-source"
TIME = "ce-time"
SUBJECT = "ce-subject"
CORRELATION_ID = "ce-correlationid"
CAUSATION_ID = "ce-causationid"
REPLY_TO = "ce-replyto"
SAGA_TYPE = "ce-sagatype"
SAGA_ID = "ce-sagaid"
SAGA_STEP = "ce-sagastep"
SAGA_DIRECTION = "ce-sagadirection"
DEADLINE = "ce-deadline"
OUTCOME = "ce-outcome"
TRACE_PARENT = "traceparent"

_CLOUD_EVENTS = "ce-"

_PREFIX = b"NATS/1.0\r\n"
# Printable ASCII but space, quote and percent sign: CloudEvents HTTP binding 3.1.3.2
_UNQUOTED = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in '"%')
# Other headers have encodings of their own, which stay as they are
_PRINTABLE = _UNQUOTED + ' "%'
_HAS_MORE_THAN_UNQUOTED = re.compile(f"[^{re.escape(_UNQUOTED)}]").search


def encode_header_block(headers: Iterable[tuple[str, str]]) -> bytes:
    """The header block as it goes on the wire, without its final blank line.

    Values are percent-encoded outside printable ASCII, so that no value can end its line.
    """
    lines = "".join(f"{name}: {_encoded(name, value)}\r\n" for name, value in headers)
    return _PREFIX + lines.encode("ascii")


def decode_value(name: str, value: str) -> str:
    """The value that `encode_header_block` was given for a name in lower case."""
    return unquote(value) if "%" in value and name.startswith(_CLOUD_EVENTS) else value


def _encoded(name: str, value: str) -> str:
    if not _HAS_MORE_THAN_UNQUOTED(value):
        return value
    return quote(value, safe=_UNQUOTED if name.startswith(_CLOUD_EVENTS) else _PRINTABLE)
