"""The driver of the C side of the wire, under each compiler with its sanitizers."""

from collections.abc import Iterator

import pytest

from tests.c.wire_native import COMPILERS, Driver, build


@pytest.fixture(scope="session", params=COMPILERS)
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """Give the running driver; its own process ends with the session."""
    with Driver(build(tmp_path_factory.mktemp("wire"), request.param)) as running:
        yield running
