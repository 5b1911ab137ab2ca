"""Which build a process runs."""

import platform
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import Gauge


def tell_build(build_info: Gauge, *, service_name: str, distribution: str) -> None:
    """Set the gauge; the version is that of the installed distribution."""
    try:
        installed = version(distribution)
    except PackageNotFoundError:
        installed = "unknown"
    build_info.labels(service_name, installed, platform.python_version()).set(1)
