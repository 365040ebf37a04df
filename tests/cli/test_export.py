from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import xmlschema
from sqlalchemy import Engine, select
from typer.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))

from incident_world import NOON, report

from bot.cli import app, exits
from bot.incidents.lifecycle import Status
from bot.store import exports, incidents
from bot.store.audit import Auditor
from bot.store.database import connect
from bot.store.tables import audit, cap_messages
from bot.store.tables import incidents as table

ROOT = Path(__file__).parents[2]
SCHEMA = xmlschema.XMLSchema(str(ROOT / "tests" / "exports" / "CAP-v1.2.xsd"))
KEY = "k" * 40
HIDDEN = "tolong suami pukuli istri KDRT di Desa Gumawang rumah pak Slamet"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Callable[[Path], Engine]) -> Path:
    monkeypatch.setenv("KENTONGAN_AUDIT_KEY", KEY)
    monkeypatch.setenv("KENTONGAN_PICKLE_KEY", KEY)
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "piket")
    shutil.copytree(ROOT / "flows" / "incidents", tmp_path / "flows" / "incidents")
    shutil.copytree(ROOT / "places", tmp_path / "places")
    path = tmp_path / "config.yaml"
    path.write_text('homeserver: {url: "http://127.0.0.1:1", user_id: "@kentongan:ex.org"}\n', encoding="utf-8")
    (tmp_path / "var" / "data").mkdir(parents=True)
    engine = empty_database(tmp_path / "var" / "data" / "kentongan.db")
    with engine.begin() as connection:
        report(connection, 1, "laka truk di Cilubah, telepon 081234567890", at=NOON)
        number, _ = report(connection, 2, "=banjir di Kalimanggis, «awas»", at=NOON + 1000)
        connection.execute(table.update().where(table.c.id == number).values(location="-6.950000,109.870000"))
        report(connection, 3, HIDDEN, at=NOON + 2000)
    engine.dispose()
    return path


def run(config: Path, *args: str) -> Result:
    return CliRunner().invoke(app, ["incidents", "export", *args, "--config", str(config)])


def change(config: Path, number: int, status: Status) -> None:
    engine = connect(f"sqlite:///{config.parent / 'var' / 'data' / 'kentongan.db'}")
    with engine.begin() as connection:
        incidents.change_status(connection, number, status, actor="@p:ex.org", reason="-", event_id=None, now=NOON)
    engine.dispose()


def noted(config: Path) -> list[exports.Exported]:
    engine = connect(f"sqlite:///{config.parent / 'var' / 'data' / 'kentongan.db'}")
    with engine.connect() as connection:
        assert Auditor(KEY.encode()).verify(connection).faults == ()
        found = exports.made(connection)
        kinds = connection.scalars(select(audit.c.kind)).all()
    engine.dispose()
    assert kinds.count(exports.KIND) == len(found)
    return found


def test_csv_opens_right_in_a_spreadsheet_and_runs_nothing(log: Path) -> None:
    result = run(log, "--format", "csv")
    assert result.exit_code == exits.GOOD, result.output
    assert result.stdout.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(result.stdout.removeprefix("\ufeff"))))
    assert [row["kategori"] for row in rows] == ["laka_lantas", "banjir", "kdrt"]
    assert rows[1]["isi"].startswith("'=banjir")
    assert "081234567890" not in result.stdout
    assert "Slamet" not in result.stdout


def test_geojson_has_the_shared_place_and_invents_none(log: Path) -> None:
    collection = json.loads(run(log, "--format", "geojson").stdout)
    geometries = [feature["geometry"] for feature in collection["features"]]
    assert geometries == [None, {"type": "Point", "coordinates": [109.87, -6.95]}, None]
    assert collection["features"][1]["properties"]["codes"] == ["33.25.09.2008"]


def test_cap_is_valid_and_leaves_private_matters_out(log: Path) -> None:
    result = run(log, "--format", "cap", "--since", "2026-01-01")
    SCHEMA.validate(result.stdout)
    assert result.stdout.count("<info>") == 2
    assert "Slamet" not in result.stdout
    assert "0812" not in result.stdout


