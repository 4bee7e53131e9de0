"""Training from Python."""

import json
from pathlib import Path

import pytest

from bench.run_folder import judge_run, load_run_files
from tests.plugin.lab import Lab, printed

# As it stands in bench/api.py and docs/pytest.md.
EXAMPLE = """
from bench.api import Model, instructions

def test_arow_learns_the_camera_rule(hil_payload, hil_recording):
    run = hil_payload.train(hil_recording("sun-sensor"), models=[Model("arow", features="orbitai-3d")])
    assert run.accuracy.balanced >= 0.85
    run.require("timing.train.p99", at_most=instructions(400))   # UNMEASURED on a target without that clock
"""


def judged(folder: Path) -> list[tuple[str, str | None, float | None, str | None]]:
    """What `bench judge` makes of a folder."""
    return [(v.name, v.outcome, v.value, v.limit) for v in judge_run(folder, load_run_files(folder))]


def saved(folder: Path) -> list[tuple[str, str | None, float | None, str | None]]:
    verdicts = json.loads((folder / "verdicts.json").read_text())
    return [(v["name"], v["outcome"], v["value"], v["limit"]) for v in verdicts]


def test_the_example_passes_where_instructions_are_counted_and_is_skipped_elsewhere(lab: Lab) -> None:
    lab.write("test_it.py", EXAMPLE)
    words = ("--hil-target", "host", "--hil-target", "qemu-zynq-a9", "--hil-runs", "kept", "--junit-xml", "junit.xml")
    result = lab.run(*words)
    result.assert_outcomes(passed=1, skipped=1)
    said = printed(result)
    assert "PASSED test_it.py::test_arow_learns_the_camera_rule[qemu-zynq-a9]" in said
    assert "SKIPPED [1] test_it.py:4: UNMEASURED timing.train.p99: " in said
    folders = list((lab.path / "kept").iterdir())
    assert len(folders) == 2
    outcomes = {}
    for folder in folders:
        before = saved(folder)
        [verdict] = [v for v in before if v[0] == "timing.train.p99"]
        outcomes[load_run_files(folder).target.name] = (verdict[1], verdict[3])
        assert judged(folder) == before, "bench judge gives the same verdicts"
    assert outcomes == {"host": ("UNMEASURED", "<= 400"), "qemu-zynq-a9": ("PASS", "<= 400")}
    for name, outcome in (("host", "UNMEASURED: "), ("qemu-zynq-a9", "PASS: ")):
        case = lab.junit()[f"test_arow_learns_the_camera_rule[{name}]"]
        assert case.properties["hil.timing.train.p99"].startswith(outcome)


def test_faults_can_be_put_into_the_link(lab: Lab) -> None:
    lab.write_rows()
    lab.write(
        "test_it.py",
        "from bench.api import Model\n"
        "def test_it(hil_payload, hil_recording):\n"
        "    models = [Model('arow', features='orbitai-3d')]\n"
        "    clean = hil_payload.train(hil_recording('rows'), models=models)\n"
        "    again = hil_payload.train(hil_recording('rows'), models=models, link_faults='mine.toml')\n"
        "    assert not any(figure.name == 'link.faults_injected' for figure in clean.figures)\n"
        "    assert again.value('link.faults_injected') > 0\n"
        "    assert again.accuracy.balanced == clean.accuracy.balanced\n",
    )
    fault = "[[fault]]\nkind = 'insert'\nper_byte = 0.001\nbytes = [1, 4]\nbecause = 'noise'\n"
    lab.write("mine.toml", "name = 'mine'\ntitle = 'Noise'\n" + fault)
    lab.run("--hil-target", "host").assert_outcomes(passed=1)


def run_body(lab: Lab, body: str, *words: str) -> pytest.RunResult:
    """Run a test with this body, after a small run on the native payload."""
    lab.write_rows()
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    lab.write(
        "test_it.py",
        "from bench.api import *\n"
        "import pytest\n"
        "def test_it(hil_payload, hil_recording):\n"
        "    run = hil_payload.train(hil_recording('rows'), models=[Model('arow', features='orbitai-3d')])\n" + lines,
    )
    return lab.run("--hil-target", "host", "--hil-runs", "kept", *words)


def only_folder(lab: Lab) -> Path:
    [folder] = (lab.path / "kept").iterdir()
    return folder


