"""Bulletins and warnings in many rooms of a real homeserver: each room once, whatever happens in between."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bot_world import BotWorld, bot_world
from many_rooms import channels, counted, join_all, many_channels
from sqlalchemy import insert, select
from timetable import reschedule, schedule

from bot.clock import now_ms
from bot.demo.process import kentongan
from bot.demo.world import World
from bot.store.tables import feeds, outbox

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

ROOMS, ENCRYPTED = 200, 40
THROTTLED = 16
SOME = 50
"""Of the two hundred, those that hear a bulletin over a bot that is killed."""
LIKE_SYNAPSES_OWN = {"rc_message": {"per_second": 1, "burst_count": 10}}
"""Synapse's defaults with each second as one fifth of one: with its own 0.2 a second this would take minutes."""
FIVE_TIMES_FASTER = (
    "bot.handlers.congestion.LONG_SECONDS=12",
    "bot.handlers.congestion.PATIENCE_MS=8000",
    "bot.handlers.congestion.WINDOW_MS=6000",
    "bot.rounds.DUTY_SECONDS=2",
)
"""What the bot calls long, by the same measure."""
SLOWLY = 600


def channels_of(number: int, encrypted: int = 0) -> Callable[[World], None]:
    """Prepares a world of so many channels."""

    def prepare(world: World) -> None:
        many_channels(world, number, encrypted=encrypted)

    return prepare


def without_names(number: int, encrypted: int) -> Callable[[World], None]:
    """The same, with templates that neither greet a channel by its name nor give it a tip of its own: all rooms hear
    the same words."""

    def prepare(world: World) -> None:
        many_channels(world, number, encrypted=encrypted)
        for template in (world.folder / "rooms" / "templates").glob("*.j2"):
            template.write_text(template.read_text().replace("{{ room }}", "kanal ini"))
        (world.folder / "rooms" / "templates" / "tips.md.j2").write_text("")

    return prepare


def bulletins(world: BotWorld, slot: str, *, kind: str = "bulletin") -> list[Any]:
    """Outbox rows of a slot's bulletins."""
    return world.rows(
        select(outbox).where(outbox.c.key.startswith(f"{kind}:{slot}:")).order_by(outbox.c.sent_at, outbox.c.id)
    )


def sent(rows: list[Any]) -> list[Any]:
    return [row for row in rows if row.state == "sent"]