def test_a_folder_gets_an_alert_for_each_and_the_next_one_refers_to_it(log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cap"
    assert run(log, "--format", "cap", "--folder", str(folder)).exit_code == exits.GOOD
    assert sorted(path.name for path in folder.iterdir()) == ["kejadian-1.xml", "kejadian-2.xml"]
    change(log, 1, Status.PALSU)
    change(log, 2, Status.TERVERIFIKASI)
    assert run(log, "--format", "cap", "--folder", str(folder)).exit_code == exits.GOOD
    first, second = ((folder / f"kejadian-{number}.xml").read_text() for number in (1, 2))
    for written in (first, second):
        SCHEMA.validate(written)
    assert "<msgType>Cancel</msgType>" in first
    assert "<msgType>Update</msgType>" in second
    assert "<certainty>Observed</certainty>" in second
    engine = connect(f"sqlite:///{log.parent / 'var' / 'data' / 'kentongan.db'}")
    with engine.connect() as connection:
        identifiers = connection.scalars(select(cap_messages.c.identifier).where(cap_messages.c.incident_id == 2)).all()
    engine.dispose()
    assert len(identifiers) == 2
    assert identifiers[0] in second


def test_what_was_false_before_anybody_heard_of_it_is_not_announced(log: Path) -> None:
    change(log, 1, Status.PALSU)
    result = run(log, "--format", "cap", "--number", "1")
    SCHEMA.validate(result.stdout)
    assert "<info>" not in result.stdout


def test_a_daily_report_is_a_pdf_of_that_day(log: Path, tmp_path: Path) -> None:
    target = tmp_path / "laporan.pdf"
    result = run(log, "--format", "pdf", "--since", "2026-11-22", "--until", "2026-11-22", "--output", str(target))
    assert result.exit_code == exits.GOOD, result.output
    assert target.read_bytes().startswith(b"%PDF-")
    assert target.stat().st_mode & 0o077 == 0
    assert noted(log)[0].rows == 3


def test_every_export_is_noted_with_who_what_when_filters_and_rows(log: Path) -> None:
    run(log, "--category", "banjir", "--since", "2026-01-01")
    run(log, "--format", "geojson", "--status", "selesai")
    last, first = noted(log)
    assert (first.who, first.format, first.rows) == ("piket", "csv", 1)
    assert first.filters["category"] == "banjir"
    assert set(first.filters) == {"category", "since"}
    assert (last.format, last.rows, last.filters) == ("geojson", 0, {"status": "selesai"})
    assert first.at > 0
    assert len(first.sha256) == 64


@pytest.fixture
def long_log(log: Path) -> Path:
    """A thousand floods more: several readings' worth."""
    engine = connect(f"sqlite:///{log.parent / 'var' / 'data' / 'kentongan.db'}")
    with engine.begin() as connection:
        one = dict(connection.execute(select(table).where(table.c.id == 2)).mappings().one())
        connection.execute(table.insert(), [{**one, "id": 100 + number} for number in range(1_000)])
    engine.dispose()
    return log


@pytest.mark.parametrize(
    ("arguments", "mark", "rows"),
    [(["--format", "csv"], ",banjir,", 1_003), (["--format", "geojson"], '"Feature",', 1_003),
     (["--format", "cap"], "<info>", 1_002)],
)  # fmt: skip
def test_a_long_log_is_exported_whole_and_noted(long_log: Path, arguments: list[str], mark: str, rows: int) -> None:
    result = run(long_log, *arguments)
    assert result.exit_code == exits.GOOD, result.output
    assert result.stdout.count(mark) >= 1_001
    assert noted(long_log)[0].rows == rows
    if "cap" in arguments:
        SCHEMA.validate(result.stdout)


def test_a_long_log_becomes_an_alert_for_each(long_log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cap"
    assert run(long_log, "--format", "cap", "--folder", str(folder)).exit_code == exits.GOOD
    assert len(list(folder.iterdir())) == 1_002
    SCHEMA.validate((folder / "kejadian-1099.xml").read_text())
    engine = connect(f"sqlite:///{long_log.parent / 'var' / 'data' / 'kentongan.db'}")
    with engine.connect() as connection:
        known = exports.earlier_messages(connection, range(100, 1_100))
    engine.dispose()
    assert len(known) == 1_000


def test_more_than_a_printed_report_holds_is_told_before_it_is_read(
    long_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.cli.export.MAX_ENTRIES", 500)
    monkeypatch.setattr("bot.cli.documents.store.entries", pytest.fail)
    result = run(long_log, "--format", "pdf", "--since", "2026-01-01", "--output", str(tmp_path / "laporan.pdf"))
    assert result.exit_code == exits.FAILED
    assert "1003 kejadian" in result.stderr
    assert noted(long_log) == []


def test_the_progress_is_shown_on_a_terminal_alone(long_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = run(long_log)
    assert plain.stderr == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    shown = run(long_log)
    assert "menyusun" in shown.stderr
    assert shown.stdout == plain.stdout


def test_what_cannot_be_noted_is_not_handed_out(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_values: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("bot.cli.export.store.record", refuse)
    result = run(log)
    assert result.exit_code != exits.GOOD
    assert "banjir" not in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--category", "alien"],
        ["--status", "x"],
        ["--since", "dulu"],
        ["--delimiter", ";;"],
        ["--folder", "x"],
        ["--output", "/nowhere/at/all.csv"],
    ],
)
def test_mistakes_are_told(log: Path, arguments: list[str]) -> None:
    result = run(log, *arguments)
    assert result.exit_code == exits.USAGE
    assert result.stderr.strip()


def test_a_missing_database_is_told_and_not_made(log: Path) -> None:
    shutil.rmtree(log.parent / "var")
    assert run(log).exit_code == exits.USAGE
    assert not (log.parent / "var" / "data" / "kentongan.db").exists()
