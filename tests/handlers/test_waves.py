"""Join waves: told once, closed if the files say so and it is surely now, open again by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casework_world import deliver
from guard_world import by_key, done, furnish, keys
from handlers_world import NOW, OJOL, OPERATIONS, Event, Take, audited, sent
from moderation_world import ANI, BUDI, staffed
from sqlalchemy import Engine

from bot.event import IncomingEvent, Kind
from bot.handlers import moderation
from bot.handlers.desk import Desk
from bot.moderation.protectionfile import Protections
from bot.store import outbox, rooms
from bot.store.acts import FAILED
from bot.store.database import Database

HOUR = 3_600_000


@pytest.fixture
def desk(desk: Desk, request: pytest.FixtureRequest) -> Desk:
    desk = staffed(desk)
    watches = desk.content.protections.of("ojol")
    assert watches is not None
    close = getattr(request, "param", "knock")
    watches = watches.model_copy(update={"joins": watches.joins.model_copy(update={"people": 10, "close": close})})
    return replace(desk, content=replace(desk.content, protections=Protections(watches)))


@pytest.fixture(autouse=True)
def channel(engine: Engine) -> None:
    furnish(engine, officers=(ANI, BUDI))
    with engine.begin() as connection:
        rooms.record(connection, "space", "!space", kind="space", alias=None, now=NOW)


def joins(event: Event, count: int, server: str = "jahat.example", **values: object) -> list[IncomingEvent]:
    return [
        event(
            room=OJOL, kind=Kind.MEMBER, type="m.room.member", sender=f"@r{n}:{server}", state_key=f"@r{n}:{server}",
            content={"membership": "join"}, **values,
        )
        for n in range(count)
    ]  # fmt: skip


async def test_a_wave_is_told_once_by_server_and_closes_the_channel(take: Take, event: Event, engine: Engine) -> None:
    await take(*joins(event, 9))
    assert keys(engine, "wave:") == []
    came = joins(event, 12, "ramai.example")
    await take(*came)
    roots = [key for key in keys(engine, "wave:") if ":edit:" not in key]
    assert len(roots) == 1
    assert "ramai.example" in sent(engine, OPERATIONS)[-1]["content"]["body"]
    [act] = done(engine)
    assert (act.kind, act.room_id, act.until_at) == ("close", OJOL, NOW + HOUR)
    assert by_key(engine, f"act:{act.id}:close")["content"] == {"state_key": "", "set": {"join_rule": "knock"}}
    assert audited(engine).count("protection.wave") == 1


async def test_a_closed_channel_opens_by_itself_as_the_files_say(
    take: Take, event: Event, engine: Engine, database: Database, desk: Desk
) -> None:
    await take(*joins(event, 10))
    deliver(engine)
    assert await database.run(lambda connection: moderation.expire(connection, desk, NOW + HOUR - 1)) == 0
    assert await database.run(lambda connection: moderation.expire(connection, desk, NOW + HOUR)) == 1
    assert await database.run(lambda connection: moderation.expire(connection, desk, NOW + HOUR)) == 0
    assert by_key(engine, "act:1:end")["content"] == {"state_key": "", "set": {"join_rule": "public"}}


async def test_a_channel_that_the_homeserver_would_not_close_is_not_said_to_open_again(
    take: Take, event: Event, engine: Engine, database: Database, desk: Desk
) -> None:
    await take(*joins(event, 10))
    row = by_key(engine, "act:1:close")
    with engine.begin() as connection:
        outbox.failed(connection, row["id"], "403 M_FORBIDDEN: no", NOW)
        moderation.confirm(connection, desk, NOW)
    assert await database.run(lambda connection: moderation.expire(connection, desk, NOW + HOUR)) == 0
    assert done(engine)[0].ended_by == FAILED
    assert keys(engine, "over:", "act:1:end") == []


@pytest.mark.parametrize("desk", [None], indirect=True)
async def test_without_a_word_in_the_files_the_channel_stays_open(take: Take, event: Event, engine: Engine) -> None:
    await take(*joins(event, 20))
    assert done(engine) == []
    assert keys(engine, "wave:")


async def test_who_joined_during_a_pause_of_ours_is_told_and_closes_nothing(
    take: Take, event: Event, engine: Engine
) -> None:
    await take(*joins(event, 20, sent_at=NOW - 3 * HOUR))
    assert keys(engine, "wave:")
    assert done(engine) == []


async def test_the_same_person_coming_and_going_is_no_wave(take: Take, event: Event, engine: Engine) -> None:
    [one] = joins(event, 1)
    await take(*[replace(one, event_id=f"$again{n}") for n in range(30)])
    assert keys(engine, "wave:") == []


async def test_an_officer_opens_it_by_a_reaction(take: Take, event: Event, engine: Engine) -> None:
    came = joins(event, 10)
    await take(*came)
    deliver(engine)
    [root] = [key for key in keys(engine, "wave:") if ":edit:" not in key]
    tick = {"room": OPERATIONS, "kind": Kind.REACTION, "type": "m.reaction", "target": f"${root}"}
    await take(event("✅", sender="@orang:batang.test", **tick))
    assert done(engine)[0].ended_at is None
    await take(event("✅", sender=BUDI, **tick))
    assert done(engine)[0].ended_at is None, "the role of @budi may not lock or open channels"
    assert "!kunci" in sent(engine, OPERATIONS)[-1]["content"]["body"]
    await take(event("✅", sender="@ani:batang.test", **tick))
    assert done(engine)[0].ended_by == "@ani:batang.test"
    assert by_key(engine, "act:1:end")["content"]["set"] == {"join_rule": "public"}
