"""The dashboards, by the file that they are written to."""

from typing import Final

from devkit.observability.dashboards.messaging import MESSAGING
from devkit.observability.dashboards.platform import PLATFORM
from devkit.observability.dashboards.sagas import SAGAS
from devkit.observability.dashboards.service import SERVICE

DASHBOARDS: Final = {
    "sagas": SAGAS,
    "service": SERVICE,
    "messaging": MESSAGING,
    "platform": PLATFORM,
}
