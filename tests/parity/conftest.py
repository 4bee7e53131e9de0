"""The compiled learners and feature maps."""

import pytest

from tests.parity.native import Native, build, load

# Under clang, undefined behaviour traps: it would end the test run instead of passing unseen.
COMPILERS = {"gcc": "-O2 -fPIC", "clang": "-O1 -g -fPIC -fsanitize=undefined -fsanitize-trap=undefined"}


@pytest.fixture(scope="session")
def natives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Native]:
    """The sources as a library of this process, by compiler."""
    libraries = {}
    for compiler, flags in COMPILERS.items():
        folder = tmp_path_factory.mktemp(compiler)
        libraries[compiler] = load(
            build("registry.so", folder=folder, compiler=compiler, flags=flags), compiler=compiler
        )
    return libraries


@pytest.fixture(params=COMPILERS)
def native(request: pytest.FixtureRequest, natives: dict[str, Native]) -> Native:
    """One of the compiled libraries; a test that asks for it runs with each."""
    return natives[request.param]
