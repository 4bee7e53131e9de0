"""Upset campaigns: which faults are injected, what came of them, and what that says (docs/campaigns.md)."""