def test_a_bound_that_does_not_hold_fails_the_test_and_is_in_the_folder(lab: Lab) -> None:
    body = """
run.require("memory.arena_used_bytes", at_least=1, because="it uses some")
run.require("memory.arena_used_bytes", at_most=10, because="a requirement")
raise SystemExit("a failed requirement ends the test")
"""
    result = run_body(lab, body)
    result.assert_outcomes(failed=1)
    said = printed(result)
    assert "FAIL memory.arena_used_bytes: 360 bytes, limit <= 10; a requirement" in said
    assert ">       run.require" in said or '    run.require("memory.arena_used_bytes", at_most=10' in said
    assert "def require" not in said, "the test is shown, not the bench"
    assert ("memory.arena_used_bytes", "FAIL", 360, "<= 10") in saved(only_folder(lab))
    assert ("memory.arena_used_bytes", "PASS", 360, ">= 1") in saved(only_folder(lab))
    assert judged(only_folder(lab)) == saved(only_folder(lab))


def test_a_bound_stands_beside_the_scenarios_own_for_this_target(lab: Lab) -> None:
    lab.write_rows()
    limits = "".join(
        f'\n[[limits]]\nmeasure = "memory.arena_used_bytes"\nat_most = {bound}\n{targets}'
        for bound, targets in ((9999, 'targets = ["host"]'), (1, ""))
    )
    model = '[[models]]\nname = "m"\nlearner = "arow"\nfeatures = "orbitai-3d"\narithmetic = "flight"\n'
    lab.write("mine.toml", f'name = "mine"\ntitle = "t"\nrecording = "recordings/../recordings/rows"\n{model}{limits}')
    lab.write(
        "test_it.py",
        "def test_it(hil_payload):\n"
        "    run = hil_payload.run('mine.toml')\n"
        "    run.require('memory.arena_used_bytes', at_least=3)\n"
        "    assert run.completed\n",
    )
    lab.run("--hil-target", "host", "--hil-runs", "kept").assert_outcomes(passed=1)
    bounds = [v[3] for v in saved(only_folder(lab)) if v[0] == "memory.arena_used_bytes"]
    assert sorted(map(str, bounds)) == ["<= 9999", ">= 3"]
    assert judged(only_folder(lab)) == saved(only_folder(lab))


def test_unmeasured_is_skipped_with_the_reason_and_fails_where_it_is_required(lab: Lab) -> None:
    body = 'run.require("memory.stack_peak_bytes", at_most=10)\nrun.require("run.completed", equal=1)'
    result = run_body(lab, body)
    result.assert_outcomes(skipped=1)
    assert "UNMEASURED memory.stack_peak_bytes: limit <= 10; this port does not measure it" in printed(result)
    required = lab.run("--hil-target", "host", "--hil-require")
    required.assert_outcomes(failed=1)
    assert "required by --hil-require: UNMEASURED memory.stack_peak_bytes" in printed(required)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('run.require("timing.train.p98", at_most=host(1))', ["no measurement 'timing.train.p98'", "did you mean"]),
        (
            'run.require("timing.train.p99", at_most=400)',
            ["says nothing without its clock", "at_most=instructions(400)"],
        ),
        ('run.require("run.completed")', ["has no bound", "give at_most, at_least or equal"]),
        (
            'run.require("timing.train.p99", at_most=host(9), at_least=cycles(1))',
            ["has bounds of two clocks"],
        ),
        ('run.value("run.competed")', ["no measurement 'run.competed'", "did you mean 'run.completed'?"]),
        ('run.accuracy_of("arov").balanced', ["no model 'arov'", "did you mean 'arow'?"]),
        ('run.accuracy_of("arow", family="evaluated").f1', ["'evaluated'", "did you mean 'evaluation'?"]),
        ('hil_recording("rowz")', ["no recording 'rowz'", "did you mean 'rows'?"]),
        ('hil_payload.run("sun-senso")', ["no scenario is named 'sun-senso'", "did you mean 'sun-sensor'?"]),
        (
            'hil_payload.train(hil_recording("rows"), models=[Model("arov")])',
            ["the payload has no learner 'arov'", "did you mean 'arow'?"],
        ),
        (
            'hil_payload.train(hil_recording("rows"), models=[Model("arow", features="orbitai-9d")])',
            ["orbitai-9d", "hint: "],
        ),
        (
            'hil_payload.train(hil_recording("rows"), models=[Model("logistic")], mode="batch")',
            ["epochs", "missing for batch mode"],
        ),
        ('hil_payload.train("rows", models=[])', ["no model was given", "models=[Model("]),
        ('hil_payload.train("rows", models=[Model("arow")], speed=True)', ["speed is True, expected a finite number"]),
        ('hil_payload.train("rows", models=[Model("arow", bias=3)])', ["models[0].bias: is 3"]),
        ('run.require("run.completed", at_least=True)', ["at_least is True, expected a finite number"]),
        ('run.require("run.completed", at_least=float("nan"))', ["at_least is nan, expected a finite number"]),
        ('run.require("run.completed", at_most=10**400)', ["expected a finite number"]),
        ('run.require("timing.train.p99", at_most=host("9"))', ["at_most is '9', expected a finite number"]),
        ('run.require("run.completed", at_most=2, equal=1)', ["equal: stands beside another bound"]),
        (
            'hil_payload.train("rows", models=[Model("arow", name="a"), Model("pa", name="a")])',
            ["models[1].name: a second model is named 'a'"],
        ),
    ],
)
def test_a_mistake_is_a_message_a_hint_and_the_line_of_the_test(line: str, said: list[str], lab: Lab) -> None:
    result = run_body(lab, line)
    result.assert_outcomes(failed=1)
    text = printed(result)
    for words in (*said, "hint: ", f"test_it.py:5: {line}"):
        assert words in text, text
    assert "Traceback" not in text
    assert "def " not in text, "no wall of traceback"


