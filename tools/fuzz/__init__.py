"""Fuzzing: millions of random and mutated inputs to both sides of the line, and to the storage of checkpoints.

`python -m tools.fuzz` says how; docs/fuzzing.md what is held to what.
"""
