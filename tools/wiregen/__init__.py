"""Derives both languages and the tables of SPEC.md from wire.toml."""
