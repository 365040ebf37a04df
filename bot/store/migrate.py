"""Bringing a database to the schema that this version of the program needs.

All steps run in one transaction: a migration that fails, or a machine that dies under it, leaves the database as
it was. Two processes that start together queue for it, and the second finds nothing to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from bot.store.tables import metadata

ENGINE_TABLES = ("incident_words",)
"""Tables that belong to one engine's full-text search (each with its shadow tables), not to the portable schema."""


class SchemaError(Exception):
    """A database that this version of the program cannot use, with what to do about it."""


def upgrade(engine: Engine) -> str:
    """Bring the database to the newest revision and return it. Raises SchemaError when it is newer than the program."""
    with engine.begin() as connection:
        check(connection)
        if _revision(connection) is None and _ours(connection):
            raise SchemaError(
                "the database holds tables of Kentongan but no revision: it was not made by `kentongan db upgrade`; "
                "restore a backup or start with an empty database"
            )
        command.upgrade(_config(connection), "head")
        revision = _revision(connection)
    assert revision is not None  # noqa: S101
    return revision


def current(engine: Engine) -> str | None:
    """The database's revision; `None` for an empty one."""
    with engine.connect() as connection:
        return _revision(connection)


def newest() -> str:
    """The revision that this version of the program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # noqa: S101
    return head


def known(revision: str) -> bool:
    """Whether this version of the program can start from that revision."""
    return revision in {step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions()}


def check(connection: Connection) -> None:
    """Raises SchemaError when the database is newer than the program."""
    revision = _revision(connection)
    if revision is not None and not known(revision):
        raise SchemaError(
            f"the database has revision {revision}, which this version of Kentongan (up to {newest()}) does not know: "
            "it was used by a newer version; install that version again, or restore a backup made with this one"
        )


def options() -> dict[str, Any]:
    """How Alembic compares and migrates; shared with its `env.py`."""
    return {
        "target_metadata": metadata,
        "include_name": _portable,
        "transaction_per_migration": False,
        "render_as_batch": True,  # SQLite changes a column by copying its table
    }


def _portable(name: str | None, kind: str, _parents: Any) -> bool:
    return not (kind == "table" and name is not None and name.startswith(ENGINE_TABLES))


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _ours(connection: Connection) -> bool:
    return bool(set(inspect(connection).get_table_names()) & set(metadata.tables))


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
