"""States: dumped and loaded bit for bit, and nothing outside of them."""

from bench.conform.check import check, require
from bench.conform.heard import code_name
from bench.conform.models import dump, load, pieces_of
from bench.conform.subject import Subject
from firmware_if.messages import DumpMemory, FailureCode, LoadMemory
from firmware_if.packets import crc16

_MORE_MODELS = 2


def _difference(wanted: bytes, found: bytes) -> str:
    places = [index for index, (one, other) in enumerate(zip(wanted, found, strict=True)) if one != other]
    if not places:
        return "no difference"
    first = places[0]
    at = slice(first, first + 8)
    return f"{len(places)} bytes differ from offset {first} on: {found[at].hex()} in place of {wanted[at].hex()}"


@check(
    "state.starts_the_same",
    clause="Memory",
    hint="fill every array when a model is made, and what lies between them with zeros",
)
def starts_the_same(subject: Subject) -> None:
    """Two models made alike have the same state, byte for byte, also after the bank was used and reset."""
    recipe = subject.any_recipe()
    first = subject.make(recipe)
    fresh = dump(subject, first)
    second = dump(subject, subject.make(recipe, configure=False))
    require(second == fresh, "the same bytes in a second model", _difference(fresh, second))
    load(subject, first, subject.random.randbytes(len(fresh)))
    subject.reset()
    again = dump(subject, subject.make(recipe))
    require(again == fresh, "the same bytes after a reset", _difference(fresh, again))


@check(
    "state.dumps_what_was_loaded",
    clause="Memory",
    hint="LoadMemory and DumpMemory move bytes at offsets inside the state, whatever they mean",
)
def dumps_what_was_loaded(subject: Subject) -> None:
    """What is loaded, in pieces of odd sizes at odd offsets, is what is dumped, bit for bit."""
    created = subject.make(subject.any_recipe())
    size = created.state_bytes
    content = b""
    for piece in (1, 3, 7, 896):
        content = subject.random.randbytes(size)
        load(subject, created, content, piece=piece)
        found = dump(subject, created)
        require(found == content, f"what was loaded in pieces of {piece} bytes", _difference(content, found))
    wanted = bytearray(content)
    for _ in range(20):
        start = subject.random.randrange(size)
        patch = subject.random.randbytes(subject.random.randrange(1, size - start + 1))
        load(subject, created, patch, address=start)
        wanted[start : start + len(patch)] = patch
    found = dump(subject, created)
    require(found == bytes(wanted), "what was loaded at odd offsets", _difference(bytes(wanted), found))


@check(
    "state.dumps_any_part",
    clause="Memory",
    hint="pieces begin at the address asked for and follow each other without gap or overlap",
)
def dumps_any_part(subject: Subject) -> None:
    """A dump of any part is that part of the whole, in pieces that follow each other, with right checksums."""
    created = subject.make(subject.any_recipe())
    size = created.state_bytes
    content = subject.random.randbytes(size)
    load(subject, created, content)
    parts = [(0, size), (0, 1), (size - 1, 1), (1, size - 1), (0, size - 1)]
    parts += [
        (start, subject.random.randrange(size - start + 1)) for start in subject.random.choices(range(size), k=20)
    ]
    for address, length in parts:
        answer = subject.talk.ask(DumpMemory(created.model, 1, address, length))
        found = pieces_of(answer, model=created.model, address=address, length=length)
        wanted = content[address : address + length]
        require(found == wanted, f"{length} bytes from {address} on as loaded", _difference(wanted, found))


@check(
    "state.refuses_outside",
    clause="Memory",
    hint="compare without adding: address > size, or length > size - address",
)
def refuses_outside(subject: Subject) -> None:
    """A dump or load that reaches outside the state is refused as MEMORY_RANGE, whatever the sum of its numbers."""
    created = subject.make(subject.any_recipe())
    size = created.state_bytes
    before = dump(subject, created)
    for address, length in (
        (0, size + 1),
        (size, 1),
        (size - 1, 2),
        (size + 1, 0),
        (0xFFFFFFFF, 1),
        (0xFFFFFFFF, 0xFFFFFFFF),
        (1, 0xFFFFFFFF),
        (0x80000000, 0x80000000),
    ):
        messages: list[DumpMemory | LoadMemory] = [DumpMemory(created.model, 1, address, length)]
        if length <= 900:
            data = b"\x5a" * length
            messages.append(LoadMemory(created.model, 1, address, data, crc16(data)))
        for message in messages:
            answer = subject.talk.ask(message)
            code = code_name(answer.failure.code) if answer.failure is not None else answer.describe()
            what = f"{type(message).__name__} of {length} bytes at {address} of {size} refused as MEMORY_RANGE"
            require(code == "MEMORY_RANGE", what, code)
    after = dump(subject, created)
    require(after == before, "an unchanged state", _difference(before, after))


@check(
    "state.refuses_a_wrong_checksum",
    clause="Telecommands: LoadMemory",
    hint="compare the CRC-16 over the data before anything is written",
)
def refuses_a_wrong_checksum(subject: Subject) -> None:
    """A load whose checksum is wrong is refused as CHECKSUM and writes nothing."""
    created = subject.make(subject.any_recipe())
    before = dump(subject, created)
    data = subject.random.randbytes(min(created.state_bytes, 896))
    for wrong in (1, 0x100, 0xFFFF):
        answer = subject.talk.ask(LoadMemory(created.model, 1, 0, data, crc16(data) ^ wrong))
        found = answer.failure.code if answer.failure is not None else None
        require(found == FailureCode.CHECKSUM, "a load refused as CHECKSUM", answer.describe())
    after = dump(subject, created)
    require(after == before, "an unchanged state", _difference(before, after))


@check(
    "state.keeps_models_apart",
    clause="Memory",
    hint="each model has memory of its own; a handle names its place in the bank",
)
def keeps_models_apart(subject: Subject) -> None:
    """A load into one model changes that model alone."""
    recipe = subject.any_recipe()
    created = [subject.make(recipe)]
    created += [subject.make(recipe, configure=False) for _ in range(_MORE_MODELS)]
    states = [dump(subject, model) for model in created]
    for place, model in enumerate(created):
        states[place] = subject.random.randbytes(model.state_bytes)
        load(subject, model, states[place])
        for other, state in zip(created, states, strict=True):
            found = dump(subject, other)
            what = f"model {other.model} as it was after a load into model {model.model}"
            require(found == state, what, _difference(state, found))


CHECKS = (
    starts_the_same,
    dumps_what_was_loaded,
    dumps_any_part,
    refuses_outside,
    refuses_a_wrong_checksum,
    keeps_models_apart,
)
