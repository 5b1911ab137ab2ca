"""The process's tracing, or None where it is off: the one check on hot paths."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chassis.telemetry.tracing import Tracing

_tracing: "Tracing | None" = None


def tracing() -> "Tracing | None":
    return _tracing


def use_tracing(chosen: "Tracing | None") -> None:
    """For the whole process, from now on."""
    global _tracing  # noqa: PLW0603 - as a log, it is the process's and not a component's
    _tracing = chosen