def test_objects_say_what_they_are(lab: Lab) -> None:
    body = "print(repr(hil_payload), repr(run), repr(run.accuracy), sep='\\n')\nassert run.accuracy.balanced < 0"
    result = run_body(lab, body)
    said = printed(result)
    assert "<Payload host: build " in said
    assert "<Run of it on host: completed, " in said
    assert "<Accuracy of arow, evaluation: balanced_accuracy 0." in said or "<Accuracy of arow, prequential:" in said
    assert "read by the test: accuracy." in said


def test_several_models_have_names_and_one_accuracy_each(lab: Lab) -> None:
    body = """
run = hil_payload.train(hil_recording("rows"), models=[
    Model("arow", features="orbitai-3d"), Model("arow", features="orbitai-2d"), Model("nherd", features="orbitai-3d"),
    Model("pa", features="orbitai-3d", name="mine", arithmetic="flight", hyperparameters={}),
])
names = [model.name for model in run.models]
assert names == ["arow_orbitai-3d", "arow_orbitai-2d", "nherd", "mine"]
assert [0 <= run.accuracy_of(name).balanced <= 1 for name in names]
with pytest.raises(Exception, match="this run has 4 models"):
    run.accuracy
run = hil_payload.train("rows", models=[Model("arow", features="orbitai-3d")], evaluate=False, speed=1e6)
assert run.accuracy.family == "prequential"
"""
    run_body(lab, body).assert_outcomes(passed=1)


def test_recordings_are_read_once(lab: Lab) -> None:
    body = "assert hil_recording('rows') is hil_recording('rows') is hil_recording(hil_recording('rows').folder)"
    run_body(lab, body).assert_outcomes(passed=1)


def test_modes_of_a_scenario_are_arguments(lab: Lab) -> None:
    body = """
run = hil_payload.train("rows", models=[Model("logistic")], mode="batch", epochs=2)
assert run.value("run.completed") == 1
"""
    run_body(lab, body).assert_outcomes(passed=1)


@pytest.mark.parametrize("bound", ["numpy.float64(8192)", "numpy.int64(8192)", "numpy.float32(8192)", "8192"])
def test_any_real_number_is_a_bound(bound: str, lab: Lab) -> None:
    run_body(lab, f'import numpy\nrun.require("memory.arena_used_bytes", at_most={bound})').assert_outcomes(passed=1)
    assert ("memory.arena_used_bytes", "PASS", 360, "<= 8192") in saved(only_folder(lab))
    assert judged(only_folder(lab)) == saved(only_folder(lab))


