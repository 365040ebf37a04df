"""Giving the devices of a room the key of our messages, before the message.

nio's own `share_group_session` is not used. When `keys_claim` fails inside it, the room stays marked as "being
shared" and every later send waits for ever; a to-device batch that fails still marks the session as shared, and
those devices never read a word; and it shares with unverified devices only after marking them as ignored for good.
Here a Megolm session counts as shared when every batch was accepted, and a failure leaves nothing behind.

Policy. The bot talks to every device of a room's members except those that were blacklisted by name: people ask
the police from whatever client they have, and a bot that falls silent for half of them helps nobody. Whom to
*believe* is another question, answered by `trust.py`. No device is ever marked verified or ignored by sending to
it. The one exception: other devices of the bot's own account get no keys. The bot has one device, and whoever
learns its password must not be able to read along silently.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

import structlog
from nio import AsyncClient
from nio.crypto import Olm, OlmDevice, OutboundGroupSession
from nio.responses import JoinedMembersResponse, KeysClaimResponse, KeysQueryResponse

from bot.matrix.api import ApiError, HomeserverApi, Unreachable, path
from bot.matrix.events import table

log = structlog.get_logger()

BATCH = 100
"""Devices in one to-device request."""
BATCH_TRIES = 3
ASK_AGAIN_SECONDS = 60.0
"""A user whose server did not answer a key query, or a device without a one-time key, is asked for again after this."""

Device = tuple[str, str, str]
"""User id, device id, curve25519 key: a device that comes back with another key is another device."""


class DeviceLists(Protocol):
    """What is needed of `Keys`."""

    def number(self) -> int:
        """The number of a query that begins now."""

    def fresh(self, number: int, lists: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """Of the lists that query `number` brought, those that no later query has brought before."""

    def decide(self, users: Iterable[str]) -> None:
        """Device lists were renewed: say which of the devices may read what the bot writes."""


class RoomUnknown(Exception):
    """nio does not hold the room (yet): the sync that brings it has not arrived."""


class SharingFailed(Exception):
    """The room's key could not be given to everybody who was to get it; try again later."""


@dataclass(frozen=True)
class _Shared:
    """Who holds the key of which session."""

    session_id: str
    devices: frozenset[Device]


