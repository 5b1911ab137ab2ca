"""`devkit token`: a token for the gateway of a platform that `devkit run` keeps running."""

from pathlib import Path
from typing import Annotated

import typer

from devkit.issuer import Issuer
from devkit.run_folder import RunFolderError, read_secret


def token(
    *,
    scopes: Annotated[
        list[str], typer.Option("--scope", help="orders:read, orders:write or staff; repeatable.")
    ] = ["staff"],  # noqa: B006 - typer takes a list, and changes it not
    customer: Annotated[
        str | None, typer.Option(help="Whose orders they are, for a token without staff.")
    ] = None,
    subject: Annotated[str, typer.Option(help="Whom it names.")] = "developer",
    minutes: Annotated[float, typer.Option(min=0.1, help="How long it holds.")] = 60,
    run_dir: Annotated[
        Path, typer.Option(envvar="RUN_DIR", help="The folder of the platform that runs.")
    ] = Path(".run"),
) -> None:
    """Print a token for the gateway of `make run`, signed with the key in its folder."""
    try:
        key = read_secret(run_dir, "issuer-key")
    except FileNotFoundError:
        raise RunFolderError(
            f"{run_dir} has no issuer: start the platform with `make run`"
        ) from None
    made = Issuer(key).token(subject, scopes=scopes, customer_id=customer, seconds=60 * minutes)
    print(made)
