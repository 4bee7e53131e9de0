"""How a session ends early."""

from bench.errors import BenchError


class TargetFailure(Exception):  # noqa: N818 - not an error of the bench: the session turns it into a verdict
    """The target could not go on; `reason` and `hint` go into the trace."""

    def __init__(self, reason: str, *, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class Restarted(TargetFailure):
    """The payload started anew in the midst of its work. A session that has it keep checkpoints may go on with it.

    `why` is what is known of the restart alone.
    """

    def __init__(self, reason: str, *, why: str, hint: str = "") -> None:
        super().__init__(reason, hint=hint)
        self.why = why


class Stopped(Exception):  # noqa: N818 - somebody asked for it
    """The run was asked to stop: what the payload has learnt is still fetched."""


class ConnectError(BenchError):
    """Nothing that speaks the contract answered, or it speaks another version of it."""
