"""The handlers that a service declares, and what their annotations say of their answers."""

import sys
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from chassis.consumers.handlers import Handler
from chassis.messaging.contracts import Reply


def handlers_of(package: str) -> tuple[Handler, ...]:
    """All handlers in tables such as COMMAND_HANDLERS, in modules that are imported already."""
    modules = [one for name, one in sorted(sys.modules.items()) if name.startswith(f"{package}.")]
    found = (handler for module in modules for handler in _tables(vars(module)))
    return tuple(dict.fromkeys(found))


def answers_of(handler: Handler) -> tuple[type[Reply], ...]:
    """The replies that the handler's function says it returns."""
    returned = get_type_hints(handler.function).get("return")
    alternatives = get_args(returned) or (returned,)
    return tuple(one for one in alternatives if isinstance(one, type) and issubclass(one, Reply))


def _tables(namespace: dict[str, Any]) -> Iterator[Handler]:
    for value in list(namespace.values()):
        if isinstance(value, tuple):
            yield from (one for one in value if isinstance(one, Handler))
