"""Runs order-history-service: `python -m order_history_service`."""

from chassis.service import run
from order_history_service.app import build
from order_history_service.settings import Settings

if __name__ == "__main__":
    run(build(Settings()))
