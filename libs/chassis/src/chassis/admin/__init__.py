"""The HTTP admin API: what `chassis sagas|outbox|dead-letters|locks|audit` do, on its own port."""
