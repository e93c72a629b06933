"""Databases at a revision, and what they look like."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from alembic.config import Config
from sqlalchemy import URL, Engine, create_engine, inspect, make_url

from headrace.storage.schema import Location

SCRIPTS = files("headrace.storage") / "migrations"


def alembic(location: Location) -> Config:
    """What `alembic`'s commands need to know."""
    config = Config(attributes={"database": location})
    config.set_main_option("script_location", str(SCRIPTS))
    return config


@contextmanager
def engine_for(location: Location) -> Iterator[Engine]:
    """What reaches the database from outside."""
    if isinstance(location, Path):
        engine = create_engine(URL.create("sqlite", database=str(location)))
    else:
        engine = create_engine(make_url(location).set(drivername="postgresql+psycopg"))
    yield engine
    engine.dispose()


def shape(location: Location) -> dict[str, Any]:
    """Everything that the inspector can tell about the tables."""
    with engine_for(location) as engine:
        seen = inspect(engine)
        return {
            table: {
                "columns": sorted(
                    (each["name"], str(each["type"]), each["nullable"], each["default"])
                    for each in seen.get_columns(table)
                ),
                "key": seen.get_pk_constraint(table),
                "foreign keys": sorted(seen.get_foreign_keys(table), key=str),
                "unique": sorted(seen.get_unique_constraints(table), key=str),
                "checks": sorted(seen.get_check_constraints(table), key=str),
                "indexes": sorted((_plain(each) for each in seen.get_indexes(table)), key=str),
                "options": seen.get_table_options(table),
            }
            for table in seen.get_table_names()
            if table != "alembic_version"
        }


def _plain(index: Any) -> dict[str, Any]:
    options = {name: str(value) for name, value in index["dialect_options"].items()}
    return {**index, "dialect_options": options}
