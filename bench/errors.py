"""The root of every error that the bench raises on purpose.

A failing board is a verdict; a failing bench is a `BenchError`. The command line prints the message and the
hint of a `BenchError` and exits with status 2.
"""

from firmware_if.errors import HilError


class BenchError(HilError):
    """The bench could not do what it was asked; `hint` says what to do next."""


class ConfigurationError(BenchError):
    """A scenario, target, station or command line is wrong."""


class RecordingError(BenchError):
    """A recording is missing, malformed, or holds values that cannot be streamed."""


class TransportError(BenchError):
    """The way to the payload could not be opened, or broke."""


class PortAbsent(TransportError):  # noqa: N818 - it reads as what it is
    """There is nothing at the place where the board should be: no hardware, rather than broken hardware."""


class ProgramAbsent(TransportError):  # noqa: N818 - it reads as what it is
    """The program that would run the payload is not installed."""


class BuildError(BenchError):
    """The firmware could not be built or read."""


class ModelFileError(BenchError):
    """A model file cannot be read, or holds no linear model."""


class RunFolderError(BenchError):
    """A run folder is missing, incomplete, or cannot be written."""


class CampaignError(BenchError):
    """The files of an upset campaign contradict each other, or its injections do not repeat."""


class HistoryError(BenchError):
    """A history file is damaged, in use, full, or not one."""


class CommandError(BenchError):
    """A shell line of the station failed; `printed` is the last of what it said."""

    def __init__(self, message: str, *, hint: str = "", printed: str = "") -> None:
        super().__init__(message, hint=hint)
        self.printed = printed
