"""A payload whose models are protected, asked packet by packet."""

from __future__ import annotations

import os
import random
import signal
import struct

from bench.transport import Transport
from firmware_if.messages import (
    Completed,
    ConfigureStream,
    CreateModel,
    DumpMemory,
    EventId,
    FailureCode,
    FaultAction,
    Hyperparameter,
    InformativeEvent,
    LowSeverityEvent,
    MediumSeverityEvent,
    MemoryDump,
    Message,
    Mode,
    ModelCreated,
    ModelProtected,
    NotAccepted,
    ProtectionReport,
    ProtectModel,
    RequestProtection,
    Samples,
)
from tools.caller import Caller

SEED = 19720704
CHANNELS = 5
EVENTS = (InformativeEvent, LowSeverityEvent, MediumSeverityEvent)


def rows(first: int, count: int, *, seed: int = SEED) -> Samples:
    """Labels that follow the first two values, most of the time."""
    records = b""
    for row in range(first, first + count):
        draw = random.Random(seed + row)
        values = [draw.gauss(0, 1) for _ in range(CHANNELS)]
        label = 1 if values[0] + 0.5 * values[1] + draw.gauss(0, 0.4) > 0 else -1
        records += struct.pack(f">Ih{CHANNELS}f", row, label, *values)
    return Samples(first, records)


def create(learner: str, arithmetic: str, *given: tuple[str, float]) -> CreateModel:
    parameters = tuple(Hyperparameter(name, value) for name, value in given)
    return CreateModel(learner.replace("_", "-"), "identity", arithmetic, tuple(range(CHANNELS)), 0, parameters)


def events(answers: list[Message]) -> list[tuple[EventId, int]]:
    return [(EventId(answer.event), answer.number) for answer in answers if isinstance(answer, EVENTS)]


class Payload:
    """The payload of one test."""

    def __init__(self, line: Transport, *, resumed: bool = False) -> None:
        """`resumed`: it has models already."""
        self.pid = getattr(line, "pid", 0) or 0
        self.caller = Caller(line)
        if not resumed:
            self.done(ConfigureStream(CHANNELS, 0, (-1, 1), Mode.STREAM))

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def done(self, message: Message) -> list[Message]:
        answers = self.caller.ask(message)
        assert isinstance(answers[-1], Completed), answers[-1]
        return answers

    def refused(self, message: Message) -> tuple[FailureCode, int]:
        answer = self.caller.ask(message)[-1]
        assert isinstance(answer, NotAccepted), answer
        return FailureCode(answer.code), answer.number

    def create(self, request: CreateModel) -> ModelCreated:
        [created] = [answer for answer in self.done(request) if isinstance(answer, ModelCreated)]
        return created

    def protect(
        self, model: int, copies: int, checksum: int, *, action: FaultAction, bound: float = 0
    ) -> ModelProtected:
        request = ProtectModel(model, copies, checksum, int(bound > 0), bound, action)
        [answer] = [answer for answer in self.done(request) if isinstance(answer, ModelProtected)]
        return answer

    def dump(self, created: ModelCreated) -> tuple[bytes, list[tuple[EventId, int]]]:
        answers = self.done(DumpMemory(created.model, 1, 0, created.state_bytes))
        return b"".join(a.data for a in answers if isinstance(a, MemoryDump)), events(answers)

    def report(self) -> ProtectionReport:
        [report] = [a for a in self.done(RequestProtection()) if isinstance(a, ProtectionReport)]
        return report
