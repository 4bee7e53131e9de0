"""Messages of the contract. GENERATED from wire.toml by tools/gen_wire.py: do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from firmware_if.octets import Reader, Writer

VERSION = 1
FINGERPRINT = 0x0C131682189E70C9
MAX_FRAME_BYTES = 1024
"""Largest frame on the wire, both delimiters included."""
MAX_MODELS = 32
"""Models in a bank."""
MAX_CHANNELS = 160
"""Values per sample."""
MAX_CLASSES = 16
"""Class labels of a stream or data set."""
MAX_FEATURES = 1024
"""Features that a map makes of a sample."""
MAX_ROWS = 65535
"""Rows of a data set in the payload's memory."""
MAX_NAME_BYTES = 24
"""Longest name of a learner, feature map, array or hyperparameter."""
APID = 677
"""Application process that runs the training payload."""
SOURCE_ID = 1
"""The bench, source of telecommands and destination of telemetry."""


class FrameType(IntEnum):
    """Frames of the link."""

    HELLO_REQUEST = 1
    """Asks who is there. Body: bench nonce u32, entropy u32. A new nonce starts a session; the running one resumes it."""
    HELLO = 2
    """Who is there; sent at start (tag 0) and for each HelloRequest. Body: the Hello struct."""
    DATA = 16
    """One space packet; takes one sequence number."""
    STATUS = 17
    """Sequence, acknowledgement and credit alone; answers a poll by repeating its number."""
    REJECT = 18
    """A gap was seen: send again from `ack`."""


class ClockKind(IntEnum):
    """What one count of the payload's meter is."""

    INSTRUCTIONS = 1
    """An emulator that counts instructions: no pipeline, no cache."""
    CYCLES = 2
    """A core's own cycle counter."""
    HOST = 3
    """Nanoseconds of the machine that runs a native process."""


class FailureCode(IntEnum):
    """Why the payload refused (ST[01] failure reports)."""

    UNKNOWN_SERVICE = 1
    """No such service or message subtype."""
    MALFORMED = 2
    """The packet's fields do not fit its length, or a length or count is out of range."""
    UNKNOWN_LEARNER = 3
    """No learner of that name and arithmetic in this firmware."""
    UNKNOWN_FEATURES = 4
    """No feature map of that name and arithmetic in this firmware."""
    UNKNOWN_PARAMETER = 5
    """The learner has no hyperparameter of that name."""
    PARAMETER_RANGE = 6
    """Hyperparameter outside the range that LIST states."""
    CHANNELS = 7
    """Channel list does not fit the feature map or the configured stream."""
    ARENA_FULL = 8
    """The model does not fit into what is left of the arena."""
    BANK_FULL = 9
    """The bank holds its largest number of models."""
    NOT_CONFIGURED = 10
    """No stream has been configured."""
    ROW_GAP = 11
    """Rows are missing: first_row is beyond the next expected row."""
    ROW_REPEAT = 12
    """Rows come again: first_row is before the next expected row."""
    UNKNOWN_MODEL = 13
    """No model with that handle."""
    MEMORY_RANGE = 14
    """Address and length reach outside the model's state."""
    CHECKSUM = 15
    """The checksum of the data to load is wrong."""
    CLASSES = 16
    """Class labels do not fit: two different ones are needed."""
    NOT_FINITE = 17
    """A value is NaN or infinite."""
    MODE = 19
    """The learner, or the request, belongs to another mode than the configured one."""
    DATA_FULL = 20
    """The data set does not fit into the data region."""
    NO_DATA = 21
    """No data set has been opened, or it holds no rows, or it holds them all already."""
    BIAS = 22
    """This learner takes no constant feature: it flew without, or has a bias of its own."""
    ANSWER_SIZE = 23
    """The scores of one row do not fit into a packet."""
    PROTECTION = 24
    """No such protection here, or the model is protected already; the number is what was asked for."""
    STORAGE = 25
    """No storage for checkpoints, or they do not fit into it; the number is its bytes for one checkpoint."""
    TRAINING_STOPPED = 26
    """The model's protection has stopped its training; the number is its handle."""
    STREAM_ACTIVE = 18
    """Models cannot be created once samples have been streamed: reset the bank first."""


class RowStatus(IntEnum):
    """What became of one sample."""

    TRAINED = 0
    """Predicted, then trained on."""
    NOT_FINITE = 1
    """A value was NaN or infinite: no model has seen it."""
    UNKNOWN_LABEL = 2
    """The label is none of the configured classes: no model has seen it."""
    STORED = 3
    """Mapped and kept in the data region."""


class Mode(IntEnum):
    """What becomes of the samples."""

    STREAM = 1
    """Each sample trains every model as it arrives."""
    BATCH = 2
    """Samples fill a data set in memory; models train on it epoch by epoch."""
    SCORE = 3
    """Models are loaded and asked, never trained."""


