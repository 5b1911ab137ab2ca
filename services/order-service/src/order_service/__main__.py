"""Runs order-service: `python -m order_service`."""

from chassis.service import run
from order_service.app import build
from order_service.settings import Settings

if __name__ == "__main__":
    run(build(Settings()))
