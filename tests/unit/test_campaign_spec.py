"""Campaign files: strict, with the nearest names; and how many injections a margin needs."""

from pathlib import Path

import pytest

from bench.campaign.injector import find_opener
from bench.campaign.sample_size import margin_of, normal_quantile, sample_size
from bench.campaign.spec import ALSAT_1, Exposure, load_campaign
from bench.errors import ConfigurationError
from tests.unit.made_campaigns import campaign_text, write_campaign

WHOLE = campaign_text(strata=("weights",))


def test_what_is_left_out_has_the_documented_defaults(tmp_path: Path) -> None:
    campaign = write_campaign(tmp_path, WHOLE)
    assert campaign.reference_rate == ALSAT_1 == 4.04e-7
    assert campaign.upset_rates == (1e-8, 1e-7, 1e-6)
    assert (campaign.confidence, campaign.repeat_share, campaign.exposure) == (0.95, 0.02, Exposure(1.0))
    assert [(kind.bits, kind.share) for kind in campaign.upsets] == [(1, 1.0)]
    assert [(one.name, one.injections, one.margin, one.exposure) for one in campaign.strata] == [
        ("weights", 12, None, None)
    ]
    setup = campaign.setup()
    assert (setup.scenario.name, setup.target, setup.strata) == ("sun-sensor.toml", "qemu-zynq-a9", ("weights",))


@pytest.mark.parametrize(
    ("before", "after", "message", "hint"),
    [
        ('"weights"', '"weigths"', r"strata\[0\]\.name: is 'weigths', expected one of", "did you mean 'weights'"),
        ("seed =", "sed =", "seed: missing", "did you write 'sed' for 'seed'"),
        ("benign_loss", "begnin_loss", "begnin_loss: unknown key", "did you mean 'benign_loss'"),
        ('name = "toy"', 'name = "a b"', "name: is 'a b', expected 1 to 24 letters", "give it"),
        ("injections = 12", "injections = 12\nmargin = 0.1", "margin: stands beside injections", "not both"),
        ("injections = 12", "", r"strata\[0\]\.injections: missing", "give injections or margin"),
        ("injections = 12", "injections = 0", "injections: is 0, expected a value in", "give injections"),
        ("seed = 7", "seed = 7\nrepeat_share = 0.001", "repeat_share: is 0.001, expected a value in", "give"),
        ("seed = 7", "seed = 7\nupset_rates = [1e-6, 1e-8]", "upset_rates: is .* ascending numbers", "per bit and day"),
        ("seed = 7", "seed = 7\nexposure.share = 0.1\nexposure.runs_per_day = 3", "share: stands beside", "how often"),
        ("seed = 7", "seed = 7\nexposure.runs_per_day = 3", "assumed_instructions_per_s: missing", "or share"),
        ("seed = 7", "seed = 7\nexposure.assumed_instructions_per_s = 3", "runs_per_day: missing", "or share"),
        ("seed = 7", "seed = 7\nstrata = []\n[x]", "strata: is empty", r"add \[\[strata\]\]"),
        ("[[strata]]", "[[upsets]]\nbits = 1\nshare = 0.5\n[[strata]]", "shares add up to 0.5", "1 in all"),
        (
            "[[strata]]",
            "[[upsets]]\nbits = 1\nshare = 0.5\n[[upsets]]\nbits = 1\nshare = 0.5\n[[strata]]",
            "upsets: 1 stands there twice",
            "leave one",
        ),
        ("[[strata]]", '[[strata]]\nname = "weights"\n[[strata]]', "strata: 'weights' stands there twice", "leave one"),
    ],
)
def test_a_wrong_file_is_refused_by_key_with_the_way_out(
    tmp_path: Path, *, before: str, after: str, message: str, hint: str
) -> None:
    text = WHOLE.replace(before, after, 1)
    if "[x]" in text:
        text = text.partition("[x]")[0]
    with pytest.raises(ConfigurationError, match=message) as caught:
        write_campaign(tmp_path, text)
    assert hint.replace("\\", "") in caught.value.hint


def test_a_name_that_is_none_is_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "arow-upsets.toml").write_text(WHOLE)
    with pytest.raises(ConfigurationError, match="no campaign is named 'arow-upset'") as caught:
        load_campaign("arow-upset", tmp_path)
    assert "did you mean 'arow-upsets'?" in caught.value.hint
    assert load_campaign("arow-upsets", tmp_path).name == "toy"
    with pytest.raises(ConfigurationError, match="there is no runs/nowhere") as caught:
        load_campaign("runs/nowhere", tmp_path)
    assert "its folder" in caught.value.hint


def test_a_scenario_that_is_none_is_answered_with_the_nearest(tmp_path: Path) -> None:
    campaign = write_campaign(tmp_path, WHOLE.replace('"sun-sensor"', '"sun-senser"'))
    with pytest.raises(ConfigurationError, match="scenario: no scenario is named 'sun-senser'") as caught:
        campaign.setup()
    assert "did you mean 'sun-sensor'?" in caught.value.hint


def test_a_target_file_lies_beside_the_campaign(tmp_path: Path) -> None:
    campaign = write_campaign(tmp_path, WHOLE.replace("seed = 7", 'seed = 7\ntarget = "board.toml"'))
    with pytest.raises(ConfigurationError, match=f"{tmp_path}/board.toml: no such file"):
        campaign.setup()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bench.upset", "is not module:function"),
        ("bench.nowhere:open", "cannot be loaded: No module named 'bench.nowhere'"),
        ("bench.clock:open_injector", "cannot be loaded: module 'bench.clock' has no attribute"),
        ("bench.campaign.spec:ALSAT_1", "is no function"),
    ],
)
def test_an_injector_that_is_none_is_refused(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        find_opener(name)


def test_exposure_is_a_share_of_the_day_by_how_often_the_payload_trains() -> None:
    often = Exposure(None, runs_per_day=96, assumed_instructions_per_s=25e6)
    assert often.share_of_day(4_000_000) == pytest.approx(96 * 0.16 / 86_400)
    with pytest.raises(ConfigurationError, match=r"96 runs of 100000000000 instructions a day take 4\.44 days"):
        often.share_of_day(100_000_000_000)


@pytest.mark.parametrize(
    ("population", "margin", "confidence", "wanted"),
    [
        (10**12, 0.01, 0.95, 9604),  # Leveugle 2009, table I, where the population does not matter
        (10**12, 0.05, 0.95, 385),
        (10**12, 0.01, 0.99, 16588),
        (1000, 0.05, 0.95, 278),  # the textbook's finite population
        (10, 0.05, 0.95, 10),
        (1, 0.05, 0.95, 1),
    ],
)
def test_sample_sizes_are_those_of_leveugle(population: int, margin: float, confidence: float, wanted: int) -> None:
    found = sample_size(population, margin, confidence=confidence)
    assert found == wanted
    assert margin_of(found, population, confidence=confidence) <= margin
    if 1 < found < population:
        assert margin_of(found - 1, population, confidence=confidence) > margin


def test_the_quantile_is_the_two_sided_one() -> None:
    assert normal_quantile(0.95) == pytest.approx(1.959963984540054)
    assert normal_quantile(0.99) == pytest.approx(2.5758293035489004)


def test_an_amount_with_a_typo_is_named_first(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="injectons: unknown key") as caught:
        write_campaign(tmp_path, campaign_text().replace("injections =", "injectons ="))
    assert caught.value.hint == "did you mean 'injections'?"
