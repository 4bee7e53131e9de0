"""With what the run was made."""

from collections.abc import Iterator

from bench.report.data import RunData
from bench.report.markup import Html, table


def environment(data: RunData) -> Iterator[Html]:
    """Versions, build, recording and where they come from."""
    rows = list(data.summary.environment.items())
    recording = data.run.files.recording
    rows += [("recording's provenance", recording.provenance)]
    yield table(("what", "value"), rows, caption="From the first entries of the trace and the files of the run folder")
