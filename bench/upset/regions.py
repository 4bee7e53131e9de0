"""What can be hit: the strata of a target with their places, from the ELF, the core's registers and the models."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.campaign.fault import STRATA, Format, Region
from bench.errors import ConfigurationError
from bench.gdb import Register
from bench.upset.image import SERVICE, Image, Section
from bench.upset.kept import STORAGE
from bench.upset.readout import PlacedModel
from firmware_if.messages import ArrayType

_WEIGHTS: Final = frozenset({"w", "b"})
_COVARIANCES: Final = frozenset({"cov"})
_FORMATS: Final[Mapping[ArrayType, tuple[Format, int]]] = {
    ArrayType.F32: ("f32", 32),
    ArrayType.F64: ("f64", 64),
    ArrayType.U32: ("integer", 32),
}
_STACKS: Final = (".stack", ".handler_stack")
_LINK_SYMBOLS: Final = ("received", "sending")
"""The ports' queues."""
_LINK_MEMBERS: Final = ("link",)
_GUARD_SYMBOLS: Final = ("watched", "mark")
"""Of the ports: who is watched, and whether it has forced a start."""
_GUARD_MEMBERS: Final = ("bank.protection", "checkpoints")
"""Of the variable `service`."""
_CORE_FEATURE: Final = ("m-profile", "arm.core")
_FP_FEATURE: Final = "vfp"
_WIRED: Final = frozenset({"fpsid"})
"""Registers that hold what the core is: nothing there can turn over."""


@dataclass(frozen=True)
class Guard:
    """A protected model's part of the arena: first what is known of it, then so many copies of the model's memory."""

    model: str
    address: int
    size: int
    copies: int
    copy_bytes: int


@dataclass(frozen=True)
class Known:
    """All that regions are made of."""

    image: Image
    models: Sequence[PlacedModel]
    registers: Mapping[str, Register]
    data_bytes: int
    """Of the data region, in use."""
    arena_bytes: int
    """Of the arena, in use."""
    guards: Sequence[Guard] = ()
    records: Sequence[tuple[int, int]] = ()
    """Address and size of each checkpoint; none: no checkpoints are kept."""

    @property
    def protects(self) -> bool:
        """Something guards itself. Where nothing does, the protections' variables are as any other."""
        return bool(self.guards or self.records)


def list_regions(known: Known, strata: Sequence[str] = tuple(STRATA)) -> tuple[Region, ...]:
    """The regions of `strata`, in the order of STRATA; raises ConfigurationError for one that the target lacks."""
    found: list[Region] = []
    for stratum in STRATA:
        if stratum in strata:
            regions = tuple(_FINDERS[stratum](known)) if stratum in _FINDERS else ()
            if not regions:
                raise ConfigurationError(
                    f"the target has nothing of the stratum {stratum!r}: {STRATA[stratum]}",
                    hint=f"leave it out; there are: {', '.join(available(known))}",
                )
            found += regions
    return tuple(found)


def available(known: Known) -> tuple[str, ...]:
    """Strata that the target has."""
    return tuple(stratum for stratum in STRATA if stratum in _FINDERS and any(_FINDERS[stratum](known)))


def _arrays(stratum: str) -> Callable[[Known], Iterator[Region]]:
    def find(known: Known) -> Iterator[Region]:
        for model in known.models:
            for place in model.created.arrays:
                if _stratum_of(place.name) == stratum and place.count:
                    form, bits = _FORMATS[ArrayType(place.type)]
                    name = f"{model.name}.{place.name}"
                    yield Region(stratum, name, model.address + place.offset, place.count, bits, form)

    return find


def _stratum_of(array: str) -> str:
    return "weights" if array in _WEIGHTS else "covariance" if array in _COVARIANCES else "optimizer"


def _data(known: Known) -> Iterator[Region]:
    section = known.image.sections.get(".data_region")
    if section is not None and known.data_bytes:
        yield Region("data", section.name, section.address, min(known.data_bytes, section.size), 8)


def _link(known: Known) -> Iterator[Region]:
    yield from _symbols(known, "link", _LINK_SYMBOLS)
    yield from _service(known, "link", _LINK_MEMBERS)


