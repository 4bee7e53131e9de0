"""Where the parts of a structure lie, by what the compiler wrote for debuggers (DWARF)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile

_NAMES_OF_TYPES = {"DW_TAG_typedef", "DW_TAG_const_type", "DW_TAG_volatile_type"}
_MOST_DEEP = 3


def read_members(image: ELFFile, variable: str) -> Mapping[str, tuple[int, int]]:
    """Offset and size of each member of a variable that is a structure, such as `bank.protection`; {} if unknown."""
    if not image.has_dwarf_info():
        return {}
    for unit in image.get_dwarf_info().iter_CUs():
        for entry in unit.get_top_DIE().iter_children():
            if entry.tag == "DW_TAG_variable" and _name(entry) == variable and "DW_AT_type" in entry.attributes:
                return dict(_members(_type(entry), "", 0, deep=1))
    return {}


def _members(structure: DIE, prefix: str, start: int, *, deep: int) -> Iterator[tuple[str, tuple[int, int]]]:
    if structure.tag != "DW_TAG_structure_type" or deep > _MOST_DEEP:
        return
    for member in structure.iter_children():
        place = member.attributes.get("DW_AT_data_member_location")
        if member.tag != "DW_TAG_member" or place is None or not isinstance(place.value, int):
            continue
        kind, name, offset = _type(member), f"{prefix}{_name(member)}", start + place.value
        size = kind.attributes.get("DW_AT_byte_size")
        if size is not None:
            yield name, (offset, int(size.value))
        yield from _members(kind, f"{name}.", offset, deep=deep + 1)


def _type(entry: DIE) -> DIE:
    """Of a variable or member; a name of a type stands for that type."""
    kind = entry.get_DIE_from_attribute("DW_AT_type")
    while kind.tag in _NAMES_OF_TYPES and "DW_AT_type" in kind.attributes:
        kind = kind.get_DIE_from_attribute("DW_AT_type")
    return kind


def _name(entry: DIE) -> str:
    name = entry.attributes.get("DW_AT_name")
    return name.value.decode(errors="replace") if name is not None else ""
