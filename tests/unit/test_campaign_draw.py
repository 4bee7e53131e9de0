"""The list of faults: seeded, uniform over places and time, the same everywhere."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from scipy import stats

from bench.campaign.bit_class import bit_class
from bench.campaign.draw import draw_faults, draw_repeats, flips
from bench.campaign.fault import Flip, Golden, Region
from bench.campaign.fault_list import FAULTS, find_fault, list_bytes, load_list, make_list
from bench.campaign.spec import Campaign
from bench.errors import CampaignError, ConfigurationError
from tests.unit.made_campaigns import campaign_text, write_campaign

GOLDEN = Golden(
    digest="d" * 64,
    instructions=1000,
    instants=(0, 100, 400),
    regions=(
        Region("weights", "w", 0x20000000, 3, 32, "f32"),
        Region("weights", "v", 0x20000100, 1, 64, "f64"),
        Region("core_registers", "r4", 4, 1, 32, "integer", "register"),
    ),
    samples=10,
)
BOTH = ("weights", "core_registers")


def campaign_of(folder: Path, *, injections: int, strata: tuple[str, ...] = BOTH, more: str = "") -> Campaign:
    return write_campaign(folder, campaign_text(injections=injections, strata=strata, more=more))


def test_a_list_is_the_same_whenever_it_is_drawn_and_by_whom(tmp_path: Path) -> None:
    campaign = campaign_of(tmp_path, injections=50)
    made = make_list(campaign, GOLDEN)
    again = make_list(campaign, replace(GOLDEN, facts={"machine": "another"}))
    assert list_bytes(made) == list_bytes(again)
    # Golden: it must not change with the version of Python, of a library, or of the bench.
    assert made.sha256 == "74cb6be348d6c5408cf60aad10ed0d395e037e8a9400038a6bdbdeaa40a23891"
    assert make_list(replace(campaign, seed=8), GOLDEN).sha256 != made.sha256


def test_the_first_faults_stay_when_more_are_asked_for(tmp_path: Path) -> None:
    few = {fault.id: fault for fault in draw_faults(campaign_of(tmp_path, injections=20), GOLDEN)}
    many = {fault.id: fault for fault in draw_faults(campaign_of(tmp_path, injections=90), GOLDEN)}
    assert few.items() <= many.items()


def test_places_and_times_are_uniform(tmp_path: Path) -> None:
    count = 16_000
    faults = draw_faults(campaign_of(tmp_path, injections=count, strata=("weights",)), GOLDEN)
    bits = Counter((fault.region, fault.element, fault.bit) for fault in faults)
    assert len(bits) == 3 * 32 + 64
    assert stats.chisquare(list(bits.values())).pvalue > 1e-3
    times = Counter(fault.time for fault in faults)  # an instant stands for the instructions up to the next one
    shares = [times[0], times[100], times[400]]
    assert stats.chisquare(shares, [count * 0.1, count * 0.3, count * 0.6]).pvalue > 1e-3
    halves = Counter((fault.time, fault.bit % 2) for fault in faults)  # neither depends on the other
    assert stats.chi2_contingency([[halves[time, odd] for odd in (0, 1)] for time in GOLDEN.instants]).pvalue > 1e-3


def test_no_place_and_instruction_is_drawn_twice_and_all_can_be(tmp_path: Path) -> None:
    golden = replace(GOLDEN, instructions=3, instants=(0, 1, 2), regions=(Region("link", "a", 0, 1, 8),))
    faults = draw_faults(campaign_of(tmp_path, injections=1000, strata=("link",)), golden)
    assert {(fault.bit, fault.time) for fault in faults} == {(bit, time) for bit in range(8) for time in range(3)}
    assert len(faults) == 24


def test_the_order_of_work_is_random_over_strata(tmp_path: Path) -> None:
    faults = draw_faults(campaign_of(tmp_path, injections=200), GOLDEN)
    first = Counter(fault.stratum for fault in faults[:100])
    assert 25 < first["weights"] < 75


def test_kinds_of_upset_get_their_share_and_lie_in_one_element(tmp_path: Path) -> None:
    more = "[[upsets]]\nbits = 1\nshare = 0.9\n[[upsets]]\nbits = 3\nshare = 0.1\n"
    faults = draw_faults(campaign_of(tmp_path, injections=200, more=more), GOLDEN)
    counts = Counter((fault.stratum, len(fault.flips)) for fault in faults)
    assert counts == {("weights", 1): 180, ("weights", 3): 20, ("core_registers", 1): 180, ("core_registers", 3): 20}
    for fault in faults:
        size = 64 if fault.region == "v" else 32
        assert 0 <= fault.bit <= size - len(fault.flips)
        if fault.stratum == "weights":
            start = {"w": 0x20000000, "v": 0x20000100}[fault.region] + fault.element * size // 8
            assert all(start <= flip.address < start + size // 8 and 0 <= flip.bit < 8 for flip in fault.flips)


def test_bits_of_an_element_are_counted_from_the_least_significant_byte() -> None:
    w, _, r4 = GOLDEN.regions
    assert list(flips(w, 2, 31, bits=1)) == [Flip("memory", 0x2000000B, 7)]
    assert list(flips(w, 0, 7, bits=2)) == [Flip("memory", 0x20000000, 7), Flip("memory", 0x20000001, 0)]
    assert list(flips(r4, 0, 31, bits=1)) == [Flip("register", 4, 31)]


@pytest.mark.parametrize(
    ("format_", "size", "classes"),
    [
        ("f32", 32, {31: "sign", 30: "exponent", 23: "exponent", 22: "mantissa high", 12: "mantissa high", 11: "mantissa low", 0: "mantissa low"}),  # noqa: E501 - one format, one line
        ("f64", 64, {63: "sign", 62: "exponent", 52: "exponent", 51: "mantissa high", 26: "mantissa high", 25: "mantissa low"}),  # noqa: E501 - as above
        ("integer", 32, {31: "integer high", 16: "integer high", 15: "integer low"}),
        ("raw", 8, {7: "raw", 0: "raw"}),
    ],
)  # fmt: skip
def test_bit_classes_are_those_of_ieee_754(format_: str, size: int, classes: dict[int, str]) -> None:
    region = Region("weights", "x", 0, 1, size, format_)  # type: ignore[arg-type] # one of its formats
    assert {bit: bit_class(region, bit) for bit in classes} == classes


def test_one_to_two_percent_and_at_least_one_are_repeated(tmp_path: Path) -> None:
    campaign = campaign_of(tmp_path, injections=500)
    faults = draw_faults(campaign, GOLDEN)
    assert len(draw_repeats(faults, campaign)) == 20
    assert len(draw_repeats(faults[:3], campaign)) == 1
    assert draw_repeats(faults, replace(campaign, seed=9)) != draw_repeats(faults, campaign)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"instants": ()}, "the time grid of 0 instants does not lie in 1000 instructions"),
        ({"instants": (5, 6)}, "the time grid of 2 instants"),
        ({"instants": (0, 5, 5)}, "the time grid of 3 instants"),
        ({"instants": (0, 1000)}, "the time grid of 2 instants"),
        ({"regions": (GOLDEN.regions[0], GOLDEN.regions[0])}, "two regions are called 'w'"),
        ({"regions": (Region("weights", "x", 0, 0, 32),)}, "region 'x' of stratum 'weights' is none"),
        ({"regions": (Region("weights", "x", 0, 1, 12),)}, "region 'x' of stratum 'weights' is none"),
        ({"regions": (Region("wieghts", "x", 0, 1, 8),)}, "region 'x' of stratum 'wieghts' is none"),
    ],
)
def test_a_golden_run_that_is_none_is_refused(tmp_path: Path, *, change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the golden run is not usable: {message}"):
        draw_faults(campaign_of(tmp_path, injections=1), replace(GOLDEN, **change))  # type: ignore[arg-type]


def test_a_stratum_that_the_target_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="have nothing in stratum 'covariance'") as caught:
        draw_faults(campaign_of(tmp_path, injections=1, strata=("covariance",)), GOLDEN)
    assert caught.value.hint == "leave it out; there is weights, core_registers"


def test_an_upset_that_is_wider_than_every_element_is_refused(tmp_path: Path) -> None:
    golden = replace(GOLDEN, regions=(Region("fp_registers", "flag", 26, 1, 4, "raw", "register"),))
    more = "[[upsets]]\nbits = 5\nshare = 1.0\n"
    with pytest.raises(ConfigurationError, match="no element of stratum 'fp_registers' has 5 bits"):
        draw_faults(campaign_of(tmp_path, injections=1, strata=("fp_registers",), more=more), golden)


def test_a_margin_gives_the_sample_size_of_each_stratum(tmp_path: Path) -> None:
    text = campaign_text(strata=BOTH).replace("injections = 12", "margin = 0.05")
    faults = draw_faults(write_campaign(tmp_path, text), GOLDEN)
    # N = 160 x 1000 and 32 x 1000 (Leveugle): 384.16 / (1 + 383.16 / N), rounded up.
    assert Counter(fault.stratum for fault in faults) == {"weights": 384, "core_registers": 380}


def test_a_list_survives_its_file_and_a_fault_is_found_by_its_id(tmp_path: Path) -> None:
    made = make_list(campaign_of(tmp_path, injections=30), GOLDEN)
    (tmp_path / FAULTS).write_bytes(list_bytes(made))
    assert load_list(tmp_path / FAULTS) == made
    assert find_fault(made, "weights.1.7").id == "weights.1.7"
    with pytest.raises(ConfigurationError, match=r"no fault of this list has the id 'weights\.7'"):
        find_fault(made, "weights.7")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"format":1', '"format":2', "is no fault list: written in format 2"),
        ('"faults":60', '"faults":61', "is no fault list: 60 of 61 faults are there"),
        ('"id":"weights.1.7"', '"id":"weights.1.8"', "is no fault list: an id stands there twice"),
        ('"region":"w"', '"region":"r4"', "is no fault list: fault .* does not lie in region 'r4'"),
        ('"instants":[0', '"instants":[1', "is no fault list: the golden run is not usable"),
        ("{", "[", "is no fault list: "),
    ],
)
def test_a_changed_list_is_refused(tmp_path: Path, *, before: str, after: str, message: str) -> None:
    made = make_list(campaign_of(tmp_path, injections=30), GOLDEN)
    (tmp_path / FAULTS).write_bytes(list_bytes(made).replace(before.encode(), after.encode(), 1))
    with pytest.raises(CampaignError, match=message):
        load_list(tmp_path / FAULTS)


def test_a_cut_or_absent_list_is_refused(tmp_path: Path) -> None:
    made = make_list(campaign_of(tmp_path, injections=30), GOLDEN)
    (tmp_path / FAULTS).write_bytes(list_bytes(made)[:-1])
    with pytest.raises(CampaignError, match="is no fault list: 60 of 60 faults are there"):
        load_list(tmp_path / FAULTS)
    with pytest.raises(CampaignError, match="nowhere cannot be read: No such file"):
        load_list(tmp_path / "nowhere")


def test_a_file_that_no_list_is_as_large_as_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / FAULTS).open("wb") as file:
        file.truncate((1 << 32) + 1)  # a hole
    with pytest.raises(CampaignError, match="is too large for a fault list"):
        load_list(tmp_path / FAULTS)
