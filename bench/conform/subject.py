"""The payload under test, as checks see it: a talk with it, and what it has said of itself."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bench.conform.check import NotApplicable, Violation, require
from bench.conform.heard import Heard
from bench.conform.talk import Talk
from firmware_if.messages import (
    MAX_FRAME_BYTES,
    ArrayType,
    CatalogueEntry,
    CatalogueKind,
    ConfigureStream,
    CreateModel,
    FrameType,
    Hello,
    Housekeeping,
    Hyperparameter,
    List,
    Mode,
    ModelCreated,
    RequestHousekeeping,
    ResetBank,
    Restart,
)
from firmware_if.packets import ACKNOWLEDGE_NONE
from firmware_if.reference import learner_modules, tolerance

UNMEASURED = 0xFFFFFFFF
CHANNELS = 3
"""Values per sample where the feature map takes any number."""
CONTROL_RESERVE_BYTES = 256
_MOST_STATE_BYTES = 1 << 24
"""Of the smallest model of a learner: a claim of more is a lie, and would fill the bench's memory."""
LEAST_RECEIVE_BYTES = MAX_FRAME_BYTES + CONTROL_RESERVE_BYTES


@dataclass(frozen=True)
class Recipe:
    """How a model of one learner can be made."""

    learner: CatalogueEntry
    features: CatalogueEntry
    channels: int

    @property
    def name(self) -> str:
        return f"{self.learner.name} in {self.learner.arithmetic}"

    @property
    def mode(self) -> int:
        return self.learner.mode

    def configure(self, *, next_row: int = 0, mode: int | None = None) -> ConfigureStream:
        """Two classes, -1 and 1."""
        return ConfigureStream(self.channels, next_row, (-1, 1), self.mode if mode is None else mode)

    def create(self, *, bias: int = 0, hyperparameters: tuple[Hyperparameter, ...] = ()) -> CreateModel:
        channels = tuple(range(self.channels))
        learner = self.learner
        return CreateModel(learner.name, self.features.name, learner.arithmetic, channels, bias, hyperparameters)


class Subject:
    """What a check gets. It finds a new session and an empty bank."""

    def __init__(self, talk: Talk, *, seed: int, start_s: float, build_id: str | None) -> None:
        """`start_s` is the longest that a start takes; `build_id` that of the firmware that is expected, if known."""
        self.talk = talk
        self.build_id = build_id
        self._seed = seed
        self._start_s = start_s
        self.random = random.Random(seed)  # noqa: S311 - a seed is wanted: a failure must come again
        self.hello: Hello | None = None
        self.asked = False
        """The running check was asked for by its very name, so it may take its time."""
        self._catalogue: tuple[CatalogueEntry, ...] | None = None

    def begin(self, name: str) -> None:
        """Draw the same numbers for a check whichever others ran before it."""
        self.random = random.Random(f"{self._seed} {name}")  # noqa: S311 - as above

    @property
    def facts(self) -> Hello:
        if self.hello is None:
            raise Violation("a Hello that can be read", "none so far")
        return self.hello

    def catalogue(self) -> tuple[CatalogueEntry, ...]:
        """Everything that the payload lists, asked for once."""
        if self._catalogue is None:
            answers = self.talk.demand(List())
            entries = tuple(answer for answer in answers if isinstance(answer, CatalogueEntry))
            require(entries, "a catalogue", "no entry")
            self._catalogue = entries
        return self._catalogue

    def learners(self, mode: int | None = None) -> list[CatalogueEntry]:
        """Those that train in `mode`."""
        learners = [entry for entry in self.catalogue() if entry.entry == CatalogueKind.LEARNER]
        return [entry for entry in learners if mode is None or entry.mode == mode]

    def maps(self, arithmetic: str | None = None) -> list[CatalogueEntry]:
        """Feature maps, of one arithmetic or all."""
        maps = [entry for entry in self.catalogue() if entry.entry == CatalogueKind.FEATURES]
        return [entry for entry in maps if arithmetic in (None, entry.arithmetic)]

    def recipe(self, learner: CatalogueEntry) -> Recipe | None:
        """With the plainest feature map in its arithmetic; None where there is none."""
        maps = sorted(self.maps(learner.arithmetic), key=lambda entry: (entry.name != "identity", entry.inputs or 99))
        return Recipe(learner, maps[0], maps[0].inputs or CHANNELS) if maps else None

    def stream_recipes(self) -> list[Recipe]:
        """Of every learner that trains on each sample, those first whose every bit is defined."""
        modules = learner_modules()

        def rank(recipe: Recipe) -> tuple[bool, bool]:
            module = modules.get(recipe.learner.name)
            known = module is not None and recipe.learner.arithmetic in module.ARITHMETICS
            exact = module is not None and known and tolerance(module, recipe.learner.arithmetic) == 0.0
            return (not known, not exact)

        recipes = [r for r in map(self.recipe, self.learners(Mode.STREAM)) if r is not None]
        if not recipes:
            raise NotApplicable("it has no learner that trains on each sample")
        return sorted(recipes, key=rank)

    def stream_recipe(self) -> Recipe:
        """The first of them."""
        return self.stream_recipes()[0]

    def batch_recipe(self) -> Recipe:
        """Of a learner that trains on a data set."""
        recipes = [r for r in map(self.recipe, self.learners(Mode.BATCH)) if r is not None]
        if not recipes:
            raise NotApplicable("it has no learner that trains on a data set")
        if self.housekeeping().data_bytes == 0:
            raise NotApplicable("it has no data region")
        return recipes[0]

    def any_recipe(self) -> Recipe:
        """Of whatever learner there is."""
        try:
            return self.stream_recipe()
        except NotApplicable:
            return self.batch_recipe()

    def make(self, recipe: Recipe, *, configure: bool = True, bias: int = 0) -> ModelCreated:
        """Configure the stream and create the model."""
        if configure:
            self.talk.demand(recipe.configure())
        return self.create(recipe.create(bias=bias))

    def create(self, request: CreateModel) -> ModelCreated:
        """A model on the configured stream."""
        created = [a for a in self.talk.demand(request) if isinstance(a, ModelCreated)]
        require(len(created) == 1, "one ModelCreated", f"{len(created)} of them")
        size = created[0].state_bytes
        require(0 < size <= _MOST_STATE_BYTES, f"a state of 1 to {_MOST_STATE_BYTES} bytes", size)
        types = [place.type for place in created[0].arrays]
        require(set(types) <= set(ArrayType), "arrays of types that there are", types)
        return created[0]

    def housekeeping(self) -> Housekeeping:
        reports = [a for a in self.talk.demand(RequestHousekeeping(1, 1)) if isinstance(a, Housekeeping)]
        require(len(reports) == 1, "one Housekeeping report", f"{len(reports)} of them")
        return reports[0]

    def restart(self) -> Heard:
        """Tell the payload to start anew; the Hello with which it does."""
        talk = self.talk
        talk.restarting = True
        talk.wire.write(talk.frame(FrameType.DATA, talk.pack(Restart(), ACKNOWLEDGE_NONE)[0]))
        what = "a Hello with tag 0 and nonce 0 after Restart"
        return talk.listen(lambda heard: heard.says_no_session, what=what, timeout_s=self._start_s)[-1]

    def reset(self) -> None:
        """Empty the bank."""
        self.talk.demand(ResetBank())
