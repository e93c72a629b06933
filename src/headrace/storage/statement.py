"""SQLAlchemy statements compiled to SQL text once, so that running one costs only the driver's time."""

from sqlalchemy import ClauseElement
from sqlalchemy.dialects import sqlite

_DIALECT = sqlite.dialect(paramstyle="named")


def compile_once(clause: ClauseElement) -> str:
    """The statement as text with `:named` parameters. Values must be bind parameters, not literals."""
    compiled = clause.compile(dialect=_DIALECT)
    literals = [name for name, value in compiled.params.items() if value is not None]
    if literals:
        raise ValueError(f"the statement holds values for {literals}; use bindparam or literal_column")
    return str(compiled)