class Operation(IntEnum):
    """What the meter tells apart. Train, predict and feature stamps enclose that call alone."""

    TRAIN = 1
    """The learner's train call: one sample, or one mini-batch."""
    PREDICT = 2
    """The learner's score calls."""
    FEATURE = 3
    """The feature map."""
    DISPATCH = 4
    """The rest of the work on a row."""
    LINK = 5
    """Taking one packet off the link: framing, checksums, sequence."""
    PROTECT = 6
    """A protected model's checks and copies, per row or epoch; told of protected models alone."""


class ArrayType(IntEnum):
    """Element type of a state array; reals have the width of the model's arithmetic, in the payload's byte order."""

    F64 = 1
    """IEEE double."""
    F32 = 2
    """IEEE single."""
    U32 = 3
    """Unsigned 32-bit integer."""


class ArrayShape(IntEnum):
    """How many elements a state array has."""

    SCALAR = 1
    """One."""
    VECTOR = 2
    """One per feature."""
    OUTPUTS = 3
    """One per output."""
    MATRIX = 4
    """Per output one for each feature, output after output."""
    AFFINE = 5
    """A matrix, then one per output."""


class CatalogueKind(IntEnum):
    """What a catalogue entry describes."""

    LEARNER = 1
    """A learner in one arithmetic."""
    FEATURES = 2
    """A feature map in one arithmetic."""


class FaultAction(IntEnum):
    """What a protected model does about a fault that its copies and checksum cannot mend."""

    COUNT = 1
    """Reports and counts it, and trains on with what there is."""
    ROLL_BACK = 2
    """Goes back to its last good copy, else to the last checkpoint; where there is neither, it stops."""
    STOP = 3
    """Trains no more until it is loaded or the bank is reset; it still predicts."""


class EventId(IntEnum):
    """ST[05] events."""

    SAMPLE_REFUSED = 1
    """A sample was not finite or had an unknown label; the number is its row."""
    NOT_FINITE_STATE = 2
    """A model's score became NaN or infinite; the number is its handle."""
    RECEIVE_OVERRUN = 3
    """Received bytes were lost in the payload; the number is how many since the last ResetBank."""
    STATE_CORRECTED = 4
    """A protected model's memory had changed by itself and was mended; the number is its handle."""
    STATE_CORRUPT = 5
    """A protected model's memory had changed by itself and could not be mended; the number is its handle."""
    STATE_OUT_OF_RANGE = 6
    """A training step left a value that is NaN, infinite or beyond the bound; the number is the model's handle."""
    ROLLED_BACK = 7
    """A model went back to its last good copy or checkpoint; the number is its handle * 2^24 + the rows it forgot, at most 2^24 - 1."""
    TRAINING_STOPPED = 8
    """A model trains no more; the number is its handle."""
    CHECKPOINT_FAILED = 9
    """A checkpoint could not be written, the one before it stays; the number is the next row."""
    CHECKPOINT_TORN = 10
    """At start, a slot held a checkpoint that was not whole, and was passed over; the number is the slot."""
    CHECKPOINT_UNUSABLE = 11
    """At start, the newest whole checkpoint did not fit this firmware; the number is its sequence."""
    RESUMED = 12
    """This start went on from a checkpoint; the number is the next row."""
    WATCHDOG_RESET = 13
    """This start was forced by the watchdog; the number is 0."""


@dataclass(frozen=True)
class Hello:
    """Body of a Hello frame. Its first 64 bytes never change."""

    magic: int
    """0x48494C31, 'HIL1'."""
    version: int
    """Of this contract."""
    fingerprint: int
    """Hash of what the bytes mean."""
    build_id: bytes
    """Of the firmware."""
    nonce: int
    """Of this start of the payload; 0 = no session yet."""
    clock_kind: int
    """Enum ClockKind."""
    clock_rate_hz: int
    """[Hz], counts per second, 0 = the clock has no rate."""
    arena_bytes: int
    """[byte], memory for models."""
    receive_bytes: int
    """[byte], capacity of the receive queue."""
    frame_bytes: int
    """[byte], largest frame."""
    name: str
    """Target that the firmware was built for."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u32(self.magic)
        writer.u16(self.version)
        writer.u64(self.fingerprint)
        writer.octets(self.build_id, 16)
        writer.u32(self.nonce)
        writer.u8(self.clock_kind)
        writer.u32(self.clock_rate_hz)
        writer.u32(self.arena_bytes)
        writer.u32(self.receive_bytes)
        writer.u16(self.frame_bytes)
        writer.text(self.name, 15)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            magic=reader.u32(),
            version=reader.u16(),
            fingerprint=reader.u64(),
            build_id=reader.octets(16),
            nonce=reader.u32(),
            clock_kind=reader.u8(),
            clock_rate_hz=reader.u32(),
            arena_bytes=reader.u32(),
            receive_bytes=reader.u32(),
            frame_bytes=reader.u16(),
            name=reader.text(15),
        )


@dataclass(frozen=True)
class Hyperparameter:
    """A value for one hyperparameter."""

    name: str
    value: float

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.string(self.name)
        writer.f64(self.value)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            name=reader.string(),
            value=reader.f64(),
        )


@dataclass(frozen=True)
class ParameterInfo:
    """One hyperparameter that a learner takes."""

    name: str
    initial: float
    """Value when none is given."""
    minimum: float
    maximum: float
    whole: int
    """1 = whole numbers only."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.string(self.name)
        writer.f64(self.initial)
        writer.f64(self.minimum)
        writer.f64(self.maximum)
        writer.u8(self.whole)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            name=reader.string(),
            initial=reader.f64(),
            minimum=reader.f64(),
            maximum=reader.f64(),
            whole=reader.u8(),
        )


