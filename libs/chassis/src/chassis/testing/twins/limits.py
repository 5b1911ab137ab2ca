"""What a twin does not do, said so that one knows what to do instead."""


class TwinLimitError(
    BaseException
):  # the code under test must not take it for a failure of its own
    """Something was asked of a twin that only the real thing can do."""
