from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select, text, update

sys.path.insert(0, str(Path(__file__).parent))

from incident_world import ANALYSER, NOON, report

from bot.incidents.inquiry import read_inquiry
from bot.incidents.lifecycle import Status
from bot.incidents.nearnames import NearNames
from bot.store import incidents, indexing, search, transmissions
from bot.store.search import Filters, Found
from bot.store.tables import incidents as incidents_table
from bot.store.tables import transcripts

DAY = 86_400_000
TEXTS = (
    "laka truk di Cilubah, korban tergeletak",
    "banjir di Kalimanggis RT/RW 03/02, sudah telepon satu satu sembilan",
    "pohon tumbang di jl.raya Tersono",
    "maling motor di Desa Gumawang dikejar warga",
    "tabrakan beruntun di tol KM 371",
)


@pytest.fixture
def log(engine: Engine) -> Engine:
    with engine.begin() as connection:
        for number, said in enumerate(TEXTS):
            report(connection, number, said, at=NOON + number * 1000)
    return engine


def find(engine: Engine, query: str, **filters: object) -> list[str]:
    with engine.begin() as connection:
        return [hit.incident.text for hit in search.search(connection, query, **filters)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("truk", 0),
        ("TERGELETAK", 0),
        ("kecelakaan", 0),
        ("banjir kalimanggis", 1),
        ("119", 1),
        ("satu satu sembilan", 1),
        ("rt/rw", 1),
        ("03/02", 1),
        ("jl.raya", 2),
        ("tumbang", 2),
        ("Gumawang", 3),
        ("mengejar", 3),
        ("tiga tujuh satu", 4),
        ("gringsing", 4),
    ],
)
def test_words_are_found_as_people_write_them(log: Engine, query: str, number: int) -> None:
    assert TEXTS[number] in find(log, query)


def test_every_word_must_be_there(log: Engine) -> None:
    assert find(log, "banjir cilubah") == []


def test_the_newest_comes_first_and_the_limit_holds(log: Engine) -> None:
    assert find(log, "di", limit=2) == [TEXTS[4], TEXTS[3]]


def test_no_words_find_what_the_filters_let_through(log: Engine) -> None:
    assert len(find(log, "")) == len(TEXTS)
    assert find(log, "", category="banjir") == [TEXTS[1]]
    assert find(log, "", place="Pecalungan") == [TEXTS[3]]
    assert find(log, "", room_id="!elsewhere:ex.org") == []


def test_time_and_status_narrow(log: Engine) -> None:
    with log.begin() as connection:
        number = search.search(connection, "banjir")[0].incident.id
        incidents.change_status(
            connection, number, Status.SELESAI, actor="@p:ex.org", reason=None, event_id=None, now=NOON
        )
        connection.execute(
            update(incidents_table).where(incidents_table.c.id == number).values(opened_at=NOON - 40 * DAY)
        )
        search.index(connection, number)
    assert find(log, "banjir", status="selesai") == [TEXTS[1]]
    assert find(log, "banjir", status="baru") == []
    assert find(log, "banjir", since=NOON - 7 * DAY, now=NOON) == []
    assert find(log, "banjir", since=NOON - 50 * DAY, now=NOON) == [TEXTS[1]]


def test_a_hit_marks_the_words_and_names_its_first_report(log: Engine) -> None:
    with log.begin() as connection:
        (hit,) = search.search(connection, "satu satu sembilan banjir")
    marked = search.mark(hit.incident.text, hit.spans, "<", ">")
    assert marked == "<banjir> di Kalimanggis RT/RW 03/02, sudah telepon <satu satu sembilan>"
    assert hit.event_id == "$text1"


def test_words_of_a_linked_report_are_found_too(log: Engine) -> None:
    with log.begin() as connection:
        _, linked = report(connection, 50, "kecelakaan Cilubah, sopirnya terjepit", at=NOON + 60_000)
        assert linked
    assert find(log, "terjepit") == [TEXTS[0]]