async def test_two_hundred_rooms_hear_each_bulletin_once_and_a_question_does_not_wait_for_them(tmp_path: Path) -> None:
    settings = {"bulletins": {"enabled": True, "voice": "off"}}
    async with bot_world(tmp_path, start=False, prepare=channels_of(ROOMS, ENCRYPTED), **settings) as world:
        reader = await world.person("pembaca")
        rooms = channels(world.rooms)
        slot, other = "pagi", "malam"
        schedule(world, (slot,), None)
        world.start()
        async with world.api(reader) as api:
            await join_all(api, rooms)
        await world.bot.until("ready")
        direct = await world.direct(reader)
        await world.reply(reader, await world.say(reader, direct, "menu"))
        # The minute that has begun: nobody here asked for it after that.
        await reschedule(world, (slot,), dt.datetime.now(world.world.zone))
        await world.until(lambda: sent(bulletins(world, slot)), "the first room has it", 240)
        question = await world.say(reader, direct, "biaya sim c berapa")
        await world.reply(reader, question)
        await world.until(lambda: len(sent(bulletins(world, slot))) == ROOMS, "every room has it", SLOWLY)

        rows = bulletins(world, slot)
        answer = world.rows(select(outbox).where(outbox.c.key == f"reply:{question}"))[0]
        after = [row for row in rows if row.sent_at > answer.sent_at]
        seconds = (rows[-1].sent_at - rows[0].created_at) / 1000
        print(f"the last room {seconds:.1f} s after it was decided; {len(after)} rooms after the answer")
        assert after, "the answer did not wait until all rooms had their bulletin"

        # Once more, for another slot and with the bot killed between rooms.
        some = [name for name in world.rooms if world.rooms[name] in rooms][:: ROOMS // SOME][:SOME]
        named = [word for name in some for word in ("--room", name)]
        await kentongan("bulletin", "send", other, *named, config=world.world.config_path)
        for done in (5, 15, 30):
            await world.until(lambda done=done: len(sent(bulletins(world, other))) >= done, f"{done} rooms", SLOWLY)
            await world.stop(kill=True)
            assert len(sent(bulletins(world, other))) < SOME, "it was killed between rooms"
            world.start()
        await world.until(lambda: len(sent(bulletins(world, other))) == SOME, "every room has it", SLOWLY)
        await world.settle((reader, direct))
        for name, heard_by in ((slot, rooms), (other, [world.rooms[name] for name in some])):
            found = counted(reader, {row.room_id: row.key for row in bulletins(world, name)})
            assert found == dict.fromkeys(heard_by, 1)
        assert [seen for seen in reader.seen if seen.type == "m.room.encrypted"] == []


async def test_the_voice_follows_the_text_once_in_every_room_whenever_the_bot_is_killed(tmp_path: Path) -> None:
    settings = {"bulletins": {"enabled": True, "voice": "espeak"}}
    async with bot_world(tmp_path, start=False, prepare=without_names(24, 12), **settings) as world:
        reader = await world.person("pembaca")
        rooms = channels(world.rooms)
        async with world.api(reader) as api:
            await join_all(api, rooms)
        world.start()
        await world.bot.until("ready")
        direct = await world.direct(reader)
        sent_out = await kentongan("bulletin", "send", "pagi", config=world.world.config_path)
        assert sent_out
        if not bulletins(world, "pagi", kind="bulletin-voice"):
            pytest.skip("espeak-ng is not installed (Debian: apt install espeak-ng)")
        for done in (1, 8, 16):
            await world.until(
                lambda done=done: len(sent(bulletins(world, "pagi", kind="bulletin-voice"))) >= done, "voices", SLOWLY
            )
            await world.stop(kill=True)
            world.start()
        await world.until(lambda: len(sent(bulletins(world, "pagi", kind="bulletin-voice"))) == 24, "all", SLOWLY)
        await world.settle((reader, direct))
        for kind in ("bulletin", "bulletin-voice"):
            found = counted(reader, {row.room_id: row.key for row in bulletins(world, "pagi", kind=kind)})
            assert found == dict.fromkeys(rooms, 1)
        texts = {row.room_id: row.sent_at for row in bulletins(world, "pagi")}
        voices = bulletins(world, "pagi", kind="bulletin-voice")
        assert all(row.sent_at >= texts[row.room_id] for row in voices)
        notes = [seen for seen in reader.seen if "org.matrix.msc3245.voice" in seen.content]
        # Each start of the bot uploads at most once for clear rooms, once for encrypted ones.
        uploads = {seen.content.get("url") or seen.content["file"]["url"] for seen in notes}
        assert len(uploads) <= 2 * 4


async def test_under_a_limit_like_synapses_own_what_is_urgent_goes_first_and_officers_hear_until_when(
    tmp_path: Path,
) -> None:
    settings = {"bulletins": {"enabled": True, "voice": "off"}}
    async with bot_world(
        tmp_path, start=False, prepare=channels_of(THROTTLED), settings=LIKE_SYNAPSES_OWN,
        constants=FIVE_TIMES_FASTER, **settings,
    ) as world:  # fmt: skip
        reader = await world.person("pembaca")
        _limit_again(world)
        world.start()
        await world.bot.until("ready")
        direct = await world.direct(reader)
        await kentongan("bulletin", "send", "pagi", config=world.world.config_path)
        await world.until(lambda: len(sent(bulletins(world, "pagi"))) >= 9, "the burst is through", SLOWLY)
        question = await world.say(reader, direct, "biaya sim c berapa")
        _warn(world)
        await world.until(lambda: _warnings(world), "the warning is decided", 60)
        await world.until(lambda: not world.waiting(), "nothing is lost", SLOWLY)

        urgent = [*_warnings(world), *world.rows(select(outbox).where(outbox.c.key == f"reply:{question}"))]
        assert len(urgent) == THROTTLED + 2, "each channel, the officers, and the answer"
        began, ended = min(row.created_at for row in urgent), max(row.sent_at for row in urgent)
        overtaken = [row for row in bulletins(world, "pagi") if began < row.sent_at < ended]
        assert len(overtaken) <= 2, "those that were under way"
        assert len(sent(bulletins(world, "pagi"))) == THROTTLED
        lines = world.rows(select(outbox).where(outbox.c.key.startswith("congestion:")))
        assert lines, "the operations room is told"
        assert {row.state for row in lines} == {"sent"}


def _limit_again(world: BotWorld) -> None:
    admin = world.homeserver.register("admin-2", "admin-2-secret", admin=True)
    where = f"/_synapse/admin/v1/users/{world.bot_id}/override_ratelimit"
    world.homeserver.request("DELETE", where, None, admin["access_token"])


def _warnings(world: BotWorld) -> list[Any]:
    return world.rows(select(outbox).where(outbox.c.key.startswith("warning:")))


def _warn(world: BotWorld) -> None:
    """The source has a warning for us."""
    now = dt.datetime.now(dt.timezone(dt.timedelta(hours=7))).replace(microsecond=0)
    until = now + dt.timedelta(hours=3)
    raw = (Path(__file__).parents[1] / "feeds/fixtures/made_up_alert.xml").read_text()
    for written, meant in (("2026-12-01T13:40:00+07:00", now), ("2026-12-01T16:40:00+07:00", until)):
        raw = raw.replace(written, meant.isoformat())
    at = now_ms()
    listed = '<rss version="2.0"><channel><title>made up</title></channel></rss>'
    rows = [
        {"name": name, "url": "https://x.test", "raw": text.encode(), "fetched_at": at, "tried_at": at}
        for name, text in (("nowcast", listed), ("nowcast:1", raw))
    ]
    with world._engine.begin() as connection:
        connection.execute(insert(feeds), rows)
