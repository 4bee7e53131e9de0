"""How the figures came about: list, grid, formulas with their sources, and what was run."""

from collections.abc import Iterator

from bench.campaign.against import Against
from bench.campaign.findings import Findings
from bench.report.markup import Html, prose, table, tag

_FORMULAS = (
    (
        "Injections for a margin",
        "n = N / (1 + e^2 (N - 1) / (t^2 p (1 - p))), p = 0.5, N = places x guest instructions",
        "Leveugle, Calvez, Maistri, Vanhauwaert, DATE 2009",
    ),
    ("Interval of a probability", "score interval", "Wilson, J. Am. Stat. Assoc. 22, 1927"),
    ("Exact interval", "quantiles of beta distributions", "Clopper, Pearson, Biometrika 26, 1934"),
    (
        "Interval of a weighted sum, and of a difference",
        "limits of the parts, joined by square-and-add",
        "Newcombe, Stat. Med. 17, 1998; Zou, Donner, Stat. Med. 27, 2008",
    ),
    ("Interval of a ratio", "Fieller's form of the same", "Donner, Zou, Stat. Methods Med. Res. 21, 2012"),
    (
        "Failures per device-day",
        "rate x sum over strata of bits x exposure x sum over kinds of upset of share x probability",
        "as a measure: Schirmeier, Borchert, Spinczyk, DSN 2015",
    ),
    ("Upsets in orbit", "4.04e-7 per bit and day; 98.6 % single bits", "Alsat-1: Bentoutou, 2011"),
)


def method(findings: Findings, against: Against | None) -> Iterator[Html]:
    """Facts, then formulas."""
    del against
    campaign, made = findings.campaign, findings.made
    golden = made.golden
    kinds = ", ".join(
        f"{kind.bits} bit{'s' if kind.bits > 1 else ''} {100 * kind.share:g} %" for kind in campaign.upsets
    )
    facts = {
        "fault list (SHA-256 of faults.jsonl)": made.sha256,
        "seed": str(campaign.seed),
        "golden run (SHA-256)": golden.digest,
        "window": f"{golden.instructions:,} guest instructions, {golden.samples:,} training steps",
        "time grid": f"{len(golden.instants):,} instants; one stands for the instructions up to the next",
        "kinds of upset": f"{kinds}; more than one: neighbours in one element",
        "benign": f"no model loses more than {campaign.benign_loss:g} of balanced accuracy",
        "confidence of intervals": f"{100 * campaign.confidence:.4g} %",
        "run again": f"{findings.repeated:,} of {len(made.repeats):,} chosen by the seed, all with the same outcome",
        **findings.facts,
    }
    yield table(
        ["", ""], ([name, prose(value)] for name, value in facts.items()), caption="This campaign", wide="facts"
    )
    text = (
        "Within a stratum and a kind of upset, (place, guest instruction) is drawn uniformly, without repetition. "
        "Upsets are taken as independent and so rare that no run sees two. The emulator counts instructions, not "
        "cycles: a bit that is live while the core waits for memory is live for longer on a board. Caches and "
        "pipelines are not hit. "
        "An outcome is never decided by a wall clock."
    )
    yield tag("p", prose(text))
    rows = [[name, prose(formula), source] for name, formula, source in _FORMULAS]
    yield table(["figure", "how", "source"], rows, caption="Formulas")
