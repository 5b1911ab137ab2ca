"""What goes wrong with operators' commands, told to a person."""


class OperatorError(Exception):
    """A command cannot be carried out; the message says why, and what to do instead."""


class NotThereError(OperatorError):
    """What a command names is not there."""
