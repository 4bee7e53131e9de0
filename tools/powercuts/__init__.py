"""Parts of tools/power_cuts.py."""
