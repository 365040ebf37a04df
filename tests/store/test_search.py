from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text, update

sys.path.insert(0, str(Path(__file__).parent))

from incident_world import NOON, report

from bot.incidents.lifecycle import Status
from bot.store import incidents, search, transmissions
from bot.store.tables import incidents as incidents_table

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
