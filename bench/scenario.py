"""What a run does: the stream, the models that train on it, and the limits it is judged by.

docs/scenarios.md lists every key of the file.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """A bound on every measurement whose name matches `measure`, a shell pattern such as `parity.plain.*`.

    `equal` stands alone; `at_most` and `at_least` may stand together. `clock` is the one a timing limit is meant
    for: instructions, cycles or host. A limit that is not `required` is judged and shown, and never fails the run.
    """

    measure: str
    at_most: float | None = None
    at_least: float | None = None
    equal: float | None = None
    clock: str | None = None
    required: bool = True
    because: str = ""
