"""Which bits matter: by parameter, and by what the bit means to the number."""

from collections.abc import Iterator

from bench.campaign.against import Against
from bench.campaign.bit_class import BIT_CLASSES
from bench.campaign.findings import Findings
from bench.campaign.outcome import FAILURE
from bench.campaign.report.words import interval, percent, share_bar
from bench.report.markup import Html, breakable, table, tag

_MOST_ROWS = 200


def vulnerable(findings: Findings, against: Against | None) -> Iterator[Html]:
    """A row for each parameter, register or symbol, a column for each class of bits."""
    del against
    found = {(one.region, one.bit_class): one for one in findings.vulnerabilities}
    regions = list(dict.fromkeys(one.region for one in findings.vulnerabilities))
    classes = [name for name in BIT_CLASSES if any((region, name) in found for region in regions)]
    strata = {one.region: one.stratum for one in findings.vulnerabilities}
    rows = []
    for region in regions[:_MOST_ROWS]:
        cells: list[str] = [tag("span", breakable(region), tag("span", strata[region], class_="because"))]
        for name in classes:
            one = found.get((region, name))
            if one is None:
                cells.append(Html("\N{EN DASH}"))
                continue
            share = one.kinds[FAILURE]
            said = f"{one.counts[FAILURE]} of {one.injections}: {interval(share, shares=True)}"
            cells.append(tag("span", percent(share.value), share_bar(share, 1.0), tag("span", said, class_="because")))
        rows.append(cells)
    confidence = f"{100 * findings.campaign.confidence:.4g} %"
    caption = (
        f"Share of single-bit upsets that are failures, with Wilson's {confidence} interval. Few injections say "
        "little: read the interval."
    )
    if rows:
        yield table(["", *classes], rows, caption=caption, wide="bits")
    if len(regions) > _MOST_ROWS:
        yield tag("p", f"{len(regions) - _MOST_ROWS:,} more are in report.json.", class_="more")
