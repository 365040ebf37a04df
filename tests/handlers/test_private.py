"""Crimes against children and sexual crime, from the channel to the log: for officers alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from casework_world import AGENCIES, POSKO, REPORTER, bodies, deliver, incident, shown, staffed
from handlers_world import OJOL, OPERATIONS, Event, Take, sent
from sqlalchemy import Engine

from bot.handlers.desk import Desk


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk = staffed(desk)
    return replace(desk, content=replace(desk.content, agencies=AGENCIES))


@pytest.mark.parametrize(
    "text",
    ["anak dipukuli guru di SD Sembung", "bayi dibuang di selokan Sembung", "tetangga saya diperkosa di Sembung"],
)
async def test_nothing_of_it_is_repeated_in_the_channel_nor_passed_on(
    take: Take, event: Event, order: Event, engine: Engine, text: str
) -> None:
    await take(event(text, room=OJOL, sender=REPORTER))
    deliver(engine)
    await take(order("teruskan BPBD"))
    assert incident(engine).analysis.private
    said = json.dumps([row["content"] for row in sent(engine, OJOL)]).casefold()
    assert "tidak saya ulang" in said
    for word in ("sembung", "dipukuli", "dibuang", "diperkosa", "guru", "bayi", "tetangga"):
        assert word not in said
    assert sent(engine, POSKO) == []
    assert "tidak diteruskan" in bodies(engine, OPERATIONS, "card:1:word:")[-1]
    assert "Sembung" in shown(engine, OPERATIONS)
    assert "Pribadi" in shown(engine, OPERATIONS)


async def test_another_kind_given_by_an_officer_leaves_it_private(
    take: Take, event: Event, order: Event, engine: Engine
) -> None:
    await take(event("anak dipukuli guru di SD Sembung", room=OJOL, sender=REPORTER))
    deliver(engine)
    await take(order("kategori penganiayaan"))
    assert incident(engine).category == "penganiayaan"
    assert incident(engine).analysis.private
