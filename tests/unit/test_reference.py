"""Finding twins by name and training them on rows."""

import math

import pytest

from firmware_if.reference import (
    Reference,
    TwinError,
    divide,
    load_feature_map,
    load_learner,
    score_band,
    slack,
    square_root,
    tolerance,
)

ROW = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]


def model(learner: str = "rda", features: str = "identity", **hyperparameters: float) -> Reference:
    return Reference(learner, features, arithmetic="flight", channels=(0, 5), hyperparameters=hyperparameters)


def test_an_unknown_learner_names_the_nearest() -> None:
    with pytest.raises(TwinError, match="no learner is named 'arrow'") as caught:
        load_learner("arrow", arithmetic="flight")
    assert caught.value.hint == "did you mean arow?"


def test_an_unknown_feature_map_with_no_near_name_lists_all() -> None:
    with pytest.raises(TwinError, match="no feature map is named 'xxx'") as caught:
        load_feature_map("xxx", arithmetic="flight")
    assert "identity, orbitai-1d" in caught.value.hint


def test_an_arithmetic_that_a_twin_lacks_is_refused() -> None:
    with pytest.raises(TwinError, match="arow has no arithmetic 'flihgt'") as caught:
        load_learner("arow", arithmetic="flihgt")
    assert caught.value.hint == "did you mean flight?"


def test_an_unknown_hyperparameter_names_the_nearest() -> None:
    with pytest.raises(TwinError, match="rda has no hyperparameter 'lamda'") as caught:
        model(lamda=0.1)
    assert caught.value.hint == "did you mean lambda?"


@pytest.mark.parametrize("value", [0.0, -1.0, 2e6, math.nan, math.inf])
def test_a_hyperparameter_outside_its_limits_is_refused(value: float) -> None:
    with pytest.raises(TwinError, match=r"rda: eta = .* is outside 1e-06 to 1e\+06"):
        model(eta=value)


@pytest.mark.parametrize("value", [1e-6, 1e6])
def test_the_limits_themselves_are_allowed(value: float) -> None:
    assert model(eta=value).hyperparameters == {"eta": value, "lambda": 1e-6}


@pytest.mark.parametrize(
    ("features", "channels", "text"),
    [
        ("orbitai-1d", (), "orbitai-1d reads 1 channels, 0 given"),
        ("orbitai-5d", (1, 2), "orbitai-5d reads 5 channels, 2 given"),
        ("identity", (), "identity reads at least 1 channels, 0 given"),
    ],
)
def test_a_wrong_number_of_channels_is_refused(features: str, channels: tuple[int, ...], text: str) -> None:
    with pytest.raises(TwinError, match=text):
        Reference("arow", features, arithmetic="flight", channels=channels)


def test_a_map_of_too_many_features_is_refused() -> None:
    Reference("arow", "polynomial-2", arithmetic="f64", channels=range(43))  # 989 features
    with pytest.raises(TwinError, match="polynomial-2 of 44 channels has more than 1024 features"):
        Reference("arow", "polynomial-2", arithmetic="f64", channels=range(44))


def test_without_an_entry_every_bit_counts() -> None:
    module = load_learner("arow", arithmetic="f32")
    assert tolerance(module, "f64") == tolerance(module, "flight") == 0.0
    assert 0.0 < tolerance(module, "f32") < 1e-3


def test_a_score_band_grows_with_weights_and_features() -> None:
    assert score_band([0.5, -2.0], [3.0, -1.0], tolerance=1e-3) == (1e-3 + 4 * 2**-24) * 2.0 * 4.0
    assert score_band([0.0], [1.0], tolerance=1e-3) == 0.0


def test_a_feature_that_overflows_is_refused() -> None:
    square = Reference("arow", "orbitai-2d", arithmetic="flight", channels=(0,))
    with pytest.raises(TwinError, match=r"feature 1 of \[1e\+30\] is inf"):
        square.train([1e30], 1)


def test_a_label_is_one_of_two() -> None:
    with pytest.raises(TwinError, match="label 0 is neither"):
        model().train(ROW, 0)


def test_values_are_rounded_to_float32() -> None:
    assert model().features(ROW) == [0.10000000149011612, 0.6000000238418579]


def test_updates_count_the_samples_that_changed_the_model() -> None:
    reference = model(eta=1.0)
    changed = [reference.train(ROW, 1) for _ in range(50)]
    assert 0 < reference.updates == sum(changed) < 50
    assert reference.state()["timestep"] == reference.updates
    assert reference.predict(ROW) == 1


def test_a_tie_takes_the_learners_label() -> None:
    assert model().score(ROW) == 0.0
    assert model().predict(ROW) == -1


def test_a_loaded_model_continues() -> None:
    first, again = model(), model()
    first.train(ROW, 1)
    again.load(first.state(), updates=first.updates)
    assert again.train(ROW, -1) is first.train(ROW, -1)
    assert again.state() == first.state()
    assert again.updates == first.updates == 2


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"w": None}, "state holds h, g, timestep; rda has w, h, g, timestep"),
        ({"w": [0.0]}, "state array w has 1 values, the model 2"),
        ({"w": 3}, "state array w is 3, not one value per feature"),
        ({"timestep": [1.0]}, r"state array timestep is \[1.0\], not one whole number"),
    ],
)
def test_a_state_of_another_shape_is_refused(change: dict[str, list[float] | int | None], text: str) -> None:
    reference = model()
    state = {name: value for name, value in (reference.state() | change).items() if value is not None}
    with pytest.raises(TwinError, match=text):
        reference.load(state)


def test_a_learner_without_a_slack_of_its_own_has_that_of_the_hinge_loss() -> None:
    hinge, own = (
        load_learner(name, arithmetic="f64").Learner(2, "f64", {"C": 1.0, "eta": 0.5}) for name in ("pa-i", "scw")
    )
    for learner in (hinge, own):
        learner.load(learner.state() | {"w": [0.5, 0.0]})
    assert slack(hinge, [1.0, 1.0], -1) == 1.5
    assert slack(own, [1.0, 1.0], -1) == 0.5  # phi is 0 at eta = 1/2


@pytest.mark.parametrize(
    ("a", "b", "quotient"),
    [(1.0, 4.0, 0.25), (1.0, 0.0, math.inf), (1.0, -0.0, -math.inf), (-2.0, 0.0, -math.inf), (-1.0, -0.0, math.inf)],
)
def test_division_is_that_of_ieee_754(a: float, b: float, quotient: float) -> None:
    assert divide(a, b) == quotient


def test_what_ieee_754_leaves_undefined_is_nan() -> None:
    assert math.isnan(divide(0.0, 0.0))
    assert math.isnan(divide(math.nan, 0.0))
    assert math.isnan(square_root(-1.0))
    assert math.isnan(square_root(math.nan))
    assert (square_root(4.0), square_root(math.inf)) == (2.0, math.inf)