@dataclass(frozen=True)
class ArrayInfo:
    """One array of a learner's state."""

    name: str
    type: int
    """Enum ArrayType."""
    shape: int
    """Enum ArrayShape."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.string(self.name)
        writer.u8(self.type)
        writer.u8(self.shape)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            name=reader.string(),
            type=reader.u8(),
            shape=reader.u8(),
        )


@dataclass(frozen=True)
class ArrayPlace:
    """Where an array lies in a model's state."""

    name: str
    type: int
    """Enum ArrayType."""
    offset: int
    """[byte], from the start of the state."""
    count: int
    """[element]."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.string(self.name)
        writer.u8(self.type)
        writer.u32(self.offset)
        writer.u32(self.count)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            name=reader.string(),
            type=reader.u8(),
            offset=reader.u32(),
            count=reader.u32(),
        )


@dataclass(frozen=True)
class OperationSum:
    """Sums of one operation, in counts of the payload's clock."""

    operation: int
    """Enum Operation."""
    count: int
    """Measurements."""
    minimum: int
    """[count]."""
    maximum: int
    """[count]."""
    sum: int
    """[count]."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u8(self.operation)
        writer.u32(self.count)
        writer.u32(self.minimum)
        writer.u32(self.maximum)
        writer.u64(self.sum)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            operation=reader.u8(),
            count=reader.u32(),
            minimum=reader.u32(),
            maximum=reader.u32(),
            sum=reader.u64(),
        )


@dataclass(frozen=True)
class AreYouAlive:
    """ST[17] test."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 17
    SUBTYPE: ClassVar[int] = 1

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls()


@dataclass(frozen=True)
class RequestHousekeeping:
    """ST[03] one-shot report of one housekeeping structure."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 3
    SUBTYPE: ClassVar[int] = 27

    count: int
    """Structures asked for; 1."""
    structure: int
    """Structure id; 1."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u8(self.count)
        writer.u8(self.structure)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            count=reader.u8(),
            structure=reader.u8(),
        )


@dataclass(frozen=True)
class LoadMemory:
    """ST[06] writes into a model's state. The memory id is a model handle: no raw addresses."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 6
    SUBTYPE: ClassVar[int] = 2

    memory: int
    """Model handle."""
    count: int
    """Areas; 1."""
    address: int
    """[byte], offset inside the state."""
    data: bytes
    checksum: int
    """CRC-16 of data."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u8(self.memory)
        writer.u8(self.count)
        writer.u32(self.address)
        writer.byte_string(self.data)
        writer.u16(self.checksum)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            memory=reader.u8(),
            count=reader.u8(),
            address=reader.u32(),
            data=reader.byte_string(),
            checksum=reader.u16(),
        )


@dataclass(frozen=True)
class DumpMemory:
    """ST[06] reads from a model's state; answered by MemoryDump packets."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 6
    SUBTYPE: ClassVar[int] = 5

    memory: int
    """Model handle."""
    count: int
    """Areas; 1."""
    address: int
    """[byte], offset inside the state."""
    length: int
    """[byte]."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u8(self.memory)
        writer.u8(self.count)
        writer.u32(self.address)
        writer.u32(self.length)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            memory=reader.u8(),
            count=reader.u8(),
            address=reader.u32(),
            length=reader.u32(),
        )