class KeySharing:
    """The sending side of the bot's end-to-end encryption."""

    def __init__(self, client: AsyncClient, api: HomeserverApi, lists: DeviceLists) -> None:
        """`lists` is shared with the sync loop, which asks for device lists as well."""
        self._client = client
        self._api = api
        self._lists = lists
        self._shared: dict[str, _Shared] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asking = asyncio.Lock()
        self._unanswered: dict[str, float] = {}
        self._without_key: dict[str, float] = {}

    @property
    def _olm(self) -> Olm:
        assert self._client.olm is not None  # noqa: S101 - the session loads it
        return self._client.olm

    async def encrypt(self, room_id: str, event_type: str, content: dict[str, Any]) -> dict[str, Any]:
        """Content of the m.room.encrypted event, its key given to the room's devices before.

        When nothing has changed since the last message this makes no request. Raises RoomUnknown, SharingFailed,
        or what the homeserver answered (ApiError, Unreachable).
        """
        async with self._locks[room_id]:
            await self._members(room_id)
            # Not for our own devices: they get no keys, and no message needs to wait for their list.
            users = self._client.rooms[room_id].users if room_id in self._client.rooms else ()
            await self.ask_for_devices(user for user in users if user != self._client.user_id)
            session = await self._session(room_id)
            # No await between the check in _session and this: nothing can rotate the session in between.
            session.shared = True
            _, encrypted = self._client.encrypt(room_id, event_type, dict(content))
            return dict(encrypted)

    async def _members(self, room_id: str) -> None:
        room = self._client.rooms.get(room_id)
        if room is None or not room.encrypted:
            raise RoomUnknown(room_id)
        if not room.members_synced:
            answer = await self._api.request("GET", path("rooms", room_id, "joined_members"), wait=False)
            response = JoinedMembersResponse.from_dict(answer, room_id)
            if not isinstance(response, JoinedMembersResponse):
                raise SharingFailed("the homeserver's list of members is malformed")
            await self._client.receive_response(response)

    async def ask_for_devices(self, users: Iterable[str]) -> None:
        """Renew the device lists of those among `users` whose lists are known to have changed.

        A user whose server is away is asked for again a minute later, not at every message.
        """
        waiting, wanted = self._olm.users_for_key_query, set(users)
        if waiting.isdisjoint(wanted):
            return
        async with self._asking:
            now = time.monotonic()
            due = {user for user in waiting & wanted if self._unanswered.get(user, 0.0) <= now}
            if not due:
                return
            # Taken out before asking: a change told during the request must put the user back in, although the
            # answer (older than the change) takes out everybody it names.
            waiting -= due
            number = self._lists.number()
            try:
                answer = await self._api.request(
                    "POST", path("keys", "query"), {"device_keys": {user: [] for user in sorted(due)}}, wait=False
                )
            except BaseException:
                waiting |= due
                raise
            # Not KeysQueryResponse.from_dict: one stranger's malformed device would refuse the whole answer.
            lists = table(answer.get("device_keys"))
            told = {user: lists[user] for user in due if isinstance(lists.get(user), dict)}
            response = KeysQueryResponse(self._lists.fresh(number, told, answer), {})
            meanwhile = set(waiting)
            await self._client.receive_response(response)
            self._lists.decide(response.device_keys)
            waiting |= meanwhile
            away = due - told.keys()
            waiting |= away
            for user in due:
                self._unanswered.pop(user, None)
            for user in away:
                self._unanswered[user] = now + ASK_AGAIN_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311
            if away:
                log.info("devices_unknown", users=len(away))

    def _audience(self, room_id: str) -> dict[Device, OlmDevice]:
        """Every device that should hold the room's key. Raises RoomUnknown when we were put out meanwhile."""
        if room_id not in self._client.rooms:
            raise RoomUnknown(room_id)
        store = self._olm.device_store
        return {
            (user, device.id, device.curve25519): device
            for user in self._client.rooms[room_id].users
            if user != self._client.user_id
            for device in store.active_user_devices(user)
            if not device.blacklisted
        }

    async def _session(self, room_id: str) -> OutboundGroupSession:
        """A Megolm session that the whole audience holds, and nobody else."""
        while True:
            audience = self._audience(room_id)
            session = self._olm.outbound_group_sessions.get(room_id)
            shared = self._shared.get(room_id)
            if (
                session is None
                or session.expired
                or shared is None
                or shared.session_id != session.id
                # Somebody left, or a device was signed out or blacklisted: it must not read what comes now.
                or not shared.devices <= audience.keys()
            ):
                self._olm.create_outbound_group_session(room_id)
                session = self._olm.outbound_group_sessions[room_id]
                shared = self._shared[room_id] = _Shared(session.id, frozenset())
            now = time.monotonic()
            missing = {
                key: device
                for key, device in audience.items()
                if key not in shared.devices and self._without_key.get(key[2], 0.0) <= now
            }
            if not missing:
                return session
            try:
                given = await self._give(room_id, session, missing)
            except BaseException:
                # Some may hold the key and some not, and members may leave before the next try: start afresh then.
                self._olm.outbound_group_sessions.pop(room_id, None)
                self._shared.pop(room_id, None)
                raise
            self._shared[room_id] = _Shared(session.id, shared.devices | given)
            # Once more: the room, its devices or the session may have changed while the requests were out.

    async def _give(
        self, room_id: str, session: OutboundGroupSession, missing: dict[Device, OlmDevice]
    ) -> frozenset[Device]:
        """Send the session's key, as it stands now, to these devices; returns those that it could be sent to."""
        await self._open_channels(missing)
        reachable = {key: device for key, device in missing.items() if self._olm.session_store.get(device.curve25519)}
        content = {
            "algorithm": "m.megolm.v1.aes-sha2",
            "room_id": room_id,
            "session_id": session.id,
            "session_key": session.session_key,
        }
        keys = list(reachable)
        for start in range(0, len(keys), BATCH):
            messages: dict[str, dict[str, Any]] = defaultdict(dict)
            with self._saving():
                for key in keys[start : start + BATCH]:
                    device = reachable[key]
                    olm_session = self._olm.session_store.get(device.curve25519)
                    messages[key[0]][key[1]] = self._olm._olm_encrypt(olm_session, device, "m.room_key", content)
            await self._to_device(room_id, messages)
        session.users_shared_with.update((user, device_id) for user, device_id, _ in keys)
        log.info("room_key_shared", room=room_id, devices=len(keys), without_key=len(missing) - len(keys))
        return frozenset(keys)

    def _saving(self) -> Any:
        """One commit for all the Olm sessions of a batch, where the store can do that."""
        return self._client.store.database.atomic()

    async def _open_channels(self, devices: dict[Device, OlmDevice]) -> None:
        """Claim one-time keys for devices that we share no Olm session with."""
        wanted: dict[str, dict[str, str]] = defaultdict(dict)
        for user, device_id, curve in devices:
            if not self._olm.session_store.get(curve):
                wanted[user][device_id] = "signed_curve25519"
        if not wanted:
            return
        body = {"one_time_keys": wanted, "timeout": 10_000}
        answer = await self._api.request("POST", path("keys", "claim"), body, wait=False)
        await self._client.receive_response(KeysClaimResponse(table(answer.get("one_time_keys")), {}))
        for _, _, curve in devices:
            if self._olm.session_store.get(curve):
                self._without_key.pop(curve, None)
            else:  # out of one-time keys, or its server is away: the others must not wait for it
                self._without_key[curve] = time.monotonic() + ASK_AGAIN_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311

    async def _to_device(self, room_id: str, messages: dict[str, dict[str, Any]]) -> None:
        """One batch. Tried again under the same transaction id, so that it arrives once."""
        where = path("sendToDevice", "m.room.encrypted", str(uuid4()))
        for attempt in range(BATCH_TRIES):
            try:
                await self._api.request("PUT", where, {"messages": messages}, wait=False)
                return
            except (ApiError, Unreachable) as error:
                again = isinstance(error, Unreachable) or error.status >= 500
                if not again:
                    raise
                log.warning("room_key_not_sent", room=room_id, attempt=attempt + 1, error=_short(error))
                if attempt == BATCH_TRIES - 1:
                    raise SharingFailed(f"to-device messages are not accepted: {_short(error)}") from error
                await asyncio.sleep(0.2 * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311
        raise AssertionError("unreachable")


def _short(error: Exception) -> str:
    return f"{error.status} {error.errcode}" if isinstance(error, ApiError) else type(error).__name__
