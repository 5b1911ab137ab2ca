"""What the services answer, as far as the gateway reads it.

Each model is a tolerant reader: it names what it needs, takes states as text and ignores the rest,
so that a service may say more tomorrow. What does not fit is an unreadable answer, not an error.
"""
