"""What keeps a new service from being made."""


class NewServiceError(Exception):
    """The message says what to do next."""
