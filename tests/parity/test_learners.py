"""Every learner in C against its Python twin, bit for bit, on random data."""

import random

import pytest

from firmware_if.reference import (
    BatchLearner,
    Learner,
    LearnerModule,
    State,
    learner_modules,
    predicted_label,
    trains_in_batches,
)
from tests.parity.native import WHOLE, Native, NativeModel, bits

ROWS = 400
SEED = 20210416
EXACT = ("flight", "f64")  # one rounding per operation on both sides; f32 may be contracted
LEARNERS = [
    (name, arithmetic)
    for name, module in sorted(learner_modules().items())
    for arithmetic in module.ARITHMETICS
    if arithmetic in EXACT and not trains_in_batches(module)
]
ORDINARY, SPARSE, TINY, HUGE, MIXED = "ordinary", "sparse", "tiny", "huge", "mixed"


def random_value(rng: random.Random, kind: str) -> float:
    """A finite value; sizes span what float32 holds, tiny ones reach denormals."""
    if kind == MIXED:
        kind = rng.choice((ORDINARY, SPARSE, TINY, HUGE))
    if kind == SPARSE and rng.random() < 0.5:
        return rng.choice((0.0, -0.0))
    exponent = {TINY: rng.uniform(-45, -20), HUGE: rng.uniform(5, 38)}.get(kind, rng.uniform(-2, 1))
    return float(rng.choice((-1.0, 1.0)) * 10.0**exponent)


def parameters(module: LearnerModule, rng: random.Random, *, initial: bool) -> dict[str, float]:
    if initial:
        return {name: value for name, (value, _, _) in module.PARAMETERS.items()}
    return {name: rng.uniform(low, min(high, low + 2.0)) for name, (_, low, high) in module.PARAMETERS.items()}


@pytest.mark.parametrize("kind", [ORDINARY, SPARSE, TINY, HUGE, MIXED])
@pytest.mark.parametrize(("name", "arithmetic"), LEARNERS)
def test_c_equals_its_twin_on_random_rows(native: Native, name: str, arithmetic: str, kind: str) -> None:
    module = learner_modules()[name]
    rng = random.Random(f"{SEED} {name} {kind}")
    rows = updates = 0
    for dimension in (1, 2, 3, 5, 8, 17, 32):
        chosen = parameters(module, rng, initial=dimension in (1, 3))
        twin = module.Learner(dimension, arithmetic, chosen)
        model = NativeModel(native.learners[name, arithmetic], dimension, chosen)
        assert bits(model.state()) == bits(twin.state())
        for row in range(ROWS):
            x = [random_value(rng, kind) for _ in range(dimension)]
            label = rng.choice((-1, 1))
            where = f"seed {SEED}, {native.compiler}, dimension {dimension}, row {row}, x {x}"
            assert bits([model.score(x)]) == bits([twin.score(x)]), where
            changed = twin.train(x, label)
            assert model.train(x, label) is changed, where
            assert bits(model.state()) == bits(twin.state()), where
            rows += 1
            updates += changed
    assert updates > 0
    print(f"{name} {arithmetic}, {kind}: {rows} rows, {updates} updates bit-identical ({native.compiler})")


