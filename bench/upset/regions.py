"""What can be hit: the strata of a target with their places, from the ELF, the core's registers and the models."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.campaign.fault import STRATA, Format, Region
from bench.errors import ConfigurationError
from bench.gdb import Register
from bench.upset.image import Image, Section
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
_APART: Final = frozenset({".arena", ".data_region", ".checkpoints", *_STACKS})
"""Sections that are strata, or hold them, and no `globals`."""
_LINK_SYMBOLS: Final = ("received", "sending")
"""The ports' queues."""
_CORE_FEATURE: Final = ("m-profile", "arm.core")
_FP_FEATURE: Final = "vfp"
_WIRED: Final = frozenset({"fpsid"})
"""Registers that hold what the core is: nothing there can turn over."""


@dataclass(frozen=True)
class Known:
    """All that regions are made of."""

    image: Image
    models: Sequence[PlacedModel]
    registers: Mapping[str, Register]
    data_bytes: int


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
    for name in _LINK_SYMBOLS:
        symbol = known.image.symbols.get(name)
        if symbol is not None and symbol.size:
            yield Region("link", name, symbol.address, symbol.size, 8)


def _stack(known: Known) -> Iterator[Region]:
    for name in _STACKS:
        if name in known.image.sections:
            yield _whole("stack", known.image.sections[name])


def _code(known: Known) -> Iterator[Region]:
    for section in known.image.sections.values():
        if section.stored and not section.writable:
            yield _whole("code", section)


def _globals(known: Known) -> Iterator[Region]:
    """Writable sections without what is a stratum of its own."""
    taken = sorted(
        (symbol.address, symbol.address + symbol.size)
        for name, symbol in known.image.symbols.items()
        if name in _LINK_SYMBOLS
    )
    for section in known.image.sections.values():
        if not section.writable or section.name in _APART:
            continue
        start, part = section.address, 0
        end = section.address + section.size
        for low, high in [*taken, (end, end)]:
            if section.address <= low <= end and low > start:
                name = section.name if not part else f"{section.name}+{start - section.address:#x}"
                yield Region("globals", name, start, low - start, 8)
                part += 1
            if section.address <= low < end:
                start = high


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
}
