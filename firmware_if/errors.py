"""The root of the project's error tree."""


class HilError(Exception):
    """Base of all errors raised on purpose: `message` is what happened, `hint` is what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class WireError(HilError):
    """Bytes or values that the contract does not allow."""
