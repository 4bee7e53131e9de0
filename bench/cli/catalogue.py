"""The learners and feature maps that scenarios can name, from their plain references."""

from collections.abc import Iterator

from firmware_if.reference import LearnerModule, feature_modules, learner_modules, trains_in_batches


def catalogue_text() -> str:
    """Every name that a scenario may write, for people. A payload may have fewer, or others of its own."""
    return "\n".join([*_learners(), "", *_feature_maps(), ""])


def _learners() -> Iterator[str]:
    yield "learners"
    modules = learner_modules()
    width = max(map(len, modules))
    for name, module in sorted(modules.items()):
        mode = "batch" if trains_in_batches(module) else "stream"
        yield f"  {name.ljust(width)}  mode {mode.ljust(6)}  {', '.join(module.ARITHMETICS)}"
        yield from (f"  {' ' * width}    {line}" for line in _hyperparameters(module))


def _hyperparameters(module: LearnerModule) -> Iterator[str]:
    for name, (initial, minimum, maximum) in module.PARAMETERS.items():
        whole = ", whole numbers" if isinstance(initial, int) else ""
        yield f"{name} = {initial:.10g} ({minimum:.10g} to {maximum:.10g}{whole})"


def _feature_maps() -> Iterator[str]:
    yield "feature maps"
    modules = feature_modules()
    width = max(map(len, modules))
    for name, module in sorted(modules.items()):
        inputs = module.MAPS[name].inputs
        reads = f"reads {inputs} channel{'s' if inputs > 1 else ''}" if inputs else "reads any number of channels"
        yield f"  {name.ljust(width)}  {', '.join(module.ARITHMETICS).ljust(16)}  {reads}"
