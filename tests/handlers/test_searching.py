from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from handlers_world import OJOL, OPERATIONS, Event, Take, audited, sent
from sqlalchemy import Engine

from bot.event import Trust
from bot.handlers.desk import Desk
from bot.rooms.model import Officer
from bot.store import outbox

PIKET = "@piket:batang.test"


@pytest.fixture
def officer(event: Event, desk: Desk) -> Event:
    """What the officer on duty writes in the operations room, from a known device."""
    rooms = desk.content.rooms
    known = Officer(person=PIKET, role="petugas", power=50, rooms=("all",))
    object.__setattr__(desk, "content", replace(desk.content, rooms=rooms.model_copy(update={"officers": (known,)})))

    def make(body: str, **values: Any) -> Any:
        return event(body, room=OPERATIONS, **{"sender": PIKET, "trust": Trust.DEVICE, **values})

    return make


def answers(engine: Engine) -> list[str]:
    return [row["content"]["body"] for row in sent(engine, OPERATIONS) if row["key"].startswith("reply:")]


async def test_an_officer_finds_what_was_reported_with_a_link_to_the_card_and_the_message(
    take: Take, event: Event, officer: Event, engine: Engine
) -> None:
    note = event("banjir di Kalimanggis selutut, hp 081234567890", room=OJOL)
    await take(note)
    row = next(row for row in sent(engine, OPERATIONS) if row["key"] == "card:1")
    with engine.begin() as connection:
        outbox.sent(connection, row["txn_id"], "$card1", 1)
    await take(officer("!cari banjir kalimangis 7 hari"))
    [answer] = answers(engine)
    assert "#1" in answer
    assert "selutut" in answer
    assert "0812" not in answer
    assert "https://matrix.to/#/%21kendali/%24card1" in answer
    assert f"%24{note.event_id[1:]}" in answer
    assert "dibaca sebagai" in answer
    assert "search.asked" in audited(engine)


async def test_what_is_private_is_found_and_not_quoted(
    take: Take, event: Event, officer: Event, engine: Engine
) -> None:
    await take(event("tolong ada suami pukuli istri, KDRT di Desa Gumawang", room=OJOL))
    await take(officer("!cari kategori:kdrt"))
    [answer] = answers(engine)
    assert "#1" in answer
    assert "istri" not in answer
    assert "Gumawang" not in answer


async def test_who_is_no_officer_or_not_proven_one_finds_nothing(take: Take, officer: Event, engine: Engine) -> None:
    await take(officer("!cari banjir", sender="@warga:batang.test"))
    await take(officer("!cari banjir", trust=Trust.UNPROVEN))
    assert all("hanya untuk petugas" in answer for answer in answers(engine))
    assert audited(engine).count("search.refused") == 2


async def test_a_search_in_a_channel_is_neither_answered_nor_taken_for_a_report(
    take: Take, event: Event, engine: Engine
) -> None:
    await take(event("!cari banjir besar di Subah, warga terjebak", room=OJOL))
    assert sent(engine) == []


async def test_mistakes_and_an_empty_search_are_told_how_to(take: Take, officer: Event, engine: Engine) -> None:
    await take(officer("!cari"), officer("!cari kategori:alien"))
    how, fault = answers(engine)
    assert "!cari banjir subah 7 hari" in how
    assert "alien" in fault
    assert "laka_lantas" in fault
