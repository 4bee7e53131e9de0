"""Upsets in an emulated payload: the golden run and its ladder of snapshots, one injection, and what came of it."""

from bench.upset.injector import QemuInjector, open_injector

__all__ = ["QemuInjector", "open_injector"]