@dataclass(frozen=True)
class List:
    """Asks for the catalogue: every learner and feature map in this firmware."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 1

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls()


@dataclass(frozen=True)
class ConfigureStream:
    """Says what samples look like. Comes before models are created; repeated later it may only move next_row."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 3

    channels: int
    """Values per sample."""
    next_row: int
    """[row], absolute row of the next sample."""
    classes: tuple[int, ...]
    """Class labels, at least two; binary learners take the first as -1, the second as +1."""
    mode: int
    """Enum Mode."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u8(self.channels)
        writer.u32(self.next_row)
        writer.i16_list(self.classes)
        writer.u8(self.mode)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            channels=reader.u8(),
            next_row=reader.u32(),
            classes=reader.i16_list(),
            mode=reader.u8(),
        )


@dataclass(frozen=True)
class CreateModel:
    """Adds a model = learner x feature map x arithmetic x hyperparameters to the bank."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 5

    learner: str
    features: str
    arithmetic: str
    channels: tuple[int, ...]
    """Sample values that the feature map reads, in its order."""
    bias: int
    """1 = a constant feature 1 stands behind those of the map."""
    hyperparameters: tuple[Hyperparameter, ...]
    """Those not named keep their initial value."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.string(self.learner)
        writer.string(self.features)
        writer.string(self.arithmetic)
        writer.u8_list(self.channels)
        writer.u8(self.bias)
        writer.struct_list(self.hyperparameters)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            learner=reader.string(),
            features=reader.string(),
            arithmetic=reader.string(),
            channels=reader.u8_list(),
            bias=reader.u8(),
            hyperparameters=reader.struct_list(Hyperparameter.read),
        )


@dataclass(frozen=True)
class Samples:
    """Rows to train on, or in batch mode to keep. Asks for no acceptance report; a refusal is still reported."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 7

    first_row: int
    """[row], absolute row of the first record."""
    records: bytes
    """Per row: time_ms u32, label i16, values f32 * channels."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u32(self.first_row)
        writer.rest(self.records)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            first_row=reader.u32(),
            records=reader.rest(),
        )


@dataclass(frozen=True)
class Predict:
    """Rows to score without training; answered by Predictions packets."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 9

    first_row: int
    """[row], number of the first record, repeated in the answer."""
    records: bytes
    """Per row: values f32 * channels."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u32(self.first_row)
        writer.rest(self.records)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            first_row=reader.u32(),
            records=reader.rest(),
        )


@dataclass(frozen=True)
class RequestStatistics:
    """Asks for one Statistics packet per model and one for the bank."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 11

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls()


@dataclass(frozen=True)
class ResetBank:
    """Deletes models, data set and stream configuration; all figures of Statistics and Housekeeping begin anew."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 13

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls()


@dataclass(frozen=True)
class OpenDataSet:
    """Batch mode: makes room for a data set in the data region, mapped as the models need it; empties it if it is open."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 17

    rows: int
    """[row], how many it may hold."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u32(self.rows)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            rows=reader.u32(),
        )


@dataclass(frozen=True)
class TrainEpoch:
    """Batch mode: trains one model once on all rows of the data set; answered by EpochTrained."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 19

    model: int
    """Handle."""
    epoch: int
    """Its number; decides the order of rows where a seed is set."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u8(self.model)
        writer.u16(self.epoch)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            model=reader.u8(),
            epoch=reader.u16(),
        )


@dataclass(frozen=True)
class Restart:
    """Starts the payload anew, as after power-on. The answer is a Hello with a new nonce."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 15

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls()


@dataclass(frozen=True)
class ProtectModel:
    """Protects a model's memory, for which it takes more of the arena; before the first sample. Answered by ModelProtected."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 21

    model: int
    """Handle."""
    copies: int
    """Of its memory: 1 = no copy, 2 = detect, 3 = vote and correct."""
    checksum: int
    """1 = a CRC-32 of its memory."""
    range: int
    """1 = after each training step every real must be finite and within the bound."""
    bound: float
    """Greatest magnitude of a real where range is 1; infinite = any finite one."""
    action: int
    """Enum FaultAction."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u8(self.model)
        writer.u8(self.copies)
        writer.u8(self.checksum)
        writer.u8(self.range)
        writer.f64(self.bound)
        writer.u8(self.action)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            model=reader.u8(),
            copies=reader.u8(),
            checksum=reader.u8(),
            range=reader.u8(),
            bound=reader.f64(),
            action=reader.u8(),
        )


@dataclass(frozen=True)
class ProtectBank:
    """Keeps the whole bank in the payload's storage, from which it resumes when it starts anew, and writes the first checkpoint; has a watchdog start it anew when it hangs."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 23

    rows: int
    """[row], a checkpoint after so many rows: the most that a restart loses; 0 = keeps none, forgets the last."""
    watchdog: int
    """1 = a watchdog waits for progress."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u32(self.rows)
        writer.u8(self.watchdog)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            rows=reader.u32(),
            watchdog=reader.u8(),
        )


@dataclass(frozen=True)
class RequestProtection:
    """Asks for a ProtectionReport."""

    KIND: ClassVar[str] = "TC"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 25

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls()


@dataclass(frozen=True)
class Accepted:
    """ST[01] a telecommand was accepted."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 1
    SUBTYPE: ClassVar[int] = 1

    packet_id: int
    """Of the telecommand."""
    sequence: int
    """Its packet sequence control."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u16(self.packet_id)
        writer.u16(self.sequence)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            packet_id=reader.u16(),
            sequence=reader.u16(),
        )


