"""Traces: one for each saga, across all services.

`current.tracing()` is the one check on hot paths. Everything that imports OpenTelemetry is below
`tracing` and `setup`, which are imported only where tracing is on.
"""
