"""`check --online` names what the homeserver still needs, and changes nothing there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.config import Config
from bot.matrix import crosssigning
from bot.matrix.api import Unreachable, path
from bot.matrix.inspection import inspect
from bot.matrix.session import MatrixSession, SignedOut
from bot.problem import Severity
from bot.rooms.loader import load_rooms
from bot.store.database import Database

pytestmark = pytest.mark.real

ROOMS = SimpleNamespace(rooms=load_rooms(Path(__file__).parents[2] / "rooms"))


def said(findings: list[Any]) -> str:
    return "\n".join(map(str, findings))


async def test_before_the_first_start_it_says_what_comes_and_leaves_no_device_behind(
    homeserver: Any, bot_config: Config, bot_account: Any
) -> None:
    findings = await inspect(bot_config, ROOMS)
    assert "not cross-signed yet" in said(findings)
    assert "does not exist yet" in said(findings)
    assert "rate limit is lifted can only be seen by" in said(findings)
    assert "/.well-known/matrix/client" in said(findings)
    assert all(finding.severity is Severity.WARNING for finding in findings)
    assert not bot_config.crypto_dir.exists()
    async with homeserver.api(bot_account) as api:
        devices = (await api.request("GET", path("devices")))["devices"]
    assert [device["device_id"] for device in devices] == [bot_account.device_id]


async def test_it_judges_the_bots_power_encryption_and_keys(
    homeserver: Any, bot_config: Config, bot_account: Any, bot_database: Database
) -> None:
    session = await MatrixSession.open(bot_config, bot_database)
    await crosssigning.ensure(session, bot_config)
    channel = ROOMS.rooms.by_name("ojol")
    owner = homeserver.register("petugas")
    async with homeserver.api(owner) as api:
        levels = {"users": {owner.user_id: 100}, "events_default": 50}
        options = {"preset": "private_chat", "room_alias_name": channel.alias, "room_version": "11"}
        room = (
            await api.request(
                "POST", path("createRoom"), {**options, "power_level_content_override": levels, "invite": []}
            )
        )["room_id"]
        findings = await inspect(bot_config, ROOMS)
        assert f"#{channel.alias}:batang.test is there, but the bot is not in it" in said(findings)
        await api.request("POST", path("rooms", room, "invite"), {"user_id": bot_account.user_id})
        await session.api.request("POST", path("join", room), {})
        findings = await inspect(bot_config, ROOMS)
        assert "has power 0 and may not speak (50)" in said(findings)
        assert "is not encrypted, though the files say so" in said(findings)
        assert "cross-signed" not in said(findings)
        assert bot_account.device_id in said(findings)  # the device that registration made
        assert findings[0].severity is Severity.ERROR
        await api.request("DELETE", path("directory", "room", f"#{channel.alias}:batang.test"))
    (bot_config.crypto_dir / crosssigning.FILE).unlink()
    assert "seeds are not in" in said(await inspect(bot_config, ROOMS))
    await session.close()


async def test_an_administrators_account_sees_its_rate_limit(
    homeserver: Any, tmp_path: Path, configure: Callable[..., Config]
) -> None:
    config = configure(tmp_path / "admin", homeserver.url, "@admin:batang.test")
    findings = said(await inspect(config, ROOMS))
    assert "is a server administrator" in findings
    assert "limits how fast the bot may send, make rooms (ten" in findings
    where = "/_synapse/admin/v1/users/@admin:batang.test/override_ratelimit"
    homeserver.synapse.request("POST", where, {"messages_per_second": 50, "burst_count": 50}, homeserver.admin_token)
    assert "making rooms and inviting are limited as for everybody" in said(await inspect(config, ROOMS))
    homeserver.synapse.lift_rate_limit("@admin:batang.test", homeserver.admin_token)
    findings = said(await inspect(config, ROOMS))
    assert "limits how fast" not in findings
    assert "making rooms" not in findings


async def test_nobody_there_and_signed_out_have_their_own_errors(
    homeserver: Any, tmp_path: Path, bot_account: Any, configure: Callable[..., Config]
) -> None:
    with pytest.raises(Unreachable):
        await inspect(configure(tmp_path / "a", "http://127.0.0.1:9", bot_account.user_id), ROOMS)
    environ = {"KENTONGAN_PASSWORD": "", "KENTONGAN_ACCESS_TOKEN": "syt_wrong"}
    with pytest.raises(SignedOut):
        await inspect(configure(tmp_path / "b", homeserver.url, bot_account.user_id, environ), ROOMS)
