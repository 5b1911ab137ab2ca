"""What inventory-service needs to know of its surroundings."""

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings of every service; inventory-service adds none."""
