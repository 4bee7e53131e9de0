"""Feature maps in pairs: `stem.c` runs on the payload, `stem.py` is its plain, independent reference."""
