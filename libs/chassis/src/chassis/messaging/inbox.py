"""Where answers come back to."""


def inbox_prefix(user: str) -> str:
    """The prefix of a NATS user's inboxes. A shared one would let users read others' answers."""
    return f"_INBOX_{user}"
