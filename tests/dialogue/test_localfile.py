"""A local fact carries its own source and dates, to the citizen and to `kentongan check`."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.dialogue.engine import Engine
from bot.dialogue.flows import Flows
from bot.dialogue.loader import load_flows
from bot.dialogue.reply import choose_answer, render_answer
from bot.problem import ContentError, Severity

SHIPPED = Path(__file__).parents[2] / "flows"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
FLOW = """\
version: 1
flow: perahu
title: Perahu
nouns: [[perahu]]
verified_on: 2026-11-22
review_by: 2027-05-22
sources:
  perda: {title: Perda 1/2020}
intents:
  - name: perahu_sewa
    title: Menyewa perahu
    examples: [sewa perahu, mau sewa perahu, perahu sewaan]
    answers:
      - text: "Di dermaga {local.tempat}, {local.jam}."
"""
DATED = "{about: alamat dermaga, value: Pantai Sigandu, verified_on: 2026-10-01, review_by: 2026-12-01}"
EMPTY = "{about: jam loket}"


def _folder(tmp_path: Path, place: str = DATED, hours: str = EMPTY, head: str = "source: Petugas dermaga") -> Path:
    folder = tmp_path / "flows"
    folder.mkdir()
    for name in ("lexicon.yaml", "phrases.yaml"):
        shutil.copy(SHIPPED / name, folder / name)
    (folder / "policy.yaml").write_text("version: 1\nrules: []\n")
    (folder / "perahu.yaml").write_text(FLOW)
    (folder / "local.yaml").write_text(f"version: 1\n{head}\nfacts:\n  tempat: {place}\n  jam: {hours}\n")
    return folder


def _reply(flows: Flows) -> list[str]:
    service = flows.services["perahu_sewa"]
    answer = choose_answer(service, (), {})
    assert answer is not None
    return render_answer(flows, service, answer, {}).split("\n\n")


def _warned(flows: Flows, today: date = TODAY) -> list[str]:
    problems = flows.warnings(today)
    assert all(problem.severity is Severity.WARNING and problem.file.name == "local.yaml" for problem in problems)
    return [f"{problem.line}: {problem.message}" for problem in problems]


def test_an_answer_with_a_local_fact_shows_the_facts_own_dates_below_its_own(tmp_path: Path) -> None:
    text, own, local = _reply(load_flows(_folder(tmp_path)))
    assert text == "Di dermaga Pantai Sigandu, belum tersedia."
    assert own == "*Sumber: Perda 1/2020. Dicek 22 Nov 2026, ditinjau lagi paling lambat 22 Mei 2027.*"
    assert local == (
        "*Sumber: Petugas dermaga (alamat dermaga). Dicek 1 Okt 2026, ditinjau lagi paling lambat 1 Des 2026.*"
    )


def test_facts_of_one_day_stand_in_one_line_and_a_fact_may_name_its_own_source(tmp_path: Path) -> None:
    hours = "{about: jam loket, value: '08.00', source: Papan loket, verified_on: 2026-10-01, review_by: 2026-12-01}"
    _, _, local = _reply(load_flows(_folder(tmp_path, hours=hours)))
    assert local.startswith("*Sumber: Petugas dermaga (alamat dermaga); Papan loket (jam loket). Dicek 1 Okt 2026")


def test_a_fact_checked_with_the_answer_joins_its_line(tmp_path: Path) -> None:
    place = DATED.replace("2026-10-01", "2026-11-22").replace("2026-12-01", "2027-05-22")
    _, line = _reply(load_flows(_folder(tmp_path, place)))
    assert line.startswith("*Sumber: Perda 1/2020; Petugas dermaga (alamat dermaga). Dicek 22 Nov 2026")


def test_a_fact_without_dates_is_told_as_undated_never_under_the_dates_of_the_law(tmp_path: Path) -> None:
    flows = load_flows(_folder(tmp_path, "{about: alamat dermaga, value: Pantai Sigandu, verified_on: 2026-10-01}"))
    _, own, local = _reply(flows)
    assert "dermaga" not in own
    assert "Tanggal pengecekannya belum dicatat" in local
    assert "alamat dermaga" in local
    assert "4: local fact tempat (alamat dermaga) has no verified_on and review_by" in "\n".join(_warned(flows))


def test_the_audit_names_the_local_source_too(tmp_path: Path) -> None:
    decision = Engine(load_flows(_folder(tmp_path))).step(None, "mau sewa perahu", NOW)
    assert decision.sources == (
        "Perda 1/2020",
        "Petugas dermaga (alamat dermaga)",
        "Petugas dermaga (jam loket) (flows/local.yaml)",
    )


def test_an_answer_that_tells_only_an_empty_fact_claims_no_check(tmp_path: Path) -> None:
    folder = _folder(tmp_path, EMPTY)
    (folder / "perahu.yaml").write_text(FLOW.replace('{local.jam}."', '{local.jam}."\n        sources: []'))
    assert _reply(load_flows(folder)) == ["Di dermaga belum tersedia, belum tersedia."]


def test_a_reply_with_empty_facts_says_once_where_to_ask(tmp_path: Path) -> None:
    flows = load_flows(_folder(tmp_path, EMPTY))
    reply = Engine(flows).step(None, "mau sewa perahu", NOW).reply
    assert reply.count("belum tersedia,") == 1
    assert reply.count("minta petugas") == 1
    assert reply.endswith(str(flows.phrases.ask_instead))


def test_a_reply_without_empty_facts_sends_nobody_elsewhere(tmp_path: Path) -> None:
    hours = DATED.replace("Pantai Sigandu", "pukul sembilan")
    reply = Engine(load_flows(_folder(tmp_path, hours=hours))).step(None, "mau sewa perahu", NOW).reply
    assert "minta petugas" not in reply


def test_an_overdue_fact_and_an_empty_one_are_warned_of_with_their_lines(tmp_path: Path) -> None:
    flows = load_flows(_folder(tmp_path))
    empty = "5: local fact jam (jam loket) is empty: answers say so until you fill it in"
    assert _warned(flows, date(2026, 12, 1)) == [empty]
    overdue = "4: local fact tempat (alamat dermaga) was to be reviewed by 2026-12-01: confirm it, set new dates"
    assert _warned(flows, date(2026, 12, 2)) == [overdue, empty]


def test_without_a_source_the_line_names_what_the_fact_is_about(tmp_path: Path) -> None:
    *_, local = _reply(load_flows(_folder(tmp_path, head="officer_hours: []")))
    assert local.startswith("*Sumber: alamat dermaga. Dicek 1 Okt 2026")


def test_a_review_before_the_check_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"local\.yaml:4: .*review_by must be later than verified_on"):
        load_flows(_folder(tmp_path, DATED.replace("2026-12-01", "2026-10-01")))
