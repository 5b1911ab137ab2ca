"""Prints the reference of all metrics: `python -m chassis.metrics > docs/reference/metrics.md`."""

import sys

from chassis.metrics.reference import reference

if __name__ == "__main__":
    sys.stdout.write(reference())
