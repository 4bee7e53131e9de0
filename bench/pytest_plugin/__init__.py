"""pytest on a payload computer: scenario files are tests, and fixtures train on the board. docs/pytest.md."""
