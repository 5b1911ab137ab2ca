"""The views that an installed service declares."""

import sys
from importlib import import_module

from chassis.views.view import View


def views_of(package: str) -> tuple[View, ...]:
    """The views in the modules of a service, whose `app` is imported for it, by their names."""
    import_module(f"{package}.app")
    modules = [module for name, module in sys.modules.items() if name.startswith(f"{package}.")]
    found = {
        value.name: value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, View)
    }
    return tuple(found[name] for name in sorted(found))