def _protectors(known: Known) -> Iterator[Region]:
    if not known.protects:
        return
    for guard in known.guards:
        front = guard.size - guard.copies * guard.copy_bytes
        yield Region("protectors", f"{guard.model}.guard", guard.address, front, 8)
        for copy in range(guard.copies):
            start = guard.address + front + copy * guard.copy_bytes
            yield Region("protectors", f"{guard.model}.copy{copy + 2}", start, guard.copy_bytes, 8)
    yield from _symbols(known, "protectors", _GUARD_SYMBOLS)
    yield from _service(known, "protectors", _GUARD_MEMBERS)


def _checkpoints(known: Known) -> Iterator[Region]:
    for number, (address, size) in enumerate(known.records):
        yield Region("checkpoints", f"checkpoint{number}", address, size, 8)


def _symbols(known: Known, stratum: str, names: Sequence[str]) -> Iterator[Region]:
    for name in names:
        symbol = known.image.symbols.get(name)
        if symbol is not None and symbol.size:
            yield Region(stratum, name, symbol.address, symbol.size, 8)


def _service(known: Known, stratum: str, members: Sequence[str]) -> Iterator[Region]:
    service = known.image.symbols.get(SERVICE)
    for member in members if service is not None else ():
        if service is not None and member in known.image.service:
            offset, size = known.image.service[member]
            yield Region(stratum, f"{SERVICE}.{member}", service.address + offset, size, 8)


def _stack(known: Known) -> Iterator[Region]:
    for name in _STACKS:
        if name in known.image.sections:
            yield _whole("stack", known.image.sections[name])


def _code(known: Known) -> Iterator[Region]:
    for section in known.image.sections.values():
        if section.stored and not section.writable:
            yield _whole("code", section)


def _globals(known: Known) -> Iterator[Region]:
    """What is written to, is in use, and is of no other stratum."""
    taken = [
        (region.address, region.address + region.bits // 8)
        for stratum, find in _FINDERS.items()
        if stratum != "globals"
        for region in find(known)
        if region.space == "memory"
    ]
    taken = sorted([*taken, *unused(known)])
    for section in known.image.sections.values():
        if section.writable:
            for start, end in _gaps(section.address, section.address + section.size, taken):
                beyond = f"+{start - section.address:#x}" if start > section.address else ""
                yield Region("globals", f"{section.name}{beyond}", start, end - start, 8)


def unused(known: Known) -> list[tuple[int, int]]:
    """Memory that holds nothing: first and last address but one. An upset there does no harm, and is not made."""
    sections, found = known.image.sections, []
    for name, count in ((".arena", known.arena_bytes), (".data_region", known.data_bytes)):
        if name in sections:
            section = sections[name]
            found.append((section.address + min(count, section.size), section.address + section.size))
    storage = known.image.symbols.get(STORAGE)
    if storage is not None:
        records = sorted((address, address + size) for address, size in known.records)
        found += _gaps(storage.address, storage.address + storage.size, records)
    return [(start, end) for start, end in found if start < end]


def _gaps(start: int, end: int, taken: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What of [start, end) none of `taken` has, which are in order."""
    for low, high in taken:
        if high > start and low < end:
            if low > start:
                yield start, low
            start = max(start, high)
    if start < end:
        yield start, end


def _whole(stratum: str, section: Section) -> Region:
    return Region(stratum, section.name, section.address, section.size, 8)


def _core(known: Known) -> Iterator[Region]:
    for register in known.registers.values():
        if any(word in register.feature for word in _CORE_FEATURE) and register.bits == 32:  # noqa: PLR2004
            yield _register("core_registers", register)


def _fp(known: Known) -> Iterator[Region]:
    for register in known.registers.values():
        fitting = register.bits in (32, 64) and register.name[:1] in "df" and register.name not in _WIRED
        if _FP_FEATURE in register.feature and fitting:
            yield _register("fp_registers", register)


def _register(stratum: str, register: Register) -> Region:
    return Region(stratum, register.name, register.number, 1, register.bits, "raw", "register")


_FINDERS: Final[Mapping[str, Callable[[Known], Iterator[Region]]]] = {
    "weights": _arrays("weights"),
    "optimizer": _arrays("optimizer"),
    "covariance": _arrays("covariance"),
    "data": _data,
    "link": _link,
    "stack": _stack,
    "code": _code,
    "globals": _globals,
    "core_registers": _core,
    "fp_registers": _fp,
    "checkpoints": _checkpoints,
    "protectors": _protectors,
}
