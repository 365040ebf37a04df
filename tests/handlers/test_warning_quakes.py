"""Quakes between the bulletins: told when felt, mended when it matters; a tsunami is a matter of officers."""

from __future__ import annotations

from typing import Any

import pytest
from handlers_world import NOW, OJOL, OPERATIONS, sent
from sqlalchemy import Engine
from warning_world import MINUTE, Sources, bodies, quake

from bot.handlers import warning
from bot.store import warnings

THREAT, SAFE = "Berpotensi tsunami untuk diteruskan pada masyarakat", "Tidak berpotensi tsunami"


def said(sources: Sources, *args: str, now: int = NOW, **more: Any) -> None:
    sources.say(quake(*args, **more), "quakes")
    sources.look(now)


def test_a_quake_felt_here_is_told_and_small_corrections_are_not(sources: Sources, engine: Engine) -> None:
    sources.say(quake(), "quakes")
    sources.look()
    assert "4,6" in bodies(engine, OJOL)[0]
    assert "III MMI" in bodies(engine, OJOL)[0]
    sources.say(quake("4.8", at=NOW - 10 * MINUTE + 20_000), "quakes")
    sources.look()
    assert len(bodies(engine, OJOL)) == 1
    sources.say(quake("5.1"), "quakes")
    sources.look()
    sources.look()
    assert "Pembaruan" in bodies(engine, OJOL)[1]
    sources.say(quake("5.1", felt="IV Batang"), "quakes")
    sources.look()
    assert [row.first_id for row in sources.rows()] == [None, 1, 1]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(quake(felt="III Batang Hari"), id="another Batang"),
        pytest.param(quake(felt="I Batang"), id="hardly felt"),
        pytest.param(quake(at=NOW - 61 * MINUTE), id="long ago"),
        pytest.param(quake(felt="", Potensi="Tidak berpotensi tsunami"), id="far away"),
    ],
)
def test_other_quakes_are_not_told(sources: Sources, engine: Engine, raw: str) -> None:
    sources.say(raw, "quakes")
    sources.look()
    assert sent(engine) == []


def test_words_on_a_tsunami_wait_for_officers(sources: Sources, engine: Engine) -> None:
    said(sources, "7.1", felt="", Potensi=THREAT)
    assert {row["room_id"] for row in sent(engine)} == {OPERATIONS}
    assert "Menyebut tsunami" in sent(engine)[0]["content"]["body"]


def test_a_tsunami_that_is_spoken_of_later_is_news_though_no_number_changed(sources: Sources, engine: Engine) -> None:
    said(sources, "5.9")
    said(sources, "5.9", Potensi=THREAT)
    assert [(row.state, row.why, row.first_id) for row in sources.rows()] == [
        ("sent", None, None),
        ("held", "tsunami", 1),
    ]
    assert len(bodies(engine, OJOL)) == 1


def test_a_clock_ahead_makes_a_tsunami_no_matter_of_one_officer(sources: Sources) -> None:
    said(sources, "7.1", Potensi=THREAT, at=NOW + 30 * MINUTE)
    assert sources.why() == ["tsunami"]


def test_that_none_is_expected_is_no_news_by_itself(sources: Sources, engine: Engine) -> None:
    said(sources, "5.9")
    said(sources, "5.9", Potensi=SAFE)
    said(sources, "5.9")
    assert len(bodies(engine, OJOL)) == 1


def test_a_threat_that_nobody_heard_of_is_taken_from_the_officers_and_the_quake_told(
    sources: Sources, engine: Engine
) -> None:
    said(sources, "5.9", Potensi=THREAT)
    said(sources, "5.9", Potensi=SAFE)
    assert sources.states() == ["unsaid", "sent"]
    [body] = bodies(engine, OJOL)
    assert "Tidak berpotensi" in body
    assert "Pembaruan" not in body
    assert "lebih baru" in sent(engine, OPERATIONS)[1]["content"]["m.new_content"]["body"]


def test_a_threat_from_afar_that_goes_leaves_nothing_to_tell(sources: Sources, engine: Engine) -> None:
    said(sources, "7.1", felt="", Potensi=THREAT)
    said(sources, "7.1", felt="", Potensi=SAFE)
    assert sources.states() == ["unsaid", "over"]
    assert bodies(engine, OJOL) == []


def by_officers(sources: Sources, number: int) -> None:
    """Two officers have it sent."""
    with sources.engine.begin() as connection:
        held = warnings.get(connection, number)
        assert held is not None
        assert warning.send(connection, sources.desk, held, NOW, by="@ani:batang.test", second="@budi:batang.test")


@pytest.mark.parametrize("minutes", [1, 150])
def test_a_threat_that_was_said_is_taken_back_where_it_was_said_however_late(
    sources: Sources, engine: Engine, minutes: int
) -> None:
    said(sources, "7.1", felt="", Potensi=THREAT)
    by_officers(sources, 1)
    sources.deliver()
    said(sources, "7.1", felt="", Potensi=SAFE, now=NOW + MINUTE)
    sources.confirm(NOW + minutes * MINUTE)
    sources.look(NOW + minutes * MINUTE)
    first, last = bodies(engine, OJOL)
    assert "Berpotensi tsunami" in first
    assert "Pembaruan" in last
    assert "Tidak berpotensi" in last


def test_silence_on_a_tsunami_takes_nothing_back(sources: Sources, engine: Engine) -> None:
    said(sources, "7.1", Potensi=THREAT)
    by_officers(sources, 1)
    said(sources, "7.1")
    said(sources, "7.1")
    assert [(row.state, row.why) for row in sources.rows()] == [("sent", "tsunami"), ("held", "tsunami_unsaid")]
    assert len(bodies(engine, OJOL)) == 1


def test_a_threat_for_one_coast_is_a_threat_though_another_has_none(sources: Sources) -> None:
    said(sources, "7.1", Potensi="Berpotensi tsunami di selatan, tidak berpotensi tsunami di utara")
    assert sources.why() == ["tsunami"]


def test_numbers_that_go_back_to_what_they_were_are_told_again(sources: Sources, engine: Engine) -> None:
    for magnitude in ("4.6", "5.3", "4.6", "4.6"):
        said(sources, magnitude)
        sources.deliver()
    assert len(bodies(engine, OJOL)) == 3
    assert "4,6" in bodies(engine, OJOL)[-1]
