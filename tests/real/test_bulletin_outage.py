"""The homeserver is away over two slots: one still comes in its time and says that it is late, one never comes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from bot_world import BotWorld, bot_world
from sqlalchemy import func, select

from bot.bulletins.deskwords import WHY
from bot.demo.world import OPERATIONS, next_whole_minute
from bot.store.tables import bulletins, outbox

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

GRACE = timedelta(minutes=8)
SLOT, STALE = "pagi", "malam"
CHANNELS = {"ojol", "nelayan", "desa-siaga"}
FOREVER = float("inf")


def timetable(world: BotWorld, **times: datetime) -> None:
    """These slots at these minutes, without a card; the others on no day at all. About noon: no midnight in between."""
    path = world.world.folder / "rooms" / "bulletins.yaml"
    file = yaml.safe_load(path.read_text())
    for name, slot in file["slots"].items():
        slot["preview"] = {"minutes": 0, "silence": "send"}
        if name in times:
            slot["time"] = f"{times[name]:%H:%M}"
        else:
            slot["days"] = []
    path.write_text(yaml.safe_dump(file, allow_unicode=True, sort_keys=False))


def decided(world: BotWorld, slot: str) -> dict[str, tuple[str, str | None]]:
    rows = world.rows(select(bulletins).where(bulletins.c.slot == slot))
    names = {room: name for name, room in world.rooms.items()}
    return {names[row.room_id]: (row.state, row.reason) for row in rows}


async def test_an_outage_delays_one_slot_and_ends_another_and_the_officers_hear_of_it(tmp_path: Path) -> None:
    own = {"enabled": True, "voice": "off", "grace_minutes": GRACE // timedelta(minutes=1)}
    constants = ("bot.bulletins.announce.FIRST_LOOK_MS=3600000", "bot.rounds.DUTY_SECONDS=1")
    async with bot_world(tmp_path, proxied=True, start=False, constants=constants, bulletins=own) as world:
        assert world.proxy is not None
        zone = ZoneInfo(f"Etc/GMT{datetime.now(UTC).hour - 12:+d}")
        config = yaml.safe_load(world.world.config_path.read_text())
        world.world.config_path.write_text(yaml.safe_dump(config | {"timezone": zone.key}, sort_keys=False))
        citizen = await world.person("warga", joins=["ojol"])
        officer = await world.account("petugas", joins=[OPERATIONS])

        over = next_whole_minute(datetime.now(zone), at_least=timedelta(seconds=30))
        timetable(world, **{SLOT: over - timedelta(minutes=6), STALE: over - GRACE})
        world.proxy.drop("/send/", times=FOREVER)
        world.start()
        waiting = select(func.count()).where(outbox.c.key.startswith("bulletin:"), outbox.c.state == "queued")
        await world.until(lambda: world.rows(waiting)[0][0] == 2 * len(CHANNELS), "both slots wait to be sent")
        world.proxy.drop("/_matrix", times=FOREVER)
        undelivered = dict.fromkeys(CHANNELS, ("skipped", "undelivered"))
        await world.until(lambda: decided(world, STALE) == undelivered, "the older slot's time is over", 120)
        assert datetime.now(zone) >= over
        world.proxy.heal()

        said = await citizen.wait(lambda seen: "Buletin Pagi" in seen.body, 60, what="the slot within its time")
        # Words hold for two minutes: what was composed a moment before the homeserver came back is sent as it is.
        assert re.search(r"terlambat [567] menit", said.body)
        heard = await officer.wait(lambda seen: WHY["undelivered"] in seen.body, 60, what="word of the other one")
        assert "Buletin Malam" in heard.body
        assert "3 kanal" in heard.body
        assert f"kentongan bulletin send {STALE}" not in heard.body, "a later slot has come"
        await world.until(lambda: not world.waiting(), "nothing waits")
        assert decided(world, SLOT) == dict.fromkeys(CHANNELS, ("queued", None))
        assert not [seen for seen in citizen.seen if "Buletin Malam" in seen.body]
        assert len([seen for seen in citizen.seen if "Buletin Pagi" in seen.body]) == 1
        told = [seen for seen in officer.seen if WHY["undelivered"] in seen.body]
        assert len(told) == 1
