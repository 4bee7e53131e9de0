"""The bench: everything that has a clock, a file, a process or an opinion."""
