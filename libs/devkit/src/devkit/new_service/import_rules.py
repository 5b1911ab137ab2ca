"""Enters a service into import-linter's lists of the root `pyproject.toml`, where it is not yet."""

from pathlib import Path
from typing import Any, Final

import tomlkit

from devkit.new_service.errors import NewServiceError

# (contract, list, what of the package goes in)
_LISTS: Final = (
    ("Services never import each other", "modules", "{package}"),
    ("The chassis imports no service", "forbidden_modules", "{package}"),
    ("The domain imports no framework", "source_modules", "{package}.domain"),
    ("Inside a service, outer layers import inner ones", "containers", "{package}"),
)


def enter_import_rules(pyproject: Path, package: str) -> None:
    """Comments and order stay. Raises NewServiceError where a list is not found."""
    document: Any = tomlkit.parse(pyproject.read_text())
    rules = document["tool"]["importlinter"]
    contracts = {contract["name"]: contract for contract in rules["contracts"]}
    _append(rules["root_packages"], package)
    for name, field, entry in _LISTS:
        if name not in contracts:
            raise NewServiceError(
                f"{pyproject} has no import-linter contract '{name}' any more: put {package} into "
                "those that hold for services by hand, and mend `devkit.new_service.import_rules`"
            )
        _append(contracts[name][field], entry.format(package=package))
    pyproject.write_text(tomlkit.dumps(document))


def _append(names: Any, name: str) -> None:
    if name not in names:
        names.append(name)
