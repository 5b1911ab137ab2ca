"""docs/reference/commands.md: what the `chassis` command can be told, from its own parser."""

import typer
from typer.cli import get_docs_for_click
from typer.main import get_command

from chassis.cli import app

_INTRODUCTION = """\
# Commands

Written by Typer from the commands' own declarations. They run beside a service, with its
`DATABASE_URL` and, where they speak to NATS, its `NATS_URL`. How operators use them:
[operate sagas](../howto/operate-sagas.md).
"""


def commands_page() -> str:
    """The whole page."""
    command = get_command(app)
    context = typer.Context(command, info_name="chassis")
    told = get_docs_for_click(obj=command, ctx=context, name="chassis", indent=1)
    return f"{_INTRODUCTION}\n{told.rstrip()}\n"