@dataclass(frozen=True)
class NotAccepted:
    """ST[01] a telecommand was refused before it was begun."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 1
    SUBTYPE: ClassVar[int] = 2

    packet_id: int
    """Of the telecommand."""
    sequence: int
    """Its packet sequence control."""
    code: int
    """Enum FailureCode."""
    number: int
    """The value refused, or what was available."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u16(self.packet_id)
        writer.u16(self.sequence)
        writer.u16(self.code)
        writer.u32(self.number)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            packet_id=reader.u16(),
            sequence=reader.u16(),
            code=reader.u16(),
            number=reader.u32(),
        )


@dataclass(frozen=True)
class Completed:
    """ST[01] a telecommand was carried out; everything it asked for has been sent."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 1
    SUBTYPE: ClassVar[int] = 7

    packet_id: int
    """Of the telecommand."""
    sequence: int
    """Its packet sequence control."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u16(self.packet_id)
        writer.u16(self.sequence)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            packet_id=reader.u16(),
            sequence=reader.u16(),
        )


@dataclass(frozen=True)
class NotCompleted:
    """ST[01] a telecommand failed while it was carried out."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 1
    SUBTYPE: ClassVar[int] = 8

    packet_id: int
    """Of the telecommand."""
    sequence: int
    """Its packet sequence control."""
    code: int
    """Enum FailureCode."""
    number: int
    """The value refused, or what was available."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u16(self.packet_id)
        writer.u16(self.sequence)
        writer.u16(self.code)
        writer.u32(self.number)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            packet_id=reader.u16(),
            sequence=reader.u16(),
            code=reader.u16(),
            number=reader.u32(),
        )


@dataclass(frozen=True)
class Housekeeping:
    """ST[03] housekeeping structure 1; peaks and counts since the last ResetBank. 0xFFFFFFFF = not measured on this port."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 3
    SUBTYPE: ClassVar[int] = 25

    structure: int
    """1."""
    stack_bytes: int
    """[byte], size of the main stack."""
    stack_peak_bytes: int
    """[byte], deepest use of the main stack."""
    handler_stack_bytes: int
    """[byte], size of the interrupt handlers' stack."""
    handler_stack_peak_bytes: int
    """[byte], deepest use of the interrupt handlers' stack."""
    arena_bytes: int
    """[byte]."""
    arena_used_bytes: int
    """[byte]."""
    data_bytes: int
    """[byte], size of the data region."""
    data_used_bytes: int
    """[byte], taken by the open data set."""
    models: int
    """Models in the bank."""
    next_row: int
    """[row], absolute row of the next sample."""
    frames_received: int
    """Intact frames."""
    frames_corrupt: int
    """Frames with a wrong length, COBS code or CRC-32."""
    frames_out_of_order: int
    """Intact data frames dropped for their sequence number."""
    frames_resent: int
    """Data frames sent again."""
    receive_overruns: int
    """[byte], received bytes lost in the payload."""
    meter_overhead: int
    """[count], cost of an empty measurement, already subtracted everywhere."""
    interrupts_in_steps: int
    """Interrupts served inside measured train, predict and feature calls."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u8(self.structure)
        writer.u32(self.stack_bytes)
        writer.u32(self.stack_peak_bytes)
        writer.u32(self.handler_stack_bytes)
        writer.u32(self.handler_stack_peak_bytes)
        writer.u32(self.arena_bytes)
        writer.u32(self.arena_used_bytes)
        writer.u32(self.data_bytes)
        writer.u32(self.data_used_bytes)
        writer.u8(self.models)
        writer.u32(self.next_row)
        writer.u32(self.frames_received)
        writer.u32(self.frames_corrupt)
        writer.u32(self.frames_out_of_order)
        writer.u32(self.frames_resent)
        writer.u32(self.receive_overruns)
        writer.u32(self.meter_overhead)
        writer.u32(self.interrupts_in_steps)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            structure=reader.u8(),
            stack_bytes=reader.u32(),
            stack_peak_bytes=reader.u32(),
            handler_stack_bytes=reader.u32(),
            handler_stack_peak_bytes=reader.u32(),
            arena_bytes=reader.u32(),
            arena_used_bytes=reader.u32(),
            data_bytes=reader.u32(),
            data_used_bytes=reader.u32(),
            models=reader.u8(),
            next_row=reader.u32(),
            frames_received=reader.u32(),
            frames_corrupt=reader.u32(),
            frames_out_of_order=reader.u32(),
            frames_resent=reader.u32(),
            receive_overruns=reader.u32(),
            meter_overhead=reader.u32(),
            interrupts_in_steps=reader.u32(),
        )


@dataclass(frozen=True)
class InformativeEvent:
    """ST[05] something expected happened."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 5
    SUBTYPE: ClassVar[int] = 1

    event: int
    """Enum EventId."""
    number: int
    """What the event's doc says."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u16(self.event)
        writer.u32(self.number)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            event=reader.u16(),
            number=reader.u32(),
        )


@dataclass(frozen=True)
class LowSeverityEvent:
    """ST[05] something unexpected happened and was dealt with."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 5
    SUBTYPE: ClassVar[int] = 2

    event: int
    """Enum EventId."""
    number: int
    """What the event's doc says."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u16(self.event)
        writer.u32(self.number)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            event=reader.u16(),
            number=reader.u32(),
        )


@dataclass(frozen=True)
class MediumSeverityEvent:
    """ST[05] something happened that spoils a result."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 5
    SUBTYPE: ClassVar[int] = 3

    event: int
    """Enum EventId."""
    number: int
    """What the event's doc says."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u16(self.event)
        writer.u32(self.number)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            event=reader.u16(),
            number=reader.u32(),
        )


@dataclass(frozen=True)
class MemoryDump:
    """ST[06] a piece of a model's state."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 6
    SUBTYPE: ClassVar[int] = 6

    memory: int
    """Model handle."""
    count: int
    """Areas; 1."""
    address: int
    """[byte], offset inside the state."""
    data: bytes
    checksum: int
    """CRC-16 of data."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u8(self.memory)
        writer.u8(self.count)
        writer.u32(self.address)
        writer.byte_string(self.data)
        writer.u16(self.checksum)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            memory=reader.u8(),
            count=reader.u8(),
            address=reader.u32(),
            data=reader.byte_string(),
            checksum=reader.u16(),
        )


@dataclass(frozen=True)
class Alive:
    """ST[17] answer to AreYouAlive."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 17
    SUBTYPE: ClassVar[int] = 2

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls()


