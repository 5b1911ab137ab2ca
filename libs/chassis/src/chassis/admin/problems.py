"""What the admin API answers where something is not there."""

from typing import Final

from chassis.http.problems import ProblemType, documented
from chassis.operations.errors import NotThereError

NOT_THERE: Final = ProblemType(
    error=NotThereError, status=404, name="not-there", title="No such thing in this service"
)
MAY_NOT_BE_THERE: Final = documented(NOT_THERE)