def test_words_that_were_withdrawn_are_not_found_any_more(log: Engine) -> None:
    with log.begin() as connection:
        number, _ = report(connection, 50, "kecelakaan Cilubah, sopirnya terjepit", at=NOON + 60_000)
        transmissions.withdrawn(connection, "$text50", NOON)
        search.index(connection, number)
    assert find(log, "terjepit") == []


def test_rebuilding_finds_the_same(log: Engine) -> None:
    with log.begin() as connection:
        connection.execute(text("DELETE FROM incident_words"))
    assert find(log, "banjir") == []
    with log.begin() as connection:
        assert search.rebuild(connection) == len(TEXTS)
    assert find(log, "banjir") == [TEXTS[1]]


@pytest.mark.parametrize(
    "query",
    [
        '"',
        "'; DROP TABLE incidents; --",
        "banjir OR",
        "NEAR(a b)",
        "words:banjir",
        "a*",
        "^a",
        "(",
        "-",
        "\x00",
        "k_banjir",
    ],
)
def test_a_crafted_query_is_only_words(log: Engine, query: str) -> None:
    find(log, query)
    assert len(find(log, "")) == len(TEXTS)


def test_a_mark_of_the_index_is_not_reachable_by_words(log: Engine) -> None:
    assert find(log, "k_banjir") == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=80), st.one_of(st.none(), st.text(max_size=20)))
def test_no_query_breaks_the_search(log: Engine, query: str, place: str | None) -> None:
    find(log, query, place=place, category=place, status=place)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_whatever_was_written_is_found_by_its_own_words(engine: Engine, said: str) -> None:
    words = search.words_of(said)
    with engine.begin() as connection:
        number, _ = report(connection, hash(said) & 0xFFFFFFFF, said)
        hits = search.search(connection, said, limit=10_000)
        if words and len(words) <= search.MAX_WORDS:
            assert number in {hit.incident.id for hit in hits}
        connection.rollback()


# Names of places, forms, whole lines


NAMES = NearNames(place.name for place in ANALYSER.gazetteer.places)


def look(engine: Engine, query: str, **values: Any) -> Found:
    with engine.begin() as connection:
        return search.find(connection, query, names=NAMES, **values)


@pytest.mark.parametrize("query", ["banjir kalimangis", "kalimangis", "banjir kaliimanggis"])
def test_a_misspelt_place_is_found_and_told(log: Engine, query: str) -> None:
    found = look(log, query)
    assert [hit.incident.text for hit in found.hits] == [TEXTS[1]]
    assert list(found.read_as.values()) == [("kalimanggis",)]


def test_a_word_that_stands_in_the_log_is_not_taken_for_a_place(log: Engine) -> None:
    with log.begin() as connection:
        report(connection, 60, "maling subuh tadi di Limpung", at=NOON + 90_000)
        report(connection, 61, "maling di Subah", at=NOON + 10 * DAY)
    found = look(log, "maling subuh")
    assert [hit.incident.text for hit in found.hits] == ["maling subuh tadi di Limpung"]
    assert found.read_as == {}
    assert look(log, "maling subuh", filters=Filters(since=NOON + 5 * DAY), now=NOON + 11 * DAY).read_as == {
        "subuh": ("subah",)
    }


def test_what_was_heard_and_what_was_meant_are_both_found(log: Engine) -> None:
    with log.begin() as connection:
        number, _ = report(connection, 62, "pohon tumbang di alas roman", at=NOON + 90_000)
        row = connection.execute(select(transcripts).order_by(transcripts.c.id.desc()).limit(1)).one()
        connection.execute(
            update(transcripts).where(transcripts.c.id == row.id).values(corrected="pohon tumbang di Alas Roban")
        )
        transmissions.corrected(connection, row.transmission_id, "pohon jati tumbang", author="@p:ex.org", now=NOON)
        search.index(connection, number)
    for query in ("alas roman", "alas roban", "jati"):
        assert find(log, query) == ["pohon tumbang di alas roman"], query


