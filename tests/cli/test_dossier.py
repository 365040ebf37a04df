"""`kentongan incidents show`: the whole of one incident, and who looked at it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from typer.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))

from incident_world import NOON, report

from bot.cli import app
from bot.incidents.lifecycle import Status
from bot.store import incidents, transmissions
from bot.store.database import connect
from bot.store.tables import audit, audit_payloads, incident_history

ROOT = Path(__file__).parents[2]
KEY = "k" * 40
PHONE, PLATE = "081234567890", "G 4821 QX"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Callable[[Path], Engine]) -> Path:
    monkeypatch.setenv("KENTONGAN_AUDIT_KEY", KEY)
    monkeypatch.setenv("KENTONGAN_PICKLE_KEY", KEY)
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "piket")
    shutil.copytree(ROOT / "flows" / "incidents", tmp_path / "flows" / "incidents")
    path = tmp_path / "config.yaml"
    path.write_text('homeserver: {url: "http://127.0.0.1:1", user_id: "@kentongan:ex.org"}\n', encoding="utf-8")
    (tmp_path / "var" / "data").mkdir(parents=True)
    engine = empty_database(tmp_path / "var" / "data" / "kentongan.db")
    with engine.begin() as connection:
        report(connection, 1, f"motor {PLATE} dicuri di Cilubah, telepon {PHONE}", at=NOON)
        transmissions.corrected(connection, 1, f"motor {PLATE} dicuri di Kalimanggis", author="@ani:ex.org", now=NOON)
        incidents.change_status(
            connection, 1, Status.DITINJAU, actor="@ani:ex.org", reason=None, event_id=None, now=NOON
        )
        report(connection, 2, "tolong suami pukuli istri KDRT di Desa Gumawang", at=NOON + 1000)
    engine.dispose()
    return path


def run(config: Path, *args: str) -> Result:
    return CliRunner().invoke(app, ["incidents", "show", *args, "--config", str(config)])


def looked(config: Path) -> list[tuple[str, dict[str, object]]]:
    engine = connect(f"sqlite:///{config.parent / 'var' / 'data' / 'kentongan.db'}")
    with engine.begin() as connection:
        rows = connection.execute(select(audit.c.kind, audit_payloads.c.payload).join(audit_payloads)).all()
    engine.dispose()
    return [(row.kind, row.payload) for row in rows]


def test_it_shows_versions_links_and_steps_without_numbers_and_notes_who_looked(config: Path) -> None:
    result = run(config, "1")
    assert result.exit_code == 0, result.output
    for part in ("#1", "versi 1", "versi 2", "@ani", "ditinjau", "Kalimanggis"):
        assert part in result.stdout
    assert PHONE not in result.stdout
    assert PLATE not in result.stdout
    assert looked(config) == [("incident.read", {"incident": 1, "who": "piket", "by": "command", "found": [1]})]


def test_evidence_shows_the_numbers_and_stands_in_the_history(config: Path) -> None:
    result = run(config, "1", "--evidence", "--json")
    assert result.exit_code == 0, result.output
    [line] = result.stdout.splitlines()
    found = json.loads(line)
    assert PLATE in found["reports"][0]["versions"][0]["text"]
    assert PHONE in found["reports"][0]["versions"][0]["text"]
    assert [kind for kind, _ in looked(config)] == ["incident.evidence"]
    engine = connect(f"sqlite:///{config.parent / 'var' / 'data' / 'kentongan.db'}")
    with engine.begin() as connection:
        acts = select(incident_history.c.actor).where(incident_history.c.action == "evidence")
        assert connection.scalars(acts).all() == ["piket"]
    engine.dispose()


def test_a_private_matter_shows_its_steps_and_nothing_of_its_words(config: Path) -> None:
    plain = run(config, "2", "--json")
    found = json.loads(plain.stdout)
    assert found["private"] is True
    assert found["history"]
    assert "suami" not in plain.stdout
    assert "Gumawang" not in plain.stdout
    assert "suami" not in run(config, "2").stdout
    assert "suami" in run(config, "2", "--evidence").stdout


def test_a_number_that_is_not_there_is_said_and_not_noted(config: Path) -> None:
    result = run(config, "99")
    assert result.exit_code == 1
    assert "99" in result.stderr
    assert looked(config) == []
