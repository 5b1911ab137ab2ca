"""How long a service remembers what its work needs no more, and forgetting it."""

from chassis.retention.policy import Retention, RetentionError
from chassis.retention.sweeper import Sweeper

__all__ = ("Retention", "RetentionError", "Sweeper")
