"""Any table with a header into a recording folder. What the table cannot say is asked for, all at once."""

from bench.importing.any_csv.make import Imported, import_table
from bench.importing.any_csv.request import CsvRequest

__all__ = ["CsvRequest", "Imported", "import_table"]
