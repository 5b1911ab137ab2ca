"""`chassis sagas …`: finding sagas, seeing what became of one, and moving them."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

import typer

from chassis.operations.choosing import choosing
from chassis.operations.database import console, fail, on_database, print_json
from chassis.operations.database import show as table
from chassis.operations.options import AsJson, Limit
from chassis.operations.saga_actions import action, withdraw_action
from chassis.operations.saga_export import recorded_saga
from chassis.operations.saga_list import SagaFilter, list_sagas
from chassis.operations.saga_options import which_sagas
from chassis.operations.saga_tables import instance_table, list_table, log_table, remaining_table
from chassis.operations.saga_timeline import timeline
from chassis.operations.saga_versions import saga_versions
from chassis.sagas.declared import sagas_of
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.happened import Intervention

app = typer.Typer(no_args_is_help=True, help=__doc__)

for _move in Intervention:
    app.command(_move.lower())(action(_move))
app.command("withdraw")(withdraw_action)

Package = Annotated[
    str | None,
    typer.Option(help="Import name of the service, such as order_service: shows steps to come."),
]


@app.command("list")
@choosing(which_sagas)
def list_(
    wanted: SagaFilter,
    *,
    newest_first: Annotated[bool, typer.Option("--newest-first")] = False,
    after: Annotated[UUID | None, typer.Option(help="Go on after this id of a page.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List sagas, the oldest first: those that have not ended, if no state is given."""
    page = replace(wanted, newest_first=newest_first, after=after)
    rows = on_database(lambda connection: list_sagas(connection, page, limit))
    if as_json:
        print_json(rows)
        return
    console.print(list_table(rows))
    if len(rows) == limit:
        console.print(f"There may be more: --after {rows[-1]['saga_id']}")


@app.command()
def show(
    saga_id: Annotated[UUID, typer.Argument(help="A saga's id, as `list` shows it.")],
    *,
    package: Package = None,
    as_json: AsJson = False,
) -> None:
    """Show one saga: how it stands, everything that happened, and what is to come."""
    definitions = _definitions(package)
    told = on_database(lambda connection: timeline(connection, saga_id, definitions))
    if as_json:
        print_json(told)
        return
    for part in (instance_table(told), log_table(told), remaining_table(told, package)):
        console.print(part)


@app.command()
def versions(
    package: Annotated[
        str | None, typer.Argument(help="Import name of the service: shows what it can remove.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show on which versions sagas are live, and which of them the service lacks or can remove.

    Ends with 1 where the service lacks one that has live instances.
    """
    definitions = _definitions(package) if package else None
    rows = on_database(lambda connection: saga_versions(connection, definitions))
    table("versions of sagas", rows, as_json=as_json)
    if any(row["declared"] is False for row in rows):
        raise typer.Exit(1)


@app.command()
def export(
    saga_id: Annotated[UUID, typer.Argument(help="A saga's id, as `list` shows it.")],
    package: Annotated[str, typer.Argument(help="Import name of the service, which replays it.")],
) -> None:
    """Print a saga as JSON, to be kept and replayed in tests; it holds the saga's data."""
    definitions = _definitions(package)
    recorded = on_database(lambda connection: recorded_saga(connection, saga_id, definitions))
    print(recorded.to_json(), end="")  # noqa: T201 - for a file


def _definitions(package: str | None) -> tuple[SagaDefinition, ...]:
    try:
        return sagas_of(package) if package else ()
    except ImportError as error:
        fail(f"{package} cannot be imported ({error}): name a service that is installed here.")
