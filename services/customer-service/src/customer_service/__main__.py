"""Runs customer-service: `python -m customer_service`."""

from chassis.service import run
from customer_service.app import build
from customer_service.settings import Settings

if __name__ == "__main__":
    run(build(Settings()))
