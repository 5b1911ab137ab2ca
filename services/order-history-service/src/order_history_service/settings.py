"""What order-history-service needs to know of its surroundings."""

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings of every service; order-history-service adds none."""
