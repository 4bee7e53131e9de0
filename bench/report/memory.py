"""Where the memory went: sections to scale, peaks in them, the largest symbols."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bench.measure.memory import RAM_SECTIONS, SECTIONS
from bench.report.data import RunData
from bench.report.figures import byte_count
from bench.report.markup import Html, breakable, join, table, tag
from bench.report.plot import figure

_FLASH: Final = ("text", "rodata", "data")
"""What a ROM holds: code, constants, and the first values of data."""
_PEAKS: Final = {
    "stack": "stack_peak_bytes",
    "handler_stack": "handler_stack_peak_bytes",
    "arena": "arena_used_bytes",
    "data_region": "data_used_bytes",
}
_SYMBOLS: Final = 16
_MOST_SECTIONS: Final = 40
_COLORS: Final = {name: f"s{index}" for index, name in enumerate(SECTIONS)}


def memory(data: RunData) -> Iterator[Html]:
    """Peaks, the regions of the target, every section and the largest symbols, as far as the run knows them."""
    sizes = {name: value for name in SECTIONS if (value := data.value(f"memory.{name}_bytes")) is not None}
    if not sizes:
        yield tag("p", "The run holds no section table of the firmware, and the payload reported no memory.")
        return
    yield from _peaks(data, sizes)
    target = data.run.files.target.memory
    regions: list[tuple[str, int | None, Mapping[str, float]]] = [
        ("RAM", target.ram_bytes, {name: sizes[name] for name in RAM_SECTIONS if name in sizes}),
        ("Flash", target.flash_bytes, {name: sizes[name] for name in _FLASH if name in sizes}),
    ]
    drawn = [_region(name, total, parts) for name, total, parts in regions if parts]
    caption = (
        "Reserved memory to scale; where the target file states no size, or less as some of it lies elsewhere, the "
        "whole is what is reserved. Sections from the ELF, for arena and stacks as the payload declares them. "
        "Code that a port runs from RAM is not in the RAM."
    )
    yield figure(join(drawn), caption, title="Memory map")
    yield _sections(data, sizes)
    yield from _symbols(data)


def _peaks(data: RunData, sizes: Mapping[str, float]) -> Iterator[Html]:
    rows = []
    for name, peak in _PEAKS.items():
        size, used = sizes.get(name), data.value(f"memory.{peak}")
        if size and used is not None and math.isfinite(used):
            share = used / size
            bar = _stack([("used", share)], f"{name}: {used:,.0f} of {size:,.0f} bytes used at its peak")
            rows.append((name, f"{used:,.0f}", f"{size:,.0f}", f"{100 * share:.1f} %", bar))
    if rows:
        caption = "Highest use in the run (housekeeping of the payload) of what is reserved, in bytes"
        yield table(("region", "peak", "of", "used", ""), rows, caption=caption, numbers=(1, 2, 3), wide="bars")


def _region(name: str, total: int | None, parts: Mapping[str, float]) -> Html:
    used = sum(parts.values())
    whole = max(total or 0, used) or 1
    of = f"{used:,.0f} bytes reserved"
    if total:
        of += f" of {total:,} ({100 * used / total:.1f} %)" if used <= total else f"; {total:,} in the target's file"
    shares = [(_COLORS[part], size / whole) for part, size in parts.items()]
    keys = (
        tag(
            "li",
            tag("span", Html(""), class_=f"key {_COLORS[part]} box", aria_hidden="true"),
            f" {part} {byte_count(size)}",
        )
        for part, size in parts.items()
        if size
    )
    title = f"{name}: " + ", ".join(f"{part} {size:,.0f} bytes" for part, size in parts.items())
    return tag(
        "div",
        tag("h4", f"{name} ", tag("span", of, class_="value")),
        _stack(shares, title),
        tag("ul", *keys, class_="legend"),
    )


def _stack(shares: Sequence[tuple[str, float]], title: str) -> Html:
    """Parts of a whole side by side; what is there is at least a hair wide."""
    place, parts = 0.0, []
    for class_, share in shares:
        width = min(max(100 * share, 0.15 if share > 0 else 0.0), max(0.0, 100 - place))
        parts.append(
            tag("rect", class_=f"fill {class_}", x=f"{place:.3f}%", y="0", width=f"{width:.3f}%", height="100%")
        )
        place += width
    free = tag("rect", class_="free", x="0", y="0", width="100%", height="100%")
    return tag("svg", tag("title", title), free, *parts, class_="stack", width="100%", height="22", role="img")


def _sections(data: RunData, sizes: Mapping[str, float]) -> Html:
    firmware = data.run.files.firmware
    known = {f".{name}": size for name, size in sizes.items()}
    known |= {name: float(size) for name, size in (firmware.sections.items() if firmware else ())}
    ordered = sorted(known.items(), key=lambda item: -item[1])
    largest = math.log2(1 + max(ordered[0][1], 1))
    rows = [
        (
            name,
            f"{size:,.0f}",
            _stack(
                [(_COLORS.get(name.removeprefix("."), "s7"), math.log2(1 + max(size, 0)) / largest)],
                f"{name}, logarithmic",
            ),
        )
        for name, size in ordered[:_MOST_SECTIONS]
    ]
    caption = "Sections by size; the bars are logarithmic, so that small ones are seen"
    content = table(("section", "bytes", ""), rows, caption=caption, numbers=(1,), wide="bars")
    return tag("details", tag("summary", f"{len(ordered)} sections"), content)


def _symbols(data: RunData) -> Iterator[Html]:
    firmware = data.run.files.firmware
    if firmware is None or not firmware.symbols:
        return
    found = [(size, name, section) for section, members in firmware.symbols.items() for name, size in members.items()]
    found.sort(key=lambda item: (-item[0], item[1]))
    rows = [(breakable(name), section, f"{size:,}") for size, name, section in found[:_SYMBOLS]]
    rest = found[_SYMBOLS:]
    if rest:
        rows.append((Html(f"{len(rest):,} more"), "", f"{sum(size for size, _, _ in rest):,}"))
    caption = "Largest functions and objects of the ELF, in bytes; a static one is named with its file"
    content = table(("symbol", "section", "bytes"), rows, caption=caption, numbers=(2,))
    yield tag("details", tag("summary", f"{len(found):,} symbols"), content)
