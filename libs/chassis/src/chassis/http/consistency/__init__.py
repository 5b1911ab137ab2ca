"""Read your writes: an answer to a write carries a token, and a query with it waits for the write.

A token names events. A view has them when it has applied them: by membership, not by a position in
a stream, so that it is right whatever the order of streams, partitions and a view's rebuilds.
"""

from chassis.http.consistency.token import CONSISTENCY_TOKEN, Tokens, decode_tokens
from chassis.http.consistency.writing import TOKEN_DOCUMENTED, tell_token, token_headers

__all__ = [
    "CONSISTENCY_TOKEN",
    "TOKEN_DOCUMENTED",
    "Tokens",
    "decode_tokens",
    "tell_token",
    "token_headers",
]