@dataclass(frozen=True)
class CatalogueEntry:
    """A learner or feature map describes itself."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 2

    entry: int
    """Enum CatalogueKind."""
    name: str
    arithmetic: str
    inputs: int
    """Feature map: channels read, 0 = any number; learner: 0."""
    tie: int
    """Learner: label that a score of 0 stands for, -1 or +1; feature map: 0."""
    mode: int
    """Learner: enum Mode in which it trains; feature map: 0."""
    parameters: tuple[ParameterInfo, ...]
    arrays: tuple[ArrayInfo, ...]

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u8(self.entry)
        writer.string(self.name)
        writer.string(self.arithmetic)
        writer.u8(self.inputs)
        writer.i16(self.tie)
        writer.u8(self.mode)
        writer.struct_list(self.parameters)
        writer.struct_list(self.arrays)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            entry=reader.u8(),
            name=reader.string(),
            arithmetic=reader.string(),
            inputs=reader.u8(),
            tie=reader.i16(),
            mode=reader.u8(),
            parameters=reader.struct_list(ParameterInfo.read),
            arrays=reader.struct_list(ArrayInfo.read),
        )


@dataclass(frozen=True)
class ModelCreated:
    """A model was added to the bank."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 6

    model: int
    """Its handle."""
    dimension: int
    """Features, the constant one included."""
    outputs: int
    """Scores per row: 1 for two classes, else one per class."""
    state_bytes: int
    """[byte], size of its state."""
    arena_bytes: int
    """[byte], arena it took, its share of a new feature map included."""
    arena_used_bytes: int
    """[byte], by the whole bank."""
    prediction_bits: int
    """[bit], width of a prediction in SampleReport and Predictions."""
    arrays: tuple[ArrayPlace, ...]

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u8(self.model)
        writer.u16(self.dimension)
        writer.u8(self.outputs)
        writer.u32(self.state_bytes)
        writer.u32(self.arena_bytes)
        writer.u32(self.arena_used_bytes)
        writer.u8(self.prediction_bits)
        writer.struct_list(self.arrays)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            model=reader.u8(),
            dimension=reader.u16(),
            outputs=reader.u8(),
            state_bytes=reader.u32(),
            arena_bytes=reader.u32(),
            arena_used_bytes=reader.u32(),
            prediction_bits=reader.u8(),
            arrays=reader.struct_list(ArrayPlace.read),
        )


@dataclass(frozen=True)
class SampleReport:
    """What became of a batch of rows."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 8

    first_row: int
    """[row], absolute row of the first record."""
    count: int
    """Records."""
    link: int
    """[count], cost of taking the newest Samples packet off the link."""
    models: int
    """Models in the bank."""
    records: bytes
    """Per row: status u8 (enum RowStatus) and, with models: train, predict, feature, dispatch u32 in counts, then per model its prediction (class index) and 1 bit 'updated', packed from the most significant bit, padded to a byte."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u32(self.first_row)
        writer.u16(self.count)
        writer.u32(self.link)
        writer.u8(self.models)
        writer.rest(self.records)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            first_row=reader.u32(),
            count=reader.u16(),
            link=reader.u32(),
            models=reader.u8(),
            records=reader.rest(),
        )


