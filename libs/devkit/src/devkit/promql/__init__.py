"""A small PromQL: what the platform's alerts and dashboards use, evaluated over scraped series.

It stands in for Prometheus where none is to be had, follows its documented semantics, and raises
UnsupportedQueryError for whatever it does not know.
"""
