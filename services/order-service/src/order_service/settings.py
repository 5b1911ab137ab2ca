"""What order-service needs to know of its surroundings."""

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings of every service; order-service adds none."""
