"""Seeing traces without a tracing backend: received over OTLP, asked, and drawn as trees."""
