"""What an upset campaign injects and what it sees: frozen values that go to workers and into files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Space = Literal["memory", "register"]
Format = Literal["f32", "f64", "integer", "raw"]
"""What the bits of an element mean; `raw`: nothing that the bench knows (code, stacks, buffers)."""

STRATA: Final[Mapping[str, str]] = {
    "weights": "what the models answer with",
    "optimizer": "momentum, sums and step counts of the learners",
    "covariance": "the learners' covariances",
    "data": "the data region of batch mode",
    "link": "receive and send buffers, and the state of the link",
    "stack": "the stacks of the main loop and of interrupt handlers",
    "code": "instructions and constants",
    "globals": "all other variables",
    "core_registers": "the core's own registers",
    "fp_registers": "registers of the floating-point unit",
    "checkpoints": "saved models in storage",
    "protectors": "copies, checksums and counters of the protections themselves",
}
"""Parts of the machine that are sampled, estimated and weighed apart."""

RAM_FACT: Final = "RAM of the models (bytes)"
STORAGE_FACT: Final = "storage of checkpoints (bytes)"
"""Facts of a golden run that say what a protection takes."""

COMPLETED: Final = "completed"
RECOVERED: Final = "recovered"
SAFE_STOP: Final = "safe_stop"
CRASH: Final = "crash"
LOCKUP: Final = "lockup"
HANG: Final = "hang"
LINK_LOST: Final = "link_lost"
SYSTEM: Final[Mapping[str, str]] = {
    COMPLETED: "the run came to its end by itself",
    RECOVERED: "the payload was reset, went on, and came to its end",
    SAFE_STOP: "the payload stopped training by itself, and said so",
    CRASH: "a fault handler, an abort, or an exit",
    LOCKUP: "a fault inside the fault handler: the core stands still",
    HANG: "twice the instructions of the golden run, or asleep and answering while results never come",
    LINK_LOST: "the payload sleeps and could not be talked to",
}
"""Outcomes of the system axis, best first. What the bench itself could not do is an exception, and no outcome."""

MASKED: Final = "masked"
BENIGN: Final = "benign"
CRITICAL: Final = "critical"
NAN: Final = "nan"
NOT_READ: Final = "not_read"
LEARNER: Final[Mapping[str, str]] = {
    MASKED: "every model as in the golden run, bit for bit",
    BENIGN: "another model, within the accuracy loss that the campaign allows",
    CRITICAL: "a model lost more accuracy than that",
    NAN: "a model holds a number that is not finite",
    NOT_READ: "the models could not be read out",
}
"""Outcomes of the learner axis, best first."""

UNDETECTED: Final = "none"
CORRECTED: Final = "corrected"
UNCORRECTED: Final = "uncorrected"
DETECTION: Final[Mapping[str, str]] = {
    UNDETECTED: "the payload reported nothing",
    CORRECTED: "the payload reported it and put it right",
    UNCORRECTED: "the payload reported it and could not put it right",
}


@dataclass(frozen=True)
class Region:
    """Elements side by side of one stratum, in which every bit is as likely to be hit as any other.

    Memory: element i takes bytes address + i * element_bits / 8 and on, least significant byte first.
    Registers: one element, `address` is its number in GDB's target description.
    """

    stratum: str
    """A key of STRATA."""
    name: str
    """Of the parameter or symbol, such as `arow_3D.covariance`, `.text`, `r4`; unique within the golden run."""
    address: int
    count: int
    """Elements."""
    element_bits: int
    """In memory a multiple of 8."""
    format: Format = "raw"
    space: Space = "memory"

    @property
    def bits(self) -> int:
        """Of all elements."""
        return self.count * self.element_bits


@dataclass(frozen=True)
class Flip:
    """One bit to be inverted."""

    space: Space
    address: int
    """Of a byte, or the number of a register."""
    bit: int
    """0 is the least significant: of the byte 0 to 7, of a register from 0 on."""


@dataclass(frozen=True)
class Fault:
    """One upset: one or more bits that turn over at one instant of the golden run."""

    id: str
    """Unique in its list, and the same whenever the list is drawn."""
    stratum: str
    time: int
    """Guest instructions since the beginning of the window; one of the golden run's `instants`."""
    flips: tuple[Flip, ...]
    region: str
    """Name of the region."""
    element: int
    """The first one hit: index in the region."""
    bit: int
    """The lowest one hit, within that element; 0 is the least significant."""


@dataclass(frozen=True)
class Golden:
    """The run without a fault, and what of it can be hit when."""

    digest: str
    """SHA-256 over all that an outcome depends on: firmware, emulator, machine, scenario, recording, the final models.
    Every worker must see the same."""
    instructions: int
    """Length of the window in which faults fall, in guest instructions."""
    instants: tuple[int, ...]
    """The time grid: where in the window a fault can be injected, ascending, the first 0. One stands for the
    instructions from it up to the next."""
    regions: tuple[Region, ...]
    samples: int
    """Training steps in the window."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """For the report: target, build id, emulator and its version, what the accuracy is of."""


@dataclass(frozen=True)
class Observed:
    """What came of one injection. It must be the same whenever, and on whichever worker, it is made."""

    system: str
    """A key of SYSTEM."""
    learner: str
    """A key of LEARNER; NOT_READ unless the models were read out."""
    detection: str = UNDETECTED
    """A key of DETECTION."""
    digest: str = ""
    """SHA-256 of the final models and of whatever else must repeat; empty where nothing could be read."""
    latency: int | None = None
    """Guest instructions from the injection to the first report of it; None: none."""
    samples_lost: int | None = None
    """Training steps that a restart, or a model that went back, threw away; None: unknown."""
    accuracy_loss: float | None = None
    """Golden minus observed balanced accuracy of the worst model; None: unknown."""
    instructions: int | None = None
    """From the injection to the end; None: unknown."""
    detail: str = ""
    """What the payload or the emulator said, for people; it must repeat too."""
