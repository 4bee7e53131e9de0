"""What every transport around another passes on unchanged."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from bench.transport.base import Transfer, Transport


class TransportAround:
    """Does what `inner` does. Those that do something else override it, and may be put around each other."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner

    @property
    def can_power_cycle(self) -> bool:
        return self.inner.can_power_cycle

    @property
    def line_bytes_per_s(self) -> float | None:
        return self.inner.line_bytes_per_s

    def open(self) -> None:
        self.inner.open()

    def transfer(self, data: bytes, timeout_s: float) -> Transfer:
        return self.inner.transfer(data, timeout_s)

    def power_cycle(self) -> None:
        self.inner.power_cycle()

    def describe(self) -> list[str]:
        return self.inner.describe()

    def close(self) -> None:
        self.inner.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