def test_a_line_is_asked_with_its_filters(log: Engine) -> None:
    now = datetime.fromtimestamp(NOON / 1000 + 3600, UTC)

    def ask(line: str) -> list[str]:
        inquiry = read_inquiry(line, now, categories=ANALYSER.rules.titles)
        with log.begin() as connection:
            hits = search.ask(connection, inquiry, names=NAMES, now=NOON + 3_600_000).hits
        return [hit.incident.text for hit in hits]

    assert ask("banjir kalimanggis 7 hari") == [TEXTS[1]]
    assert ask("banjir kategori:laka_lantas") == []
    assert ask("banjir sampai:01.01.2026") == []
    assert ask("maling status:baru tempat:pecalungan") == [TEXTS[3]]
    assert ask("#2") == [TEXTS[1]]
    assert ask("#999999999999999") == []


def test_what_is_shown_has_no_personal_number_however_it_was_asked_for(log: Engine) -> None:
    with log.begin() as connection:
        report(connection, 63, "tabrak lari di Tulis, hubungi 081234567890", at=NOON + 5 * DAY)
        (hit,) = search.search(connection, "081234567890 tulis")
    text_, spans = hit.shown()
    assert "0812" not in text_
    assert [text_[start:end] for start, end in spans] == ["Tulis"]


def test_a_hundred_thousand_characters_are_a_query_like_any_other(log: Engine) -> None:
    for query in ("banjir " * 15_000, "x" * 100_000, '"' * 100_000, "(((" * 33_000, "satu " * 20_000):
        find(log, query)
    assert find(log, "kalimanggis " * 10_000) == [TEXTS[1]]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            ["banjir", "AND", "OR", "NOT", "NEAR(a b, 2)", '"', "*", "^", "words:", "{words}:", "(", ")", "+", "-",
             "\x00", "incident_words", ";", "'", "rank", "\ud800", "🔥", "x_62", "k_banjir", "m_202611"]
        ),
        max_size=10,
    ).map(" ".join)
)  # fmt: skip
def test_the_engines_own_words_mean_nothing(log: Engine, query: str) -> None:
    hits = look(log, query).hits
    wanted = {word for word in search.words_of(query)}
    for hit in hits:
        assert wanted <= set(search.words_of(" ".join([hit.incident.text, hit.incident.analysis.title]))) or not wanted


def test_many_are_indexed_as_one_by_one(log: Engine) -> None:
    with log.begin() as connection:
        before = connection.execute(text("SELECT rowid, words FROM incident_words ORDER BY rowid")).all()
        assert indexing.index_many(connection, [1, 2, 3, 4, 5, 999]) == len(TEXTS)
        assert connection.execute(text("SELECT rowid, words FROM incident_words ORDER BY rowid")).all() == before


def test_a_compacted_index_holds_nothing_of_what_was_erased(log: Engine) -> None:
    with log.begin() as connection:
        number, _ = report(connection, 64, "rahasia zebrakuda di Limpung", at=NOON + 90_000)
    with log.begin() as connection:
        empty = {"n": number, "a": '{"title": ""}'}
        connection.execute(text("UPDATE incidents SET text = '', analysis = :a, places = '[]' WHERE id = :n"), empty)
        transmissions.withdrawn(connection, "$text64", NOON)
        search.index(connection, number)
        assert b"zebrakuda" in _blocks(connection)
    steps = 0
    more = True
    while more:
        with log.begin() as connection:
            more = indexing.compact(connection)
        steps += 1
        assert steps < 100
    with log.begin() as connection:
        assert b"zebrakuda" not in _blocks(connection)
    assert find(log, "banjir") == [TEXTS[1]]


def _blocks(connection: Connection) -> bytes:
    return b"".join(connection.scalars(text("SELECT block FROM incident_words_data")))
