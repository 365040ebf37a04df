"""SIGHUP to the running bot: the next answer comes from the new content, and content with mistakes changes nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from bot.config import load_config
from bot.demo.process import BotProcess, kentongan
from bot.demo.world import World
from bot.matrix.person import Person
from bot.outgoing import KEY_FIELD, transaction_id
from bot.store.tables import audit, audit_payloads, outbox

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]


async def test_content_is_changed_refused_and_changed_back_under_a_running_bot(tmp_path: Path) -> None:
    world = World(tmp_path / "world", load_config(ROOT / "config.yaml"))
    world.clear()
    flows = world.folder / "flows"
    shutil.copytree(ROOT / "flows", flows)
    skck = flows / "skck.yaml"
    right = skck.read_text()
    world.homeserver.start()
    bot = BotProcess(world.config_path, world.health_port, world.folder / "bot.log")
    citizen: Person | None = None
    try:
        world.register()
        world.write_configuration(paths={"flows": "flows"}, bulletins={"enabled": False})
        await kentongan("rooms", "apply", config=world.config_path)
        bot.start()
        await bot.until("synced")
        pid = bot.pid
        account = world.accounts[0]
        citizen = Person(world.homeserver.url, account.user_id, world.folder / "people" / account.role)
        await citizen.enter(account.password)
        room = await citizen.direct_room(world.bot_id)
        await citizen.wait_for_member(room, world.bot_id)

        async def answer() -> str:
            assert citizen is not None
            mark = transaction_id(f"reply:{await citizen.say(room, 'biaya skck berapa')}")
            seen = await citizen.wait(lambda seen: seen.content.get(KEY_FIELD) == mark, 60, what="answer")
            return seen.body

        async def reload(kind: str, number: int) -> None:
            os.kill(pid, signal.SIGHUP)
            await _until(lambda: _kinds(world).count(kind) == number, f"{number}× {kind}", bot)

        assert "Rp30.000" in await answer()

        skck.write_text(right.replace("Rp30.000", "Rp31.000"))
        await reload("content.changed", 1)
        assert "Rp31.000" in await answer()

        skck.write_text(right.replace("title: SKCK\n", "titel: SKCK\n"))
        await reload("content.refused", 1)
        assert "Rp31.000" in await answer(), "the content before the mistake stays"
        await _until(lambda: any("content-refused" in key for key in _sent(world)), "notice to the officers", bot)

        skck.write_text(right)
        await reload("content.changed", 2)
        assert "Rp30.000" in await answer()
        assert bot.pid == pid
        assert "content.refused" in bot.tail(100_000)
        assert "flows/skck.yaml@" in bot.tail(100_000)
        assert _changed(world) == [["flows/skck.yaml"], ["flows/skck.yaml"]]
        assert await kentongan("audit", "verify", config=world.config_path)
    finally:
        bot.stop()
        if citizen is not None:
            await citizen.leave()
        world.homeserver.stop()


def _kinds(world: World) -> list[str]:
    with create_engine(f"sqlite:///{world.folder / 'data' / 'kentongan.db'}").connect() as connection:
        return list(connection.scalars(select(audit.c.kind)))


def _changed(world: World) -> list[list[str]]:
    """Files named by each change."""
    joined = audit.join(audit_payloads, audit.c.id == audit_payloads.c.audit_id)
    named = select(audit_payloads.c.payload).select_from(joined).where(audit.c.kind == "content.changed")
    with create_engine(f"sqlite:///{world.folder / 'data' / 'kentongan.db'}").connect() as connection:
        return [[one["file"] for one in payload["files"]] for payload in connection.scalars(named.order_by(audit.c.id))]


def _sent(world: World) -> list[str]:
    with create_engine(f"sqlite:///{world.folder / 'data' / 'kentongan.db'}").connect() as connection:
        return list(connection.scalars(select(outbox.c.key).where(outbox.c.state == "sent")))


async def _until(condition: Callable[[], bool], what: str, bot: BotProcess, seconds: float = 60) -> None:
    for _ in range(int(seconds / 0.1)):
        if await asyncio.to_thread(condition):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {seconds:g} s: {what}\n{bot.tail()}")
