from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from bot.store import migrate
from bot.store.database import connect
from bot.store.tables import metadata


def test_the_migrated_schema_is_the_one_in_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={**migrate.options(), "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_an_empty_database_reaches_the_newest_revision(url: str) -> None:
    engine = connect(url)
    assert migrate.current(engine) is None
    assert migrate.upgrade(engine) == migrate.newest() == migrate.current(engine)


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("insert into rooms (room_id, kind, updated_at) values ('!a', 'channel', 1)"))
    migrate.upgrade(engine)
    with engine.begin() as connection:
        assert connection.scalar(text("select count(*) from rooms")) == 1


def test_a_database_of_a_newer_version_is_refused_and_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(migrate.SchemaError, match=r"9999.*newer version"):
        migrate.upgrade(engine)
    assert migrate.current(engine) == "9999"


def test_tables_that_no_migration_made_are_refused(url: str) -> None:
    engine = connect(url)
    metadata.create_all(engine)
    with pytest.raises(migrate.SchemaError, match="no revision"):
        migrate.upgrade(engine)


def test_a_migration_that_fails_leaves_the_database_as_it_was(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = connect(url)

    def fail(config: object, revision: str) -> None:
        config.attributes["connection"].execute(text("create table half_done (id integer)"))  # type: ignore[attr-defined]
        raise RuntimeError("power cut")

    monkeypatch.setattr(migrate.command, "upgrade", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        migrate.upgrade(engine)
    assert inspect(engine).get_table_names() == []


def test_two_processes_that_upgrade_at_once_both_succeed(url: str) -> None:
    program = (
        "import sys; from bot.store import migrate; from bot.store.database import connect; "
        "print(migrate.upgrade(connect(sys.argv[1])))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in processes:
        out, errors = process.communicate(timeout=60)
        assert (process.returncode, out.strip()) == (0, migrate.newest()), errors


def test_migrations_run_from_another_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = create_engine("sqlite:///elsewhere.db")
    assert migrate.upgrade(engine) == migrate.newest()


def test_every_table_compiles_for_postgresql() -> None:
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))
