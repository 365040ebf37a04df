"""SIGHUP to the running bot: the next answer comes from the new content, and content with mistakes changes nothing."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from bot_world import ROOT, BotWorld, bot_world
from sqlalchemy import select

from bot.demo.process import kentongan
from bot.store.tables import audit, audit_payloads, outbox

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


async def test_content_is_changed_refused_and_changed_back_under_a_running_bot(tmp_path: Path) -> None:
    flows = Path(shutil.copytree(ROOT / "flows", tmp_path / "flows"))
    skck = flows / "skck.yaml"
    right = skck.read_text()
    async with bot_world(tmp_path, speech={"workers": 1}, paths={"flows": str(flows)}) as world:
        pid = world.bot.pid
        citizen = await world.person("warga")
        room = await world.direct(citizen)

        async def answer() -> str:
            return (await world.reply(citizen, await world.say(citizen, room, "biaya skck berapa"))).body

        async def reload(kind: str, number: int) -> None:
            os.kill(pid, signal.SIGHUP)
            await world.until(lambda: _kinds(world).count(kind) == number, f"{number}× {kind}")

        assert "Rp30.000" in await answer()

        skck.write_text(right.replace("Rp30.000", "Rp31.000"))
        await reload("content.changed", 1)
        assert "Rp31.000" in await answer()

        skck.write_text(right.replace("title: SKCK\n", "titel: SKCK\n"))
        await reload("content.refused", 1)
        assert "Rp31.000" in await answer(), "the content before the mistake stays"
        told = select(outbox.c.key).where(outbox.c.state == "sent", outbox.c.key.contains("content-refused"))
        await world.until(lambda: world.rows(told), "notice to the officers")

        skck.write_text(right)
        await reload("content.changed", 2)
        assert "Rp30.000" in await answer()
        assert world.bot.pid == pid
        assert "content.refused" in world.log.read_text()
        assert "flows/skck.yaml@" in world.log.read_text()
        assert _changed(world) == [["flows/skck.yaml"], ["flows/skck.yaml"]]
        assert await kentongan("audit", "verify", config=world.world.config_path)


def _kinds(world: BotWorld) -> list[str]:
    return [kind for (kind,) in world.rows(select(audit.c.kind))]


def _changed(world: BotWorld) -> list[list[str]]:
    """Files named by each change."""
    joined = audit.join(audit_payloads, audit.c.id == audit_payloads.c.audit_id)
    named = select(audit_payloads.c.payload).select_from(joined).where(audit.c.kind == "content.changed")
    return [[one["file"] for one in payload["files"]] for (payload,) in world.rows(named.order_by(audit.c.id))]