@dataclass(frozen=True)
class Predictions:
    """Scores of a batch of rows."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 10

    first_row: int
    """[row], as in Predict."""
    count: int
    """Records."""
    models: int
    """Models in the bank."""
    records: bytes
    """Per row: per model its scores f64 (as many as it has outputs), then per model its prediction (class index), packed from the most significant bit, padded to a byte."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u32(self.first_row)
        writer.u16(self.count)
        writer.u8(self.models)
        writer.rest(self.records)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            first_row=reader.u32(),
            count=reader.u16(),
            models=reader.u8(),
            records=reader.rest(),
        )


@dataclass(frozen=True)
class EpochTrained:
    """What one epoch did to one model."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 20

    model: int
    """Handle."""
    epoch: int
    """As in TrainEpoch."""
    loss: float
    """Mean of the mini-batches' mean losses."""
    steps: int
    """Mini-batches."""
    rows: int
    """[row]."""
    train: int
    """[count], cost of all steps."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u8(self.model)
        writer.u16(self.epoch)
        writer.f64(self.loss)
        writer.u32(self.steps)
        writer.u32(self.rows)
        writer.u64(self.train)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            model=reader.u8(),
            epoch=reader.u16(),
            loss=reader.f64(),
            steps=reader.u32(),
            rows=reader.u32(),
            train=reader.u64(),
        )


@dataclass(frozen=True)
class Statistics:
    """Sums kept on the payload since the bank was last reset."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 12

    model: int
    """Handle; 255 = the whole bank."""
    updates: int
    """Samples that changed the model."""
    sums: tuple[OperationSum, ...]

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u8(self.model)
        writer.u32(self.updates)
        writer.struct_list(self.sums)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            model=reader.u8(),
            updates=reader.u32(),
            sums=reader.struct_list(OperationSum.read),
        )


@dataclass(frozen=True)
class ModelProtected:
    """A model is protected from now on."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 22

    model: int
    """Handle."""
    guarded_bytes: int
    """[byte], of its memory: parameters, state and what it works out from them."""
    arena_bytes: int
    """[byte], arena that the protection took."""
    arena_used_bytes: int
    """[byte], by the whole bank."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u8(self.model)
        writer.u32(self.guarded_bytes)
        writer.u32(self.arena_bytes)
        writer.u32(self.arena_used_bytes)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            model=reader.u8(),
            guarded_bytes=reader.u32(),
            arena_bytes=reader.u32(),
            arena_used_bytes=reader.u32(),
        )


