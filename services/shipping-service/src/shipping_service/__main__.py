"""Runs shipping-service: `python -m shipping_service`."""

from chassis.service import run
from shipping_service.app import build
from shipping_service.settings import Settings

if __name__ == "__main__":
    run(build(Settings()))
