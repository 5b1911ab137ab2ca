"""Runs inventory-service: `python -m inventory_service`."""

from chassis.service import run
from inventory_service.app import build
from inventory_service.settings import Settings

if __name__ == "__main__":
    run(build(Settings()))
