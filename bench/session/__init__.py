"""Carries a plan out on a payload: the only place where the link and a transport meet, and where waiting is done."""

from bench.session.failures import ConnectError, Stopped, TargetFailure
from bench.session.greet import greet
from bench.session.recorder import Observer, Recorder
from bench.session.run import Session, run

__all__ = ["ConnectError", "Observer", "Recorder", "Session", "Stopped", "TargetFailure", "greet", "run"]