@pytest.mark.parametrize(("name", "arithmetic"), LEARNERS)
def test_c_equals_its_twin_where_comparisons_meet_equality(native: Native, name: str, arithmetic: str) -> None:
    """Weights, features and hyperparameters are multiples of 1/4: scores of exactly 0 and margins of exactly 1."""
    module = learner_modules()[name]
    rng = random.Random(SEED)
    quarters = [i / 4 for i in range(-8, 9)]
    met = dict.fromkeys((-1.0, 0.0, 1.0), 0)
    for _ in range(500):
        chosen = {key: min(max(rng.choice(quarters), low), high) for key, (_, low, high) in module.PARAMETERS.items()}
        twin = module.Learner(2, arithmetic, chosen)
        model = NativeModel(native.learners[name, arithmetic], 2, chosen)
        state = twin.state() | {"w": rng.choices(quarters, k=2)}
        twin.load(state)
        model.load(state)
        for _ in range(8):
            x = rng.choices(quarters, k=2)
            label = rng.choice((-1, 1))
            met |= {score: count + 1 for score, count in met.items() if twin.score(x) == score}
            assert model.train(x, label) is twin.train(x, label), f"seed {SEED}, {chosen}, {state}, {x}"
            assert bits(model.state()) == bits(twin.state()), f"seed {SEED}, {chosen}, {state}, {x}"
    assert min(met.values()) > 0
    print(f"{name} {arithmetic}: 4000 rows bit-identical, {met[0.0]} scores of exactly 0 ({native.compiler})")


@pytest.mark.parametrize(("name", "arithmetic"), LEARNERS)
def test_a_loaded_state_continues_as_if_never_interrupted(native: Native, name: str, arithmetic: str) -> None:
    module = learner_modules()[name]
    rng = random.Random(SEED)
    chosen = parameters(module, rng, initial=True)

    def models() -> list[NativeModel]:
        return [NativeModel(native.learners[name, arithmetic], 5, chosen) for _ in range(2)]

    through, first = models()
    again = models()[0]
    twin_again = module.Learner(5, arithmetic, chosen)
    rows = [([random_value(rng, SPARSE) for _ in range(5)], rng.choice((-1, 1))) for _ in range(200)]
    for x, label in rows[:120]:
        through.train(x, label)
        first.train(x, label)
    again.load(first.state())
    twin_again.load(first.state())
    for x, label in rows[120:]:
        through.train(x, label)
        again.train(x, label)
        twin_again.train(x, label)
    assert bits(again.state()) == bits(through.state()) == bits(twin_again.state())
    print(f"{name} {arithmetic}: load after 120 of 200 rows equals an uninterrupted run ({native.compiler})")


@pytest.mark.parametrize("name", sorted({name for name, _ in LEARNERS}))
def test_a_state_is_a_copy(name: str) -> None:
    module = learner_modules()[name]
    twin = module.Learner(2, module.ARITHMETICS[0], parameters(module, random.Random(SEED), initial=True))
    before = twin.state()
    loaded: State = twin.state()
    twin.load(loaded)
    twin.train([1.0, 2.0], 1)
    assert bits(loaded) == bits(before)
    assert bits(twin.state()) != bits(before)


def test_tables_in_c_and_python_agree(native: Native) -> None:
    for (name, arithmetic), learner in native.learners.items():
        module = learner_modules()[name]
        table = [learner.parameters[i] for i in range(learner.parameter_count)]
        assert {p.name.decode(): (p.initial, p.minimum, p.maximum) for p in table} == dict(module.PARAMETERS)
        assert [p.name.decode() for p in table] == list(module.PARAMETERS)
        assert [p.kind == WHOLE for p in table] == [isinstance(p[0], int) for p in module.PARAMETERS.values()]
        assert learner.tie == module.TIE
        initial = {p.name.decode(): p.initial for p in table}
        if trains_in_batches(module):
            twin: Learner | BatchLearner = module.BatchLearner(3, 1, arithmetic, initial)
        else:
            twin = module.Learner(3, arithmetic, initial)
        assert [learner.arrays[i].name.decode() for i in range(learner.array_count)] == list(twin.state())
    print(f"{len(native.learners)} learners: names, limits, state arrays and tie labels agree")


@pytest.mark.parametrize(
    ("score", "tie", "label"), [(0.0, -1, -1), (0.0, 1, 1), (-0.0, 1, 1), (1e-300, -1, 1), (-1e-300, 1, -1)]
)
def test_a_score_of_zero_takes_the_tie_label(score: float, tie: int, label: int) -> None:
    assert predicted_label(score, tie) == label
