"""`bench matrix`: requirements and their evidence."""

import argparse

from bench.cli.history_command import history_if_any
from bench.errors import RunFolderError
from bench.matrix import STATUSES, collect, make_matrix, matrix_csv, matrix_exit_status
from bench.matrix.page import matrix_page
from bench.printed import printable
from bench.replace import replace_content
from bench.requirements import load_requirements


def matrix(options: argparse.Namespace) -> int:
    """Write the files and a line for each requirement; the exit status."""
    file = load_requirements(options.requirements) if options.requirements is not None else None
    with history_if_any(options) as history:
        rows = make_matrix(collect(options.runs, history), file)
    title = (file.title or file.path.name) if file is not None else "requirements of these runs"
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"cannot make {options.out}: {error.strerror}", hint="choose another --out") from error
    replace_content(options.out / "matrix.csv", matrix_csv(rows).encode())
    replace_content(options.out / "matrix.html", matrix_page(rows, title=title, folder=options.out).encode())
    width = max((len(row.requirement.id) for row in rows), default=0)
    for row in rows:
        reason = f"  {row.because}" if row.because else ""
        print(printable(f"{row.status:<10}  {row.requirement.id:<{width}}{reason}"))
    counts = ", ".join(f"{n} {name}" for name in STATUSES if (n := sum(row.status == name for row in rows)))
    print(f"{len(rows)} requirement{'' if len(rows) == 1 else 's'}: {counts or 'none is named'}")
    if not rows:
        print("hint: scenarios, limits and tests name requirements, see docs/requirements.md")
    print(f"matrix: {options.out / 'matrix.html'}, {options.out / 'matrix.csv'}")
    return matrix_exit_status(rows)
