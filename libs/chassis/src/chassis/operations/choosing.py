"""Commands that share the options by which they choose what they are about."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any

Command = Callable[..., None]


def choosing(choose: Callable[..., Any]) -> Callable[[Command], Command]:
    """Give a command the options of `choose`; it gets what that makes of them as `wanted`."""

    def decorate(command: Command) -> Command:
        filters = _keywords(choose)
        own = [one for one in _keywords(command) if one.name != "wanted"]

        @wraps(command)
        def run(**given: Any) -> None:
            wanted = choose(**{one.name: given.pop(one.name) for one in filters})
            command(wanted=wanted, **given)

        parameters = [*filters, *own]
        run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        return run

    return decorate


def _keywords(function: Callable[..., Any]) -> list[Parameter]:
    return [
        one.replace(kind=Parameter.KEYWORD_ONLY) for one in signature(function).parameters.values()
    ]
