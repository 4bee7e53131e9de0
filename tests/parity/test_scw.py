"""phi of SCW: the distribution, or the quantile, of the standard normal at eta."""

from decimal import Context, Decimal
from statistics import NormalDist

import pytest

from firmware_if.learners import scw

FLOWN_PHI = 0.82894387369151823
"""Came down with the models of the flight."""
UNIT = Decimal(2) ** -53
"""In the last place of a double between 1/2 and 1."""
PI = Decimal("3.14159265358979323846264338327950288419716939937510582")
ETAS = [*(0.5 + i / 200 for i in range(100)), 0.999, 0.9999, 0.99999, 0.999999]


def exact_distribution(x: float) -> Decimal:
    """Abramowitz and Stegun 26.2.11 with 50 digits."""
    digits = Context(prec=50)
    square = digits.multiply(Decimal(x), Decimal(x))
    term = total = Decimal(x)
    for n in range(1, 200):
        term = digits.divide(digits.multiply(term, square), Decimal(2 * n + 1))
        total = digits.add(total, term)
    density = digits.divide(digits.exp(-square / 2), digits.sqrt(2 * PI))
    return digits.add(Decimal("0.5"), digits.multiply(total, density))


def test_flight_phi_has_the_flown_bits() -> None:
    assert scw.normal_distribution(0.95) == FLOWN_PHI


def test_the_distribution_is_within_two_units_in_the_last_place() -> None:
    for eta in ETAS:
        assert abs(Decimal(scw.normal_distribution(eta)) - exact_distribution(eta)) <= 2 * UNIT, eta


def test_the_quantile_is_as_exact_as_eta_is() -> None:
    """The distribution at phi misses eta by no more than four units in its last place."""
    for eta in ETAS:
        phi = scw.inverse_normal_distribution(eta)
        assert abs(exact_distribution(phi) - Decimal(eta)) <= 4 * UNIT, eta


@pytest.mark.parametrize("eta", ETAS)
def test_the_quantile_agrees_with_another_implementation(eta: float) -> None:
    """The gap is what four units of the distribution make of phi, which grows as the tail gets flat."""
    phi = NormalDist().inv_cdf(eta)
    gap = 4 * float(UNIT) / NormalDist().pdf(phi)
    assert scw.inverse_normal_distribution(eta) == pytest.approx(phi, rel=1e-15, abs=gap)
