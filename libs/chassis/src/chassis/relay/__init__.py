"""The relay: a lean process that moves a database's outbox into JetStream.

It imports asyncpg, nats-py, prometheus-client, uvloop and the standard library only.
"""