@dataclass(frozen=True)
class ProtectionReport:
    """What protections have seen and done since the last ResetBank, and the newest checkpoint."""

    KIND: ClassVar[str] = "TM"
    SERVICE: ClassVar[int] = 128
    SUBTYPE: ClassVar[int] = 26

    checks: int
    """Of a model's memory."""
    scrubs: int
    """Of those, while nothing else was to be done."""
    corrected: int
    """Memories mended."""
    corrupt: int
    """Memories that could not be mended."""
    out_of_range: int
    """Training steps that left a value out of range."""
    rolled_back: int
    """Times a model went back."""
    stopped: int
    """Models whose training was stopped."""
    rows: int
    """[row], between two checkpoints, 0 = none are kept."""
    written: int
    """Checkpoints written by this start."""
    failed: int
    """Checkpoints that could not be written."""
    sequence: int
    """Of the newest checkpoint, 0 = there is none."""
    next_row: int
    """[row], after the newest checkpoint."""
    resumed: int
    """1 = this start went on from a checkpoint."""
    watchdog: int
    """1 = a watchdog waits for progress."""

    def write(self, writer: Writer) -> None:
        """Append the fields; raises WireError for a value that does not fit."""
        writer.u32(self.checks)
        writer.u32(self.scrubs)
        writer.u32(self.corrected)
        writer.u32(self.corrupt)
        writer.u32(self.out_of_range)
        writer.u32(self.rolled_back)
        writer.u8(self.stopped)
        writer.u32(self.rows)
        writer.u32(self.written)
        writer.u32(self.failed)
        writer.u32(self.sequence)
        writer.u32(self.next_row)
        writer.u8(self.resumed)
        writer.u8(self.watchdog)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields; raises WireError when they do not fit."""
        return cls(
            checks=reader.u32(),
            scrubs=reader.u32(),
            corrected=reader.u32(),
            corrupt=reader.u32(),
            out_of_range=reader.u32(),
            rolled_back=reader.u32(),
            stopped=reader.u8(),
            rows=reader.u32(),
            written=reader.u32(),
            failed=reader.u32(),
            sequence=reader.u32(),
            next_row=reader.u32(),
            resumed=reader.u8(),
            watchdog=reader.u8(),
        )


Message = (
    AreYouAlive
    | RequestHousekeeping
    | LoadMemory
    | DumpMemory
    | List
    | ConfigureStream
    | CreateModel
    | Samples
    | Predict
    | RequestStatistics
    | ResetBank
    | OpenDataSet
    | TrainEpoch
    | Restart
    | ProtectModel
    | ProtectBank
    | RequestProtection
    | Accepted
    | NotAccepted
    | Completed
    | NotCompleted
    | Housekeeping
    | InformativeEvent
    | LowSeverityEvent
    | MediumSeverityEvent
    | MemoryDump
    | Alive
    | CatalogueEntry
    | ModelCreated
    | SampleReport
    | Predictions
    | EpochTrained
    | Statistics
    | ModelProtected
    | ProtectionReport
)
"""Any packet of the contract."""

TELECOMMANDS: dict[tuple[int, int], type[Message]] = {
    (17, 1): AreYouAlive,
    (3, 27): RequestHousekeeping,
    (6, 2): LoadMemory,
    (6, 5): DumpMemory,
    (128, 1): List,
    (128, 3): ConfigureStream,
    (128, 5): CreateModel,
    (128, 7): Samples,
    (128, 9): Predict,
    (128, 11): RequestStatistics,
    (128, 13): ResetBank,
    (128, 17): OpenDataSet,
    (128, 19): TrainEpoch,
    (128, 15): Restart,
    (128, 21): ProtectModel,
    (128, 23): ProtectBank,
    (128, 25): RequestProtection,
}
"""TC packets by (service, subtype)."""
TELEMETRY: dict[tuple[int, int], type[Message]] = {
    (1, 1): Accepted,
    (1, 2): NotAccepted,
    (1, 7): Completed,
    (1, 8): NotCompleted,
    (3, 25): Housekeeping,
    (5, 1): InformativeEvent,
    (5, 2): LowSeverityEvent,
    (5, 3): MediumSeverityEvent,
    (6, 6): MemoryDump,
    (17, 2): Alive,
    (128, 2): CatalogueEntry,
    (128, 6): ModelCreated,
    (128, 8): SampleReport,
    (128, 10): Predictions,
    (128, 20): EpochTrained,
    (128, 12): Statistics,
    (128, 22): ModelProtected,
    (128, 26): ProtectionReport,
}
"""TM packets by (service, subtype)."""
FAILURE_TEXTS = {
    FailureCode.UNKNOWN_SERVICE: "no such service or message subtype",
    FailureCode.MALFORMED: "the packet's fields do not fit its length, or a length or count is out of range",
    FailureCode.UNKNOWN_LEARNER: "no learner of that name and arithmetic in this firmware",
    FailureCode.UNKNOWN_FEATURES: "no feature map of that name and arithmetic in this firmware",
    FailureCode.UNKNOWN_PARAMETER: "the learner has no hyperparameter of that name",
    FailureCode.PARAMETER_RANGE: "hyperparameter outside the range that LIST states",
    FailureCode.CHANNELS: "channel list does not fit the feature map or the configured stream",
    FailureCode.ARENA_FULL: "the model does not fit into what is left of the arena",
    FailureCode.BANK_FULL: "the bank holds its largest number of models",
    FailureCode.NOT_CONFIGURED: "no stream has been configured",
    FailureCode.ROW_GAP: "rows are missing: first_row is beyond the next expected row",
    FailureCode.ROW_REPEAT: "rows come again: first_row is before the next expected row",
    FailureCode.UNKNOWN_MODEL: "no model with that handle",
    FailureCode.MEMORY_RANGE: "address and length reach outside the model's state",
    FailureCode.CHECKSUM: "the checksum of the data to load is wrong",
    FailureCode.CLASSES: "class labels do not fit: two different ones are needed",
    FailureCode.NOT_FINITE: "a value is NaN or infinite",
    FailureCode.MODE: "the learner, or the request, belongs to another mode than the configured one",
    FailureCode.DATA_FULL: "the data set does not fit into the data region",
    FailureCode.NO_DATA: "no data set has been opened, or it holds no rows, or it holds them all already",
    FailureCode.BIAS: "this learner takes no constant feature: it flew without, or has a bias of its own",
    FailureCode.ANSWER_SIZE: "the scores of one row do not fit into a packet",
    FailureCode.PROTECTION: "no such protection here, or the model is protected already; the number is what was asked for",
    FailureCode.STORAGE: "no storage for checkpoints, or they do not fit into it; the number is its bytes for one checkpoint",
    FailureCode.TRAINING_STOPPED: "the model's protection has stopped its training; the number is its handle",
    FailureCode.STREAM_ACTIVE: "models cannot be created once samples have been streamed: reset the bank first",
}
"""What each failure code means."""
