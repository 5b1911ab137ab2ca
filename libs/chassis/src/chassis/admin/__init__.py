"""The HTTP admin API: what `chassis sagas|outbox|dead-letters|audit` do, on a port of its own."""
