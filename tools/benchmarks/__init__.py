"""What the bench reaches, measured: each module prints one plain table. docs/benchmarks.md says what and how."""
