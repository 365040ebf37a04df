"""The receiving half against a real Synapse: sign in, sync, read, survive."""

from __future__ import annotations

from typing import Any

import pytest
import vodozemac
from hostile import Device
from listening import Listener, listening

from bot.event import Kind, Trust

pytestmark = pytest.mark.real


@pytest.fixture
async def stranger(homeserver: Any) -> Any:
    """A second account's device, keys published."""
    account = homeserver.register("stranger")
    async with homeserver.api(account) as api:
        device = Device(api, account.user_id, account.device_id)
        await device.publish()
        yield device


async def room_with(listener: Listener, device: Device, create_room: Any, *, encrypted: bool = True) -> str:
    room_id: str = await create_room(device.api, invite=[listener.session.user_id], encrypted=encrypted)
    await listener.join(room_id)
    return room_id


async def test_an_encrypted_message_of_a_known_device_is_read_and_trusted(
    bot_config: Any, bot_database: Any, stranger: Device, create_room: Any
) -> None:
    async with listening(bot_config, bot_database) as listener:
        room_id = await room_with(listener, stranger, create_room)
        session = vodozemac.GroupSession()
        await stranger.share(session, room_id, listener.session.user_id, listener.session.device_id)
        event_id = await stranger.send(room_id, stranger.message(session, room_id, "apa kabar"))
        event = await listener.event(event_id)
    assert (event.kind, event.body, event.trust, event.device_id) == (
        Kind.TEXT, "apa kabar", Trust.DEVICE, stranger.device_id,
    )  # fmt: skip
    assert event.direct
    assert event.encrypted_room
