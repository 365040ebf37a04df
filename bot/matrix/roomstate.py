"""What the bot knows of its rooms: members, encryption, power. Kept in nio's rooms (its sender needs them), but
read from the raw state, since one odd display name or power level makes nio drop the whole event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nio import AsyncClient, Event, MatrixRoom
from nio.events import BadEvent, RoomMemberEvent, UnknownBadEvent
from nio.rooms import MatrixUser

from bot.matrix.events import clean, table, text, whole
from bot.matrix.guard import guarded
from bot.rooms.power import power_of


class RoomStates:
    """The joined rooms."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._create: dict[str, dict[str, Any]] = {}
        self._powers: dict[str, dict[str, Any]] = {}
        self._entering: dict[str, MatrixRoom] = {}

    def joined(self, room_id: str) -> MatrixRoom:
        """The room that a sync tells of; the sender knows a new one only once it has been `entered`.

        The members of a young room stand in its timeline. A message that went between reading the state and reading
        the timeline would be encrypted for nobody.
        """
        client = self._client
        client.invited_rooms.pop(room_id, None)
        room = client.rooms.get(room_id) or self._entering.get(room_id)
        if room is None:
            room = MatrixRoom(room_id, client.user_id, room_id in client.encrypted_rooms)
            room.members_synced = True  # syncs are never lazy here, so all members are known
            self._entering[room_id] = room
        return room

    def entered(self, room_id: str) -> None:
        """Its timeline is about to be read, and nothing comes in between any more: the room is there for everybody."""
        room = self._entering.pop(room_id, None)
        if room is not None:
            self._client.rooms[room_id] = room

    def left(self, room_id: str) -> None:
        """We left, or were made to."""
        client = self._client
        client.rooms.pop(room_id, None)
        self._entering.pop(room_id, None)
        client.invited_rooms.pop(room_id, None)
        if client.olm is not None:
            client.olm.outbound_group_sessions.pop(room_id, None)
        self._create.pop(room_id, None)
        self._powers.pop(room_id, None)

    def apply(self, room: MatrixRoom, raw: Any) -> None:
        """One state event, in the order of the timeline."""
        source = table(clean(raw))
        content, type_, state_key = source.get("content"), source.get("type"), source.get("state_key")
        if not isinstance(content, dict) or not isinstance(state_key, str):
            return
        event: Any = None
        with guarded("state", event_id=text(source.get("event_id"))):
            event = Event.parse_event(source)
        if type_ == "m.room.member":
            self._member(room, state_key, content, event)
            return
        if isinstance(event, Event) and not isinstance(event, BadEvent | UnknownBadEvent):
            with guarded("state", event_id=text(source.get("event_id"))):
                room.handle_event(event)
        if state_key != "":
            return
        if type_ == "m.room.create":
            self._create[room.room_id] = source
            room.room_version = text(content.get("room_version")) or "1"
        elif type_ == "m.room.power_levels":
            self._powers[room.room_id] = content
        elif type_ == "m.room.encryption":
            # Whatever its algorithm says: a room that wanted encryption never gets clear text from us.
            room.encrypted = True
            self._remember_encrypted(room.room_id)

    def _member(self, room: MatrixRoom, user_id: str, content: Mapping[str, Any], event: Any) -> None:
        membership = content.get("membership")
        before = set(room.users)
        if isinstance(event, RoomMemberEvent):
            with guarded("member", room=room.room_id):
                room.handle_membership(event)
        if membership in ("join", "invite"):
            invited = membership == "invite"
            user = room.users.setdefault(user_id, MatrixUser(user_id, None, None, 0, invited))
            user.invited = invited
            if not invited:
                room.invited_users.pop(user_id, None)
            if room.encrypted and user_id not in before and self._client.olm is not None:
                self._client.olm.users_for_key_query.add(user_id)
        else:  # leave, ban, knock, or nothing we know: not somebody who reads along
            room.users.pop(user_id, None)
            room.invited_users.pop(user_id, None)
        if set(room.users) != before:
            self._client._invalidate_session_for_member_event(room.room_id)

    def _remember_encrypted(self, room_id: str) -> None:
        client = self._client
        if room_id not in client.encrypted_rooms:
            client.encrypted_rooms.add(room_id)
            if client.store is not None:
                client.store.save_encrypted_rooms({room_id})

    def track(self, room: MatrixRoom) -> None:
        """Ask for the devices of members not asked for yet."""
        if room.encrypted and self._client.olm is not None:
            self._client.olm.update_tracked_users(room)

    def direct_after(self, room_id: str, timeline: list[Any]) -> bool:
        """`direct` as it will be once this timeline is applied."""
        room = self._client.rooms.get(room_id) or self._entering.get(room_id)
        users = set(room.users) if room is not None else set()
        for source in map(table, timeline):
            user = source.get("state_key")
            if source.get("type") == "m.room.member" and isinstance(user, str):
                present = table(source.get("content")).get("membership") in ("join", "invite")
                (users.add if present else users.discard)(user)
        return len(users) == 2 and self._client.user_id in users

    def direct_before(self, room: MatrixRoom, timeline: list[Any]) -> bool:
        """`direct` as it was before this timeline, once its `state` is applied.

        Homeservers give the state after the first event and leave that event out of it: when it is about a member,
        as in a room just joined over federation, only the event itself says whether they were there before.
        """
        users, first = set(room.users), table(timeline[0]) if timeline else {}
        before = table(table(first.get("unsigned")).get("prev_content")).get("membership")
        if first.get("type") == "m.room.member" and before in ("join", "invite"):
            users.add(text(first.get("state_key")))
        return len(users) == 2 and self._client.user_id in users

    def direct(self, room: MatrixRoom) -> bool:
        """Whether the room holds us and exactly one other, joined or invited; names do not count."""
        return len(room.users) == 2 and self._client.user_id in room.users

    def born(self, room_id: str) -> int:
        """When the room was made, as its maker's server says, milliseconds since the epoch; 0 when it is not known."""
        return whole(self._create.get(room_id, {}).get("origin_server_ts")) or 0

    def power(self, room_id: str, user_id: str) -> int:
        """The user's effective power level in a joined room; 0 in others."""
        if room_id not in self._client.rooms:
            return 0
        return power_of(user_id, self._create.get(room_id), self._powers.get(room_id))

    def power_levels(self, room_id: str) -> dict[str, Any] | None:
        """Content of m.room.power_levels."""
        return self._powers.get(room_id)
