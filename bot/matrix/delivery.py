"""Carrying one outbox row out: what is asked of the homeserver, and what its answer means."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import structlog
from nio import AsyncClient

from bot.matrix import media
from bot.matrix.api import ApiError, HomeserverApi, Unreachable, path
from bot.matrix.events import table, text
from bot.matrix.keysharing import DeviceLists, KeySharing, RoomUnknown, SharingFailed
from bot.matrix.login import signed_out
from bot.matrix.lookback import find_own, find_reaction
from bot.outgoing import KEY_FIELD, Action, Priority
from bot.store import outbox
from bot.store.database import Database

log = structlog.get_logger()

REMEMBERED_MS = 20 * 3_600_000
"""Synapse forgets transaction ids after 24 hours; a row older than this may have been sent in spite of us."""
JOIN_TRIES = 10
INVITE_TRIES = 5
"""A server hands an invite over before it has written it down itself; who joins at once is told of none."""
MOST_SHARED = 16
"""Uploads for many rooms that are remembered."""
_ENOUGH: dict[Action, tuple[str, ...]] = {
    Action.INVITE: ("join", "invite", "ban"),
    Action.KICK: ("", "leave", "ban"),
    Action.BAN: ("ban",),
    Action.UNBAN: ("", "leave", "join", "invite", "knock"),
}
"""Memberships under which there is nothing to do: "" for somebody never seen there."""


class Session(Protocol):
    """What the sender needs of `MatrixSession`."""

    client: AsyncClient
    api: HomeserverApi
    user_id: str

    @property
    def keys(self) -> DeviceLists: ...


class Refused(Exception):
    """No further try can help."""


class NotNow(Exception):
    """Another try may help, after `seconds` if the homeserver said so."""

    def __init__(self, reason: str, *, seconds: float | None = None, everybody: bool = False) -> None:
        self.reason = reason
        self.seconds = seconds
        self.everybody = everybody
        """The whole homeserver is meant, not this row: rate limit, or no answer."""
        super().__init__(reason)


class Delivery:
    """Carries rows out for one session."""

    def __init__(self, session: Session, database: Database, keys: KeySharing, *, device_since: int) -> None:
        """`device_since`: since when we are this device, milliseconds; older rows may have been tried by another."""
        self._client = session.client
        self._api = session.api
        self._database = database
        self._keys = keys
        self._device_since = device_since
        self._clear: set[str] = set()
        self._uploaded: dict[int, dict[str, Any]] = {}
        self._shared: dict[tuple[str, bool], dict[str, Any]] = {}
        self._sharing = asyncio.Lock()

    async def carry_out(self, row: outbox.Row, content: dict[str, Any], now: int) -> str | None:
        """Do what the row says, with `content` its content with references resolved.

        Returns the event id, of a join the room's; `None` for other membership, which has none, and for state that
        stood so already.
        Raises Refused, NotNow, RoomUnknown, and SignedOut.
        """
        try:
            match row.action:
                case Action.EVENT:
                    return await self._event(row, content, now)
                case Action.REDACTION:
                    return await self._redaction(row, content)
                case Action.JOIN:
                    return await self._join(row, content)
                case Action.LEAVE:
                    await self._leave(row)
                case Action.STATE:
                    return await self._state(row, content)
                case Action.INVITE | Action.KICK | Action.BAN | Action.UNBAN:
                    await self._member(row, content)
        except ApiError as error:
            raise judge(error) from error
        except (Unreachable, TimeoutError) as error:
            raise NotNow(type(error).__name__, everybody=True) from error
        except SharingFailed as error:
            raise NotNow(str(error)) from error
        return None

    async def joined(self, room_id: str) -> bool:
        """Whether the homeserver counts us as a member; true as well when it does not answer."""
        try:
            answer = await self._api.request("GET", path("joined_rooms"), wait=False)
        except (ApiError, Unreachable):
            return True
        rooms = answer.get("joined_rooms")
        return not isinstance(rooms, list) or room_id in rooms

    def forget(self, row: outbox.Row) -> None:
        """The row is settled."""
        self._uploaded.pop(row.id, None)

    async def _event(self, row: outbox.Row, content: dict[str, Any], now: int) -> str:
        if row.created_at < max(now - REMEMBERED_MS, self._device_since):
            found = await self._look_back(row, content)
            if found is not None:
                log.info("already_sent", txn=row.txn_id, event_id=found)
                return found
        encrypted = await self.encrypted(row.room_id)
        if row.upload is not None:
            content = await self._with_upload(row, content, encrypted=encrypted)
        content = {**content, KEY_FIELD: row.txn_id}
        event_type = row.type
        if encrypted and event_type != "m.reaction":  # reactions travel in clear (client-server API, m.reaction)
            content = await self._keys.encrypt(row.room_id, event_type, content)
            event_type = "m.room.encrypted"
        where = path("rooms", row.room_id, "send", event_type, row.txn_id)
        try:
            return _event_id(await self._api.request("PUT", where, content, wait=False))
        except ApiError as error:
            if error.errcode != "M_DUPLICATE_ANNOTATION":
                raise
            found = await find_reaction(self._client, self._api, row.room_id, table(content.get("m.relates_to")))
            if found is None:
                raise
            return found

    async def _look_back(self, row: outbox.Row, content: dict[str, Any]) -> str | None:
        async def attributed(event_ids: Iterable[str]) -> set[str]:
            ids = list(event_ids)
            return await self._database.run(lambda connection: {e for e in ids if outbox.ours(connection, e)})

        relation = content.get("m.relates_to")
        return await find_own(
            self._client,
            self._api,
            row.room_id,
            row.txn_id,
            since=row.created_at,
            relation=relation if isinstance(relation, dict) else None,
            attributed=attributed,
        )

    async def encrypted(self, room_id: str) -> bool:
        """Whether the room is encrypted. Once it was it stays so, whatever the homeserver says later.

        Homeservers switch encryption on by themselves in rooms that nio has not seen yet; therefore the
        homeserver is asked once before the first clear message to a room.
        """
        room = self._client.rooms.get(room_id)
        if room_id in self._client.encrypted_rooms or (room is not None and room.encrypted):
            if room is None:
                raise RoomUnknown(room_id)
            room.encrypted = True
            return True
        if room is not None and room_id in self._clear:  # one that we left and joined again may have changed
            return False
        try:
            await self._api.request("GET", path("rooms", room_id, "state", "m.room.encryption", ""), wait=False)
        except ApiError as error:
            if error.errcode != "M_NOT_FOUND":
                raise
            self._clear.add(room_id)
            return False
        self._client.encrypted_rooms.add(room_id)
        if self._client.store is not None:
            self._client.store.save_encrypted_rooms({room_id})
        if room is None:
            raise RoomUnknown(room_id)
        room.encrypted = True
        if self._client.olm is not None:
            self._client.olm.update_tracked_users(room)
        return True

    async def _with_upload(self, row: outbox.Row, content: dict[str, Any], *, encrypted: bool) -> dict[str, Any]:
        if row.priority == Priority.RECORDING:
            # The same for every room: stored once, or two hundred rooms are two hundred files three times a day. Its
            # key then stands in every room, where everybody hears the same.
            known = (row.upload or "", encrypted)
            async with self._sharing:
                if known not in self._shared:
                    attached = await self._attach(row, content, encrypted=encrypted)
                    self._shared = {**dict(list(self._shared.items())[-MOST_SHARED:]), known: attached}
            attached = self._shared[known]
        else:
            if row.id not in self._uploaded:
                self._uploaded[row.id] = await self._attach(row, content, encrypted=encrypted)
            attached = self._uploaded[row.id]
        return {**content, **{name: attached[name] for name in ("info", "url", "file") if name in attached}}

    async def _attach(self, row: outbox.Row, content: dict[str, Any], *, encrypted: bool) -> dict[str, Any]:
        try:
            return await media.attach(self._api, Path(row.upload or ""), content, encrypted=encrypted)
        except OSError as error:
            raise Refused(f"the file to upload cannot be read: {error.strerror}") from None

    async def _redaction(self, row: outbox.Row, content: dict[str, Any]) -> str:
        """Redacting twice is one redaction in effect: no need to look back."""
        body = {"reason": content["reason"]} if content.get("reason") else {}
        where = path("rooms", row.room_id, "redact", text(content.get("event_id")), row.txn_id)
        return _event_id(await self._api.request("PUT", where, body, wait=False))

    async def _state(self, row: outbox.Row, content: dict[str, Any]) -> str | None:
        """Written once or ten times it is the same state, so there is no need to look back."""
        where = path("rooms", row.room_id, "state", row.type, text(content.get("state_key")))
        found = await self._look(where)
        wanted = content.get("set")
        if not isinstance(wanted, dict):
            wanted = merged(found or {}, table(content.get("merge")))
        if found == wanted or (found is None and not wanted):
            return None
        return _event_id(await self._api.request("PUT", where, wanted, wait=False))

    async def _member(self, row: outbox.Row, content: dict[str, Any]) -> None:
        """Done already is done: the homeserver refuses to put out somebody who is not there."""
        user = text(content.get("user_id"))
        found = await self._look(path("rooms", row.room_id, "state", "m.room.member", user))
        if text(table(found).get("membership")) in _ENOUGH[row.action]:
            return
        body = {"user_id": user} | ({"reason": content["reason"]} if content.get("reason") else {})
        await self._api.request("POST", path("rooms", row.room_id, str(row.action)), body, wait=False)

    async def _look(self, where: str) -> dict[str, Any] | None:
        """Content of a state event; `None` when there is none."""
        try:
            return await self._api.request("GET", where, wait=False)
        except ApiError as error:
            if error.errcode != "M_NOT_FOUND":
                raise
            return None

    async def _join(self, row: outbox.Row, content: dict[str, Any]) -> str | None:
        """`content["via"]` names servers to join through, for rooms of other servers."""
        via = [name for name in content.get("via") or [] if isinstance(name, str)]
        where = path("join", row.room_id)
        if via:
            # `server_name` until Matrix 1.11, `via` since.
            where += "?" + urlencode([(key, name) for name in via for key in ("server_name", "via")])
        try:
            room_id = (await self._api.request("POST", where, {}, wait=False)).get("room_id")
        except ApiError as error:
            # Servers that are away show as 404 or 502; the inviter's may be up again in a minute.
            tries = {404: JOIN_TRIES, 403: INVITE_TRIES}.get(error.status, 0)
            if row.attempts < tries:
                raise NotNow(f"{error.status} {error.errcode}") from error
            raise
        return room_id if isinstance(room_id, str) else None

    async def _leave(self, row: outbox.Row) -> None:
        try:
            await self._api.request("POST", path("rooms", row.room_id, "leave"), {}, wait=False)
        except ApiError as error:
            if error.status not in (403, 404) or "errcode" not in error.body:
                raise
            log.info("not_in_room", room=row.room_id)  # gone already: what was wanted


def merged(before: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`before` with `changes` in it (RFC 7396)."""
    after = dict(before)
    for key, value in changes.items():
        if value is None:
            after.pop(key, None)
        elif isinstance(value, dict):
            after[key] = merged(table(after.get(key)), value)
        else:
            after[key] = value
    return after


def judge(error: ApiError) -> Exception:
    """What a refusal means for the row: SignedOut, NotNow or Refused."""
    ended = signed_out(error)
    if ended is not None:
        return ended
    reason = f"{error.status} {error.errcode}"
    if error.status == 429 or error.errcode == "M_LIMIT_EXCEEDED":
        return NotNow(reason, seconds=5.0 if error.retry_after is None else error.retry_after, everybody=True)
    if error.errcode in ("M_RESOURCE_LIMIT_EXCEEDED", "M_CONSENT_NOT_GIVEN"):
        return NotNow(reason, seconds=60.0, everybody=True)  # the homeserver's administrator has to act
    if error.status >= 500 or error.status in (408, 425):
        return NotNow(reason, seconds=error.retry_after)
    if "errcode" not in error.body:  # not a homeserver speaking: a proxy in front of it
        return NotNow(reason, everybody=True)
    return Refused(str(error))


def _event_id(answer: dict[str, Any]) -> str:
    event_id = answer.get("event_id")
    if not isinstance(event_id, str) or not event_id:
        raise NotNow("an answer without an event id")
    return event_id
