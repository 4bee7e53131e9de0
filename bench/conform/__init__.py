"""The conformance kit: what any payload that claims the contract must do, checked frame by frame."""

from bench.conform.check import Check, Outcome, Result
from bench.conform.checks import CHECKS
from bench.conform.runner import Place, Runner

__all__ = ["CHECKS", "Check", "Outcome", "Place", "Result", "Runner"]
