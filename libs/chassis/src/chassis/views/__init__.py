"""Views for queries (CQRS): built from events, rebuilt beside the live one, read while they change.

A service declares a `View`, keeps it (`service.keep(VIEW)`) and reads it in its routes by
`Annotated[AsyncSession, transaction_on(VIEW)]`. See docs/architecture/views.md.
"""

from chassis.views.changes import Change, ChangeError, delete, put
from chassis.views.generations import ViewChangedError, ViewNotReadyError
from chassis.views.keeper import KeptView
from chassis.views.own_writes import WRITE_NOT_SHOWN, after_own_writes, show_own_writes
from chassis.views.reading import VIEW_NOT_READY, reading, transaction_on
from chassis.views.view import VIEW_SCHEMA, View, ViewError, on

__all__ = [
    "VIEW_NOT_READY",
    "VIEW_SCHEMA",
    "WRITE_NOT_SHOWN",
    "Change",
    "ChangeError",
    "KeptView",
    "View",
    "ViewChangedError",
    "ViewError",
    "ViewNotReadyError",
    "after_own_writes",
    "delete",
    "on",
    "put",
    "reading",
    "show_own_writes",
    "transaction_on",
]