def test_a_refused_bound_leaves_the_folder_as_it_was(lab: Lab) -> None:
    run_body(lab, 'run.require("memory.arena_used_bytes", equal=1, at_most=2)').assert_outcomes(failed=1)
    assert "limits" not in (only_folder(lab) / "scenario.toml").read_text()
    assert judged(only_folder(lab)) == saved(only_folder(lab))


def test_any_text_is_a_reason(lab: Lab) -> None:
    reason = '\U0001f6f0 µ \\ " \x7f \x00 \r\n \ud83d'
    body = f'run.require("memory.arena_used_bytes", at_most=9999, because={reason!a})'
    run_body(lab, body).assert_outcomes(passed=1)
    [limit] = load_run_files(only_folder(lab)).scenario.limits
    assert limit.because == reason.replace("\ud83d", "\ufffd")
    assert judged(only_folder(lab)) == saved(only_folder(lab))


def test_verdicts_stand_in_the_order_of_bench_judge(lab: Lab) -> None:
    body = """
run.require("run.completed", equal=1)
run.require("run.completed", at_least=1)
run.require("memory.arena_used_bytes", at_most=9999)
run.require("accuracy.prequential.arow.recall", at_least=0)
run.require("memory.arena_used_bytes", at_least=1)
"""
    run_body(lab, body).assert_outcomes(passed=1)
    before = saved(only_folder(lab))
    assert [v[3] for v in before if v[0] == "memory.arena_used_bytes"] == ["<= 9999", ">= 1"]
    assert [v[3] for v in before if v[0] == "run.completed"] == ["== 1", ">= 1"]
    assert judged(only_folder(lab)) == before
    assert saved(only_folder(lab)) == before


LATE = """
import pytest
from bench.api import Model, instructions

KEPT = []

def train(hil_payload):
    return hil_payload.train("rows", models=[Model("arow", features="orbitai-3d")])

def require(run):
    run.require("timing.train.p99", at_most=instructions(400))

@pytest.fixture
def late(hil_payload):
    KEPT.append(train(hil_payload))
    yield
    require(KEPT[-1])

@pytest.fixture
def early(hil_payload):
    require(train(hil_payload))

"""


@pytest.mark.parametrize("require", [False, True])
def test_what_is_unmeasured_after_the_test_has_passed_is_an_error(require: bool, lab: Lab) -> None:  # noqa: FBT001 - a parameter
    lab.write_rows()
    lab.write("test_it.py", LATE + "def test_a(late): pass\ndef test_b(late): pytest.skip('no')\n")
    result = lab.run("--hil-target", "host", *(["--hil-require"] if require else []))
    result.assert_outcomes(passed=1, errors=1, skipped=1)
    assert "UNMEASURED timing.train.p99" in printed(result)
    assert "hint: the test had passed by then: call require in the test, or before the yield" in printed(result)


def test_what_is_unmeasured_before_the_test_is_skipped(lab: Lab) -> None:
    lab.write_rows()
    lab.write("test_it.py", LATE + "def test_a(early): pass\n")
    lab.run("--hil-target", "host").assert_outcomes(skipped=1)
    lab.run("--hil-target", "host", "--hil-require").assert_outcomes(failed=1)


def test_a_run_is_judged_in_the_test_that_made_it(lab: Lab) -> None:
    lab.write_rows()
    tests = "def test_a(hil_payload): KEPT.append(train(hil_payload))\ndef test_b(): require(KEPT[0])\n"
    lab.write("test_it.py", LATE + tests)
    result = lab.run("--hil-target", "host")
    result.assert_outcomes(passed=1, failed=1)
    assert "the test of this run, test_it.py::test_a[host], is over and cannot say so" in printed(result)


@pytest.mark.parametrize("strict", [False, True])
def test_unmeasured_is_no_expected_failure(strict: bool, lab: Lab) -> None:  # noqa: FBT001 - a parameter
    lab.write_rows()
    mark = f"@pytest.mark.xfail(strict={strict})\n"
    lab.write("test_it.py", LATE + mark + "def test_a(hil_payload): require(train(hil_payload))\n")
    result = lab.run("--hil-target", "host")
    result.assert_outcomes(skipped=1)
    assert "SKIPPED [1] test_it.py:2" in printed(result)
    assert ": UNMEASURED timing.train.p99" in printed(result)
    lab.run("--hil-target", "host", "--hil-require").assert_outcomes(failed=1)
