"""Everything that bench and payload must agree on, in Python and in C, with no I/O on the host side."""
