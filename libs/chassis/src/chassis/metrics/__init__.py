"""What the platform measures: every metric is declared in `catalogue` and made from there.

`docs/reference/metrics.md` is written from the same declarations: `python -m chassis.metrics`.
"""
