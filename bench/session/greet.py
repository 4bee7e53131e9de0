"""A first word with a payload, without a run."""

from bench.clock import Clock
from bench.errors import TransportError
from bench.session.dialogue import Dialogue
from bench.session.failures import ConnectError, TargetFailure
from bench.session.recorder import Recorder
from bench.transport import Transport
from firmware_if.messages import Hello, ResetBank


def greet(
    transport: Transport,
    *,
    clock: Clock,
    target_name: str,
    ready_s: float,
    build_id: str | None = None,
    starting: bool = False,
) -> Hello:
    """Connect, check who answers, and empty its bank. `starting`: it was started only just now.

    Raises ConnectError for no answer, a wrong one, or one that is not the `build_id` expected.
    """
    dialogue = Dialogue(transport, clock=clock, recorder=Recorder(clock), target_name=target_name)
    hello = dialogue.connect(ready_s, starting=starting)
    check_build(hello, build_id)
    try:
        dialogue.demand(ResetBank())
    except (TargetFailure, TransportError) as error:
        raise ConnectError(
            f"{target_name} said HELLO, and then could not be reset: {error}", hint=error.hint
        ) from error
    dialogue.settle()
    return hello


def check_build(hello: Hello, build_id: str | None) -> None:
    """Raise ConnectError unless the payload runs `build_id`; None = whatever it runs."""
    if build_id is None or hello.build_id.hex() == build_id:
        return
    raise ConnectError(
        f"not the expected firmware: {hello.name} runs build {hello.build_id.hex()}, expected {build_id}",
        hint="flash what was just built; or name the board's own target with --target; or say what it runs: "
        '--build ID, or build_id in the station file ("any": whatever it is)',
    )
