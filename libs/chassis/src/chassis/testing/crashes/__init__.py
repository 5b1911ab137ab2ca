"""The crash harness: a scenario of sagas and services is run with everything going wrong in it.

For example::

    harness = CrashHarness(
        services=(orders, customers, stock), given=stock_and_credit, start=place_order,
        invariant=books_agree,
    )
    harness.check_every_single_fault()
    harness.check_random_faults(examples=200)

It runs on the twins of `chassis.testing.twins`: in memory, in one thread, with virtual time.
"""

from chassis.testing.crashes.harness import CrashHarness
from chassis.testing.crashes.report import CrashFoundError, Report
from chassis.testing.crashes.run import Run
from chassis.testing.twins.faults import BEYOND_GUARANTEES, GUARANTEED, Fault, FaultKind

__all__ = (
    "BEYOND_GUARANTEES",
    "GUARANTEED",
    "CrashFoundError",
    "CrashHarness",
    "Fault",
    "FaultKind",
    "Report",
    "Run",
)
