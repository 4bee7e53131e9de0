"""What a run needs, gathered and checked before anything is started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.board.link_faults import link_fault_plan
from bench.build import FirmwareImage
from bench.initial_models import InitialModel, load_initial_models, with_classes
from bench.margins import MarginProfile, load_profile, profile_path
from bench.plan import Plan, make_plan
from bench.protection import check_power_cuts
from bench.run_folder import RunFiles, check_twins
from bench.scenario import Scenario, choose_recording
from bench.selection import Part, Selection, describe_part, keep_models, keep_rows
from bench.sensor_faults import SensorFault
from bench.sensor_faults.inject import disturb
from bench.session.stream import rows_to_score
from bench.target import Target
from bench.telemetry import Recording, find_recording, load_recording
from bench.transport.faults import LinkFaultPlan

RECORDINGS: Final = Path(__file__).parents[2] / "fixtures" / "telemetry"


@dataclass(frozen=True, eq=False)
class Job:
    """A scenario with its recording, planned for a target."""

    scenario: Scenario
    target: Target
    recording: Recording
    plan: Plan
    initial: Mapping[str, InitialModel] = field(default_factory=dict)
    twins: Path | None = None
    selection: Selection | None = None
    """Which part of the scenario it is; None = all of it."""
    margins: MarginProfile | None = None
    """The profile that the scenario names."""
    link_faults: LinkFaultPlan | None = None
    """Put into the link on purpose."""
    sensor_faults: tuple[SensorFault, ...] = ()
    """Put into the recording on purpose; it has them already."""

    @property
    def due_rows(self) -> int:
        """Rows that the run is over when it has the results of."""
        return rows_to_score(self.recording).count if self.scenario.mode == "score" else self.recording.row_count

    def files(self, firmware: FirmwareImage | None) -> RunFiles:
        """What of it a run folder keeps."""
        return RunFiles(
            self.scenario,
            self.target,
            self.recording,
            firmware,
            self.initial,
            self.twins,
            self.selection,
            self.margins,
            self.sensor_faults,
        )


def make_job(
    scenario: Scenario,
    target: Target,
    *,
    recording: str | Path | Recording | None = None,
    roots: Sequence[Path] = (),
    part: Part | None = None,
    link_faults: str | None = None,
) -> Job:
    """The job of `scenario` on `target`; raises ConfigurationError, RecordingError or ModelFileError.

    `recording` is its name, its folder, or itself; None = the scenario's own. `roots` are folders in which recordings
    are found by name, before those that come with the bench. `part`: run only so much of the scenario.
    `link_faults`: PROFILE[:SEED], or the folder of a run; None = the scenario's.
    """
    whole_scenario, part = scenario, part or Part()
    scenario = keep_models(scenario, part.models)
    initial = load_initial_models(scenario)
    if not isinstance(recording, Recording):
        chosen = choose_recording(scenario, str(recording) if recording is not None else None)
        beside = scenario.path.parent if scenario.path is not None and recording is None else None
        recording = load_recording(find_recording(chosen, [*roots, RECORDINGS], beside=beside))
    whole, recording = recording, with_classes(keep_rows(recording, part), initial)
    check_power_cuts(scenario.checkpoints, recording.name, recording.row_count)
    first_row = part.first_row or 0
    selection = describe_part((whole_scenario, whole), (scenario, recording), first_row=first_row)
    disturbed = disturb(recording, scenario.sensor_faults)
    recording = disturbed.recording
    plan = make_plan(scenario, recording, target=target)
    margins = _load_margins(scenario)
    twins, faults = check_twins(scenario), _link_faults(scenario, link_faults)
    return Job(scenario, target, recording, plan, initial, twins, selection, margins, faults, disturbed.faults)


def _link_faults(scenario: Scenario, given: str | None) -> LinkFaultPlan | None:
    """A path in a scenario is taken from its folder."""
    if given is not None:
        return link_fault_plan(given)
    if scenario.link_faults is None:
        return None
    return link_fault_plan(scenario.link_faults, beside=scenario.path.parent if scenario.path is not None else None)


def _load_margins(scenario: Scenario) -> MarginProfile | None:
    """The profile of a scenario that has margins, with the phase that it names."""
    if scenario.margins is None:
        return None
    profile = load_profile(profile_path(scenario.margins, scenario.path))
    profile.check_phase(scenario.margins.phase)
    return profile
