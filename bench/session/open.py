"""The transport that a target asks for."""

from pathlib import Path

from bench.errors import ConfigurationError
from bench.target import STORAGE_PLACE, ProcessSpec, QemuTransportSpec, SerialSpec, StorageSpec, Target
from bench.transport import Transport, make_process, make_qemu, make_serial


def make_transport(target: Target, elf: Path | None, *, storage: Path | None = None) -> Transport:
    """A closed transport to `target`; `elf` is what an emulator or a native process runs, None for a board.

    `storage` is a file in which a payload that the bench starts keeps its checkpoints, where the target says how.
    """
    if elf is None and not isinstance(target.transport, SerialSpec):
        raise ConfigurationError(
            f"{target.name} is started by the bench, but names no firmware", hint="add port or transport.firmware"
        )
    match target.transport:
        case QemuTransportSpec() as spec:
            return make_qemu(
                spec.binary,
                spec.machine,
                elf=elf or Path(),
                arguments=(*spec.arguments, *_storage_arguments(spec.storage, storage)),
                ready_s=spec.ready_s,
            )
        case ProcessSpec() as spec:
            arguments = (*spec.arguments, *_storage_arguments(spec.storage, storage))
            return make_process(elf or Path(), arguments=arguments, ready_s=spec.ready_s)
        case SerialSpec() as spec:
            return make_line(spec)


def _storage_arguments(spec: StorageSpec | None, storage: Path | None) -> list[str]:
    if spec is None or storage is None:
        return []
    return [argument.replace(STORAGE_PLACE, str(storage)) for argument in spec.arguments]


def make_line(spec: SerialSpec) -> Transport:
    """A closed transport to whatever is on that port."""
    return make_serial(spec.url or "", baud=spec.baud, dtr=spec.dtr, rts=spec.rts, reconnect_s=spec.reconnect_s)
