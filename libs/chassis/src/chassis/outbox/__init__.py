"""The transactional outbox: messages that are published with the transaction they belong to."""
