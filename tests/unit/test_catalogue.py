"""What `bench learners` lists."""

from bench.cli.catalogue import catalogue_text
from firmware_if.reference import feature_modules, learner_modules


def test_every_name_that_a_scenario_may_write_is_listed() -> None:
    text = catalogue_text()
    lines = [line.split() for line in text.splitlines()]
    first = {words[0] for words in lines if words}
    assert set(learner_modules()) | set(feature_modules()) <= first
    for module in learner_modules().values():
        for name, (initial, _, _) in module.PARAMETERS.items():
            assert any(words[:2] == [name, "="] and float(words[2]) == initial for words in lines), name
    print(text)
