"""Runs api-gateway: `python -m api_gateway`."""

from api_gateway.app import build
from api_gateway.settings import Settings
from chassis.http_service import run

if __name__ == "__main__":
    run(build(Settings()))
