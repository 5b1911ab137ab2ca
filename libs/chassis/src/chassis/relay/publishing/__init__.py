"""Getting claimed rows into their streams, each key in order."""
