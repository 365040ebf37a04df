"""The law table: what a message names, and what is said of it."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.decision import Outcome
from bot.dialogue.engine import Engine
from bot.dialogue.law import LawTable
from bot.dialogue.loader import load_flows
from bot.dialogue.lookup import Mention
from bot.problem import ContentError

SHIPPED = Path(__file__).parents[2] / "flows"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def table(engine: Engine) -> LawTable:
    found = engine.understander.lookups["law"]
    assert isinstance(found, LawTable)
    return found


def _mention(engine: Engine, table: LawTable, text: str) -> Mention | None:
    reading = engine.understander.reader.read(text)
    return table.mention(reading, engine.understander.index.find(reading))


def _value(engine: Engine, table: LawTable, text: str) -> str | None:
    mention = _mention(engine, table, text)
    return mention.value if mention else None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("pasal 362", "362@any"),
        ("psl 362 lama", "362@kuhp_lama"),
        ("pasal 362 hukumannya berapa lama", "362@any"),
        ("363 kuhp lama itu apa", "363@kuhp_lama"),
        ("kuhp lama pasal 338", "338@kuhp_lama"),
        ("pasal 476 baru dulunya pasal berapa di kuhp lama", "476@kuhp"),
        ("pasal 476 kuhp baru", "476@kuhp"),
        ("pasal 351 ayat 3", "351(3)@any"),
        ("pasal 303 bis", "303_bis@any"),
        ("pasal 27B uu ite", "27b@ite"),
        ("uu 35 tahun 2009 pasal 112", "112@narkotika"),
        ("uu 35/2009 pasal 112", "112@narkotika"),
        ("pasal 362 sama 363", "362@any 363@any"),
        ("hukuman begal", "pencurian_kekerasan"),
        ("pasal pencurian ringan", "pencurian_ringan"),
        ("pasal pencurian dan penganiayaan", "pencurian penganiayaan"),
        ("denda tidak pakai helm", "lalin_helm"),
        ("uu ite pasal 28 ayat 2", "28(2)@ite"),
        ("pasal 27 ayat (3) jo pasal 45 ayat (1) uu ite", "27(3)@ite 45(1)@ite"),
        ("28 ayat 2 uu ite", "28(2)@ite"),
        ("ayat 2 pasal 363", "363(2)@any"),
        ("pasal 363 ayat 1 dan 2", "363(1)@any 363(2)@any"),
        ("pasal 363 ayat kesatu", "363(1)@any"),
        ("pasal 351(3) kuhp lama", "351(3)@kuhp_lama"),
        ("pasal 363 ayat 1 ke-4", "363(1)@any"),
        ("psl 363 ayat 1 ke 4 dan ke 5 huruf a", "363(1)@any"),
        ("pasal 362 ke 476", "362@any 476@any"),
        ("pasal 27 a uu ite", "27a@ite"),
        ("pasal 303bis", "303_bis@any"),
        ("362", "362@any"),
        ("378 lama", "378@kuhp_lama"),
        ("kalau 480 baru isinya apa pak", "480@kuhp"),
        ("999", None),
        ("112", None),
        ("362 orang", None),
        ("kalau malam lampu depan mati kena denda berapa", "lalin_lampu_malam"),
        ("denda siang hari lampu motor mati", "lalin_lampu_siang"),
        ("denda lampu mati", "lalin_lampu_malam lalin_lampu_siang"),
        ("hukuman jual minuman keras", "miras_anak"),
        ("minum minuman keras di jalan", "mabuk"),
        ("begal dibunuh korbannya", "pembelaan_terpaksa"),
        ("begal membunuh korbannya", "pencurian_kekerasan pembunuhan"),
        ("anak 13 tahun mencuri", "pencurian anak_tindakan anak_diversi"),
        ("adik umurnya masih 16 nyuri", "pencurian anak_diversi"),
        ("anak di bawah umur memukul", "penganiayaan anak_tindakan anak_diversi"),
        ("anak 20 tahun mencuri", "pencurian"),
        ("mencuri dipenjara 5 tahun", "pencurian"),
        ("anak 13 tahun mau bikin sim", None),
        ("rumah nomor 362", None),
        ("harga 362 ribu", None),
        ("tahun 2026", None),
    ],
)
def test_articles_and_offences_are_recognised_and_other_numbers_are_not(
    engine: Engine, table: LawTable, text: str, value: str | None
) -> None:
    assert _value(engine, table, text) == value


def test_one_number_is_never_taken_for_its_neighbour(table: LawTable) -> None:
    one, other = table.answer("362@kuhp_lama"), table.answer("363@kuhp_lama")
    assert one is not None
    assert other is not None
    assert "Pasal 476" in one.text
    assert "Pasal 477" not in one.text
    assert "Pasal 477" in other.text


def test_a_bare_number_tells_both_readings(table: LawTable) -> None:
    both, single = table.answer("481@any"), table.answer("476@any")
    assert both is not None
    assert single is not None
    assert "Pasal 481 KUHP baru" in both.text
    assert "481 KUHP lama" in both.text
    assert "Di KUHP lama, pasal 476 mengatur hal lain" in single.text


def test_only_the_paragraph_that_was_named_is_answered(table: LawTable) -> None:
    both, second, third, ninth = (table.answer(f"28{paragraph}@ite") for paragraph in ("", "(2)", "(1)", "(9)"))
    assert both is not None
    assert second is not None
    assert third is not None
    assert ninth is not None
    assert "Pasal 243 KUHP baru" in both.text
    assert "Pasal 28 ayat (1) UU ITE" in both.text
    assert "Pasal 243 KUHP baru" in second.text
    assert "konsumen" not in second.text
    assert "konsumen" in third.text
    assert "Pasal 28 ayat (9) UU ITE belum ada di daftar" in ninth.text


def test_articles_that_the_criminal_code_took_over_lead_to_it(table: LawTable) -> None:
    for former, article in (("27(1)", "407"), ("27(3)", "441"), ("28(2)", "243"), ("30", "332"), ("31(2)", "258")):
        finding = table.answer(f"{former}@ite")
        assert finding is not None
        assert f"Pasal {article} KUHP baru" in finding.text


def test_nothing_is_claimed_of_numbers_that_a_code_does_not_have(table: LawTable) -> None:
    for number in ("591", "610", "303_bis"):
        finding = table.answer(f"{number}@any")
        assert finding is not None
        assert "mengatur hal lain" not in finding.text


def test_a_light_form_is_named_below_its_offence_unless_both_are_told(engine: Engine, table: LawTable) -> None:
    law = engine.flows.law
    assert law is not None
    names = {row.key: row.name for row in law.offences}
    for row in law.offences:
        for other in row.see:
            alone, together = table.answer(row.key), table.answer(f"{row.key} {other}")
            assert alone is not None
            assert together is not None
            assert names[other] in alone.text
            assert f"KUHP baru**, {names[other]}" not in together.text


def test_every_answer_says_that_it_is_general_and_who_decides(engine: Engine, table: LawTable) -> None:
    law = engine.flows.law
    assert law is not None
    values = [row.key for row in law.offences]
    values += [f"{row.article}@{code}" for row in law.offences for code in ("any", row.code) if row.article]
    values += ["999@any", "27(9)@ite", "pencurian lalin_helm"]
    for value in values:
        finding = table.answer(value)
        assert finding is not None
        assert "penjelasan umum" in finding.text
        assert "jaksa, dan hakim" in finding.text
        assert finding.sources


def test_every_row_is_found_by_its_name_and_its_numbers_and_ends_without_a_verdict(
    engine: Engine, table: LawTable
) -> None:
    law = engine.flows.law
    assert law is not None
    for row in law.offences:
        mention = _mention(engine, table, f"pasal {row.name}")
        assert mention is not None, row.key
        assert row.key in mention.value.split(), (row.key, mention.value)
        references = [(row.code, row.article), *((old.code, number) for old in row.former for number in old.articles)]
        for code, number in references:
            if number is None:
                continue
            finding = table.answer(f"{number.replace(' ', '_')}@{code}")
            assert finding is not None
            assert row.name in finding.text
            assert "hakim" in finding.text
            assert finding.sources
            assert "{" not in finding.text


def test_traffic_fines_are_told_without_kurungan(engine: Engine, table: LawTable) -> None:
    law = engine.flows.law
    assert law is not None
    for row in law.offences:
        assert "kurungan" not in (row.maximum or "")
        if row.code == "lalin":
            finding = table.answer(row.key)
            assert finding is not None
            assert ("kurungan untuk pelanggaran lalu lintas tidak ada lagi" in finding.text) != row.general_closing


def test_what_is_not_certain_is_said_to_be_so(engine: Engine, table: LawTable) -> None:
    law = engine.flows.law
    assert law is not None
    doubted = [row for row in law.offences if row.mark != "S"]
    assert doubted
    for row in doubted:
        finding = table.answer(row.key)
        assert finding is not None
        assert "tanyakan ke petugas" in finding.text


def test_a_talk_under_changed_content_survives_a_row_that_is_gone(table: LawTable) -> None:
    assert table.answer("row_that_was_removed") is None


@given(st.text(max_size=120), st.sampled_from(["pasal ", "uu ", "pasal 362 ", "kuhp lama ", ""]))
def test_any_text_is_survived_and_whatever_is_recognised_can_be_answered(
    engine: Engine, text: str, before: str
) -> None:
    table = engine.understander.lookups["law"]
    reading = engine.understander.reader.read(before + text)
    mention = table.mention(reading, engine.understander.index.find(reading))
    if mention is not None:
        assert table.answer(mention.value) is not None
        assert all(0 <= start < end <= len(reading.words) for start, end in mention.spans)


@pytest.mark.parametrize("text", ["362", "378 lama", "263 kuhp baru isinya apa", "kuhp 338", "480", "303 bis"])
def test_a_number_of_the_table_is_a_question_by_itself(engine: Engine, text: str) -> None:
    decision = engine.step(None, text, NOW)
    assert decision.outcome is Outcome.ANSWER
    assert decision.intent == "pasal_pidana"
    assert "KUHP baru" in decision.reply


@pytest.mark.parametrize("text", ["999", "112", "110", "362 ribu", "rumah nomor 362"])
def test_other_numbers_are_no_question_to_the_table(engine: Engine, text: str) -> None:
    assert "Pasal" not in engine.step(None, text, NOW).reply


def test_the_answer_carries_the_sources_and_the_date_of_the_table(engine: Engine) -> None:
    decision = engine.step(None, "pasal 362 lama", NOW)
    assert decision.outcome is Outcome.ANSWER
    assert any("UU 1/2023" in source for source in decision.sources)
    assert "22 Nov 2026" in decision.reply


def _folder(tmp_path: Path, old: str, new: str) -> Path:
    folder = tmp_path / "flows"
    shutil.copytree(SHIPPED, folder)
    text = (folder / "law.yaml").read_text()
    assert old in text
    (folder / "law.yaml").write_text(text.replace(old, new, 1))
    return folder


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("atau {V}", "atau {IX}", "no fine category 'IX'"),
        ("    former: [{code: kuhp_lama", "    former: [{code: kuhp_tua", "no code 'kuhp_tua'"),
        ("key: pencurian_berat\n", "key: pencurian\n", "offence 'pencurian' is written twice"),
        ("old_code: kuhp_lama", "old_code: kuhp_tua", "no code 'kuhp_tua'"),
        ("    source: penyesuaian", "    source: penyesuain", "source 'penyesuain' is not listed"),
        ("    mark: M\n", "    mark: Z\n", "mark"),
    ],
)
def test_a_mistake_in_the_table_is_told_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = _folder(tmp_path, old, new)
    with pytest.raises(ContentError) as caught:
        load_flows(folder)
    told = [problem for problem in caught.value.problems if problem.file.name == "law.yaml"]
    assert any(message in problem.message and problem.line > 1 for problem in told), told


def test_a_call_without_its_table_or_of_an_unknown_name_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    shutil.copytree(SHIPPED, folder)
    (folder / "law.yaml").unlink()
    with pytest.raises(ContentError, match=r"'law' needs law\.yaml"):
        load_flows(folder)
    (folder / "hukum.yaml").write_text((folder / "hukum.yaml").read_text().replace("call: law", "call: lawless"))
    with pytest.raises(ContentError, match="no lookup 'lawless'; there are: law"):
        load_flows(folder)


def test_an_overdue_table_is_a_warning() -> None:
    due = [problem for problem in load_flows(SHIPPED).warnings(date(2030, 1, 1)) if problem.file.name == "law.yaml"]
    assert len(due) == 1
    assert due[0].line > 1
