"""Wanted and found rooms → what to change. Pure: no network, no clock.

The files are the truth about rooms that exist already too, with limits: encryption is never turned off, nobody is
removed from a room that is open to citizens (unless their whole server goes), nobody who left is called back, what
those who keep order did stays, and a room in which a stranger outranks us is not taken over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from bot.rooms import acl, wanted
from bot.rooms.admission import Admission
from bot.rooms.agencies import Agencies
from bot.rooms.change import (
    REFERENCE,
    AdoptRoom,
    Change,
    CreateRoom,
    Invite,
    JoinRoom,
    Level,
    Plan,
    PointAlias,
    Remark,
    SetAvatar,
    SetState,
    covers,
)
from bot.rooms.expulsion import expulsion
from bot.rooms.found import CREATOR, Found, FoundRoom
from bot.rooms.lasting import lasting
from bot.rooms.model import Room, Rooms, server_of
from bot.rooms.ranks import ranks
from bot.rooms.wanted import NOTHING_HELD, Held


def plan(
    desired: Rooms,
    found: Found,
    server_name: str,
    *,
    agencies: Agencies | None = None,
    held: Mapping[str, Held] | None = None,
    adopt: Collection[str] = (),
    force: Collection[str] = (),
    dropped: Collection[str] = (),
    only: Collection[str] = (),
) -> Plan:
    """Everything that `apply` should do, in an order in which it can be done.

    `held`: by room name, what those who keep order did and what still holds. `adopt`: rooms that the operator takes
    over although somebody unlisted has power in them. `force`: rooms whose server ACL may shut out servers that have
    people there. `dropped`: servers whose agency was just taken out by name, which may go as well. `only`: names of
    the rooms that are to be changed; none means all of them.
    """
    whole = _Planner(
        desired,
        found,
        server_name,
        agencies or Agencies(),
        held or {},
        frozenset(adopt),
        frozenset(force),
        frozenset(dropped),
    ).plan()
    if not only:
        return whole
    return Plan(
        tuple(change for change in whole.changes if change.room in only or _shows(change, only)),
        tuple(remark for remark in whole.remarks if remark.room in only),
    )


def _shows(change: Change, only: Collection[str]) -> bool:
    """Whether it puts one of these rooms into a space, which belongs to making the room."""
    shown = change.state_key.removeprefix(REFERENCE) if isinstance(change, SetState) else ""
    return isinstance(change, SetState) and change.type == "m.space.child" and shown in only


class _Planner:
    def __init__(
        self,
        desired: Rooms,
        found: Found,
        server_name: str,
        agencies: Agencies,
        kept: Mapping[str, Held],
        adopt: frozenset[str],
        force: frozenset[str],
        dropped: frozenset[str],
    ) -> None:
        self.desired = desired
        self.found = found
        self.server_name = server_name
        self.agencies = agencies
        self.kept = kept
        self.adopt = adopt
        self.force = force
        self.dropped = dropped
        self.remarks: list[Remark] = []
        self.held: set[str] = set()
        """Rooms that are left alone until a person decides."""

    def plan(self) -> Plan:
        changes: list[Change] = []
        for room in self.desired.all:
            changes += self._room(room)
        changes += self._children()
        for room in self.desired.all:
            if room.name not in self.held:
                changes += self._invites(room)
        return Plan(tuple(changes), tuple(self.remarks))

    def _admission(self, room: Room) -> Admission:
        return Admission(room, self.desired, self.agencies, self.server_name)

    def _remark(self, room: Room, level: Level, message: str) -> None:
        self.remarks.append(Remark(room.name, level, message))

    # ── one room ────────────────────────────────────────────────────────────────────────────────────────

    def _room(self, room: Room) -> Iterator[Change]:
        there = self.found.rooms.get(room.name)
        alias = room.full_alias(self.server_name)
        if there is None:
            held = self.kept.get(room.name, NOTHING_HELD)
            body = wanted.creation(
                room,
                self.desired,
                self.agencies,
                me=self.found.me,
                server_name=self.server_name,
                version=self._version(room),
                held=held,
            )
            if room.federate and (fault := acl.fault(self._admission(room).acl(held.banned_servers), self.server_name)):
                self._remark(room, Level.BLOCKED, f"ACL server tidak ditulis: {fault}")
            yield CreateRoom(room.name, alias, body)
            if room.avatar is not None:
                yield SetAvatar(room.name, room.avatar)
            return
        if not there.readable:
            self.held.add(room.name)
            yield JoinRoom(room.name, there.room_id, self.server_name)
            return
        if not (there.recorded or there.successor) and not self._may_adopt(room, there):
            self.held.add(room.name)
            return
        if not there.recorded:
            yield AdoptRoom(room.name, there.room_id)
        if there.alias_target != there.room_id:
            yield PointAlias(room.name, alias, there.alias_target)
        safes = self.desired.creators(self.server_name)
        self.remarks += lasting(there, self._admission(room), me=self.found.me, safes=safes)
        held = self.kept.get(room.name, NOTHING_HELD)
        leaving = expulsion(
            there,
            self._admission(room),
            me=self.found.me,
            forced=room.name in self.force,
            banned=held.banned_servers,
            dropped=self.dropped,
        )
        self.remarks += leaving.remarks
        yield from leaving.removals
        if leaving.acl is not None and self._able(room, there, acl.TYPE):
            yield leaving.acl
        yield from self._state(room, there, alias)

    def _version(self, room: Room) -> str:
        version = self.desired.version
        if not self.found.versions or version in self.found.versions:
            return version
        best = max((one for one in self.found.versions if one.isdigit()), key=int, default=version)
        self._remark(room, Level.WARNING, f"homeserver tidak menyediakan ruang versi {version}; dipakai versi {best}")
        return best

    def _may_adopt(self, room: Room, there: FoundRoom) -> bool:
        """An alias can be squatted: who made the room reads everything in it and can never be removed."""
        ours = {self.found.me, *self._admission(room).listed}
        strangers = sorted(user for user, power in there.powerful().items() if power >= 50 and user not in ours)
        if not strangers or room.name in self.adopt:
            return True
        permanent = " (pembuat ruang, tidak bisa dicabut)" if set(strangers) & set(there.creators) else ""
        self._remark(
            room,
            Level.BLOCKED,
            f"alias {room.full_alias(self.server_name)} sudah dipakai ruang {there.room_id} tempat "
            f"{', '.join(strangers)}{permanent} berkuasa tetapi tidak tercantum di officers.yaml. "
            f"Cantumkan mereka, pilih alias lain, atau terima dengan --adopt {room.name}",
        )
        return False

    # ── its state ───────────────────────────────────────────────────────────────────────────────────────

    def _state(self, room: Room, there: FoundRoom, alias: str) -> Iterator[Change]:
        events: list[wanted.StateEvent] = [
            *wanted.state(room, self.desired, self.agencies, self.server_name),
            ("m.room.name", "", {"name": room.title}),
            ("m.room.canonical_alias", "", {"alias": alias}),
        ]
        if room.topic or (there.content("m.room.topic") or {}).get("topic"):
            events.append(("m.room.topic", "", wanted.topic(room)))
        shut = self.kept.get(room.name, NOTHING_HELD).closed
        for type_, key, content in events:
            if type_ == "m.room.join_rules" and shut:
                continue
            before = there.content(type_, self._id(key))
            if type_ == "m.room.canonical_alias":  # people may have added further aliases
                content = {**(before or {}), **content}
            change = SetState(room.name, type_, content, key, before)
            known = self._resolved(content)
            if type_ == "m.room.topic":  # servers write the newer block in their own way
                known = {"topic": room.topic}
            if not change.satisfied(before, known) and self._able(room, there, type_):
                yield change
        yield from self._left_spaces(room, there)
        if room.avatar is not None:
            picture = SetAvatar(room.name, room.avatar, there.content("m.room.avatar"))
            if not picture.satisfied(picture.before) and self._able(room, there, "m.room.avatar"):
                yield picture
        yield from self._powers(room, there)

    def _left_spaces(self, room: Room, there: FoundRoom) -> Iterator[Change]:
        """A space of ours that was the room's home and is so no more; an empty m.space.parent is none."""
        home = wanted.spaces_of(room, self.desired, self.agencies)[:1]
        for space in (self.desired.space, self.desired.agency_space):
            if space is None or space in home:
                continue
            key = f"{REFERENCE}{space.name}"
            before = there.content("m.space.parent", self._id(key))
            if before and before.get("via") and self._able(room, there, "m.space.parent"):
                yield SetState(room.name, "m.space.parent", {}, key, before, whole=True)

    def _powers(self, room: Room, there: FoundRoom) -> Iterator[Change]:
        before = there.content("m.room.power_levels")
        mine = there.power(self.found.me)
        listed = self._admission(room).powers
        held = self.kept.get(room.name, NOTHING_HELD)
        left = ranks(room.name, there, self.found.me, listed, held.muted)
        self.remarks += left.remarks
        content = wanted.power_levels(
            room,
            self.desired,
            self.agencies,
            me=self.found.me,
            server_name=self.server_name,
            version=there.version,
            creators=there.creators,
            found=before,
            keep=left.keep,
            held=held,
        )
        content["users"] |= left.stuck
        if dict(before or {}) == content or not self._able(room, there, "m.room.power_levels"):
            return
        if mine != CREATOR and max([*listed.values(), room.power.state or 0]) > mine:
            self._remark(
                room, Level.BLOCKED, f"kuasa bot di sini {mine}: beri 100 lewat Element supaya bisa mengangkat petugas"
            )
            return
        yield SetState(room.name, "m.room.power_levels", content, "", before, whole=True)

    def _able(self, room: Room, there: FoundRoom, type_: str) -> bool:
        mine, needed = there.power(self.found.me), there.needed(type_)
        if mine >= needed:
            return True
        message = f"kuasa bot di sini {mine}, untuk {type_} perlu {needed}: beri 100 lewat Element lalu ulangi"
        self._remark(room, Level.BLOCKED, message)
        return False

    # ── between rooms ───────────────────────────────────────────────────────────────────────────────────

    def _children(self) -> Iterator[Change]:
        spaces = [self.desired.space, *([self.desired.agency_space] if self.desired.agency_space else [])]
        for space in spaces:
            if space.name not in self.held:
                yield from self._children_of(space)

    def _children_of(self, space: Room) -> Iterator[Change]:
        there = self.found.rooms.get(space.name)
        for position, channel in enumerate(self.desired.channels):
            if channel.name in self.held:
                continue
            shown = space in wanted.spaces_of(channel, self.desired, self.agencies)
            if not shown:
                yield from self._unshown(space, there, channel)
                continue
            key = f"{REFERENCE}{channel.name}"
            content = wanted.space_child(self.server_name, position)
            before = there.content("m.space.child", self._id(key)) if there else None
            if there and before and covers(before, content):
                continue
            if there is None or self._able(space, there, "m.space.child"):
                yield SetState(space.name, "m.space.child", content, key, before)

    def _unshown(self, space: Room, there: FoundRoom | None, channel: Room) -> Iterator[Change]:
        """A channel that was shown in this space and is not for its members any more; an empty child is none."""
        key = f"{REFERENCE}{channel.name}"
        before = there.content("m.space.child", self._id(key)) if there else None
        if there and before and before.get("via") and self._able(space, there, "m.space.child"):
            yield SetState(space.name, "m.space.child", {}, key, before, whole=True)

    def _invites(self, room: Room) -> Iterator[Change]:
        there = self.found.rooms.get(room.name)
        for user in sorted(self._admission(room).invited - {self.found.me}):
            federates = there.federates if there else room.federate
            if not federates and server_of(user) != self.server_name:
                message = f"{user} dari server lain, ruang ini tertutup bagi server lain: pakai akun di server kita"
                self._remark(room, Level.BLOCKED, message)
                continue
            membership = there.membership(user) if there else None
            if membership in ("join", "invite"):
                continue
            if membership == "ban":
                self._remark(room, Level.WARNING, f"{user} sedang diblokir di sini; cabut lewat Element bila keliru")
            elif there and there.left_by_choice(user):
                self._remark(room, Level.INFO, f"{user} keluar sendiri dari ruang ini; undang lewat Element bila perlu")
            else:
                yield Invite(room.name, user)

    def _id(self, key: str) -> str:
        """A state key with a reference resolved as far as it is known."""
        if not key.startswith(REFERENCE):
            return key
        there = self.found.rooms.get(key.removeprefix(REFERENCE))
        return there.room_id if there else key

    def _resolved(self, content: Mapping[str, Any]) -> dict[str, Any]:
        ids = {name: room.room_id for name, room in self.found.rooms.items()}
        resolved = resolve(content, ids)
        assert isinstance(resolved, dict)  # noqa: S101
        return resolved


def resolve(value: Any, ids: Mapping[str, str]) -> Any:
    """`value` with each known "rooms:NAME" replaced by that room's id."""
    if isinstance(value, str) and value.startswith(REFERENCE):
        return ids.get(value.removeprefix(REFERENCE), value)
    if isinstance(value, Mapping):
        return {key: resolve(item, ids) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, ids) for item in value]
    return value
