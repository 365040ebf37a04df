"""Carries a plan out. Each change looks before it acts, so a second run after a crash repeats nothing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import structlog

from bot.rooms import acl
from bot.rooms.change import (
    REFERENCE,
    AdoptRoom,
    Change,
    CreateRoom,
    Invite,
    JoinRoom,
    PointAlias,
    RemoveMember,
    SetAvatar,
    SetState,
)
from bot.rooms.homeserver import Homeserver, Refusal, look, path
from bot.rooms.model import Avatar, server_of
from bot.rooms.plan import resolve

log = structlog.get_logger()


class Result(StrEnum):
    """What became of a change."""

    DONE = "done"
    ALREADY = "already"
    """It stood so by the time we looked."""
    FAILED = "failed"


@dataclass(frozen=True)
class Step:
    """Progress after one change."""

    number: int
    total: int
    change: Change
    result: Result
    error: str = ""


@dataclass
class Outcome:
    """What `apply` did."""

    ids: dict[str, str]
    """Name → room id of every room known now."""
    done: int = 0
    already: int = 0
    failures: list[Step] = field(default_factory=list)


class _Failed(Exception):
    """This change cannot be made now; the others may."""


OnRoom = Callable[[str, str], Awaitable[None]]
"""Called with (name, room id) as soon as a room is known, so that a crash right after loses nothing."""
Upload = Callable[[bytes, str, str], Awaitable[str]]
"""(bytes, type, file name) → mxc URI."""


@dataclass(frozen=True)
class _Hands:
    """What a change is made with."""

    api: Homeserver
    me: str
    ids: dict[str, str]
    on_room: OnRoom
    upload: Upload | None


async def apply(
    api: Homeserver,
    changes: Sequence[Change],
    *,
    me: str,
    ids: Mapping[str, str],
    on_room: OnRoom,
    on_progress: Callable[[Step], None] | None = None,
    upload: Upload | None = None,
) -> Outcome:
    """Make the changes in order as `me`. `ids`: name → room id of the rooms that the survey found.

    A change that the homeserver refuses is reported in `failures` and the rest goes on; no answer from the
    homeserver ends it with that error. Run again, it goes on where it stopped.
    """
    outcome = Outcome(dict(ids))
    hands = _Hands(api, me, outcome.ids, on_room, upload)
    for number, change in enumerate(changes, 1):
        error = ""
        try:
            result = await _make(hands, change)
        except _Failed as failure:
            result, error = Result.FAILED, str(failure)
        except Exception as refusal:
            if not isinstance(refusal, Refusal):
                raise
            result, error = Result.FAILED, str(refusal)
        step = Step(number, len(changes), change, result, error)
        if result is Result.FAILED:
            outcome.failures.append(step)
            log.warning("rooms.change_failed", room=change.room, change=type(change).__name__, error=error)
        elif result is Result.DONE:
            outcome.done += 1
            log.info("rooms.changed", room=change.room, change=type(change).__name__)
        else:
            outcome.already += 1
        if on_progress:
            on_progress(step)
    return outcome


async def _make(hands: _Hands, change: Change) -> Result:
    api, ids, on_room = hands.api, hands.ids, hands.on_room
    match change:
        case CreateRoom():
            return await _create(api, change, ids, on_room)
        case JoinRoom():
            answer = await api.request("POST", path("join", change.room_id), {})
            ids[change.room] = str(answer["room_id"])
            return Result.DONE
        case AdoptRoom():
            ids[change.room] = change.room_id
            await on_room(change.room, change.room_id)
            return Result.DONE
        case PointAlias():
            return await _point(api, change, _id(change.room, ids))
        case SetState():
            return await _set(hands, change)
        case SetAvatar():
            return await _hang(hands, change)
        case RemoveMember():
            return await _remove(api, change, _id(change.room, ids))
        case Invite():
            room_id = _id(change.room, ids)
            member = await look(api, path("rooms", room_id, "state", "m.room.member", change.user_id))
            if member and member.get("membership") in ("join", "invite"):
                return Result.ALREADY
            await api.request("POST", path("rooms", room_id, "invite"), {"user_id": change.user_id})
            return Result.DONE


async def _create(api: Homeserver, change: CreateRoom, ids: dict[str, str], on_room: OnRoom) -> Result:
    there = await look(api, path("directory", "room", change.alias))
    if there is None:
        body = _resolved(change.body, ids)
        try:
            answer = await api.request("POST", path("createRoom"), body)
        except Exception as error:
            # Our own request may have got through although its answer was lost; then the alias leads to the room.
            if not (isinstance(error, Refusal) and error.errcode == "M_ROOM_IN_USE"):
                raise
        else:
            ids[change.room] = str(answer["room_id"])
            await on_room(change.room, ids[change.room])
            return Result.DONE
    # The room came to be after the survey, by an earlier try of ours or by somebody else. The next plan looks into
    # it and says whether it is ours; until then nobody is invited into it.
    return Result.ALREADY


async def _point(api: Homeserver, change: PointAlias, room_id: str) -> Result:
    where = path("directory", "room", change.alias)
    there = await look(api, where)
    if there and there.get("room_id") == room_id:
        return Result.ALREADY
    if there:
        await api.request("DELETE", where)
    await api.request("PUT", where, {"room_id": room_id})
    return Result.DONE


async def _remove(api: Homeserver, change: RemoveMember, room_id: str) -> Result:
    member = await look(api, path("rooms", room_id, "state", "m.room.member", change.user_id))
    if not member or member.get("membership") not in ("join", "invite", "knock"):
        return Result.ALREADY
    await api.request("POST", path("rooms", room_id, "kick"), {"user_id": change.user_id, "reason": change.why})
    return Result.DONE


async def _hang(hands: _Hands, change: SetAvatar) -> Result:
    where = path("rooms", _id(change.room, hands.ids), "state", "m.room.avatar", "")
    if change.satisfied(await look(hands.api, where)):
        return Result.ALREADY
    if hands.upload is None:
        raise _Failed("gambar tidak bisa dikirim dari sini; jalankan kentongan rooms apply")
    data = await asyncio.to_thread(_picture, change.avatar)
    uri = await hands.upload(data, change.avatar.mimetype, change.avatar.file.name)
    await hands.api.request("PUT", where, change.content(uri))
    return Result.DONE


def _picture(avatar: Avatar) -> bytes:
    try:
        data = avatar.file.read_bytes()
    except OSError as error:
        raise _Failed(f"gambar {avatar.file} tidak terbaca ({error.strerror})") from None
    if hashlib.sha256(data).hexdigest() != avatar.sha256:
        raise _Failed(f"gambar {avatar.file.name} baru saja berubah: ulangi")
    return data


async def _set(hands: _Hands, change: SetState) -> Result:
    api, ids = hands.api, hands.ids
    room_id = _id(change.room, ids)
    key = change.state_key
    if key.startswith(REFERENCE):
        key = _id(key.removeprefix(REFERENCE), ids)
    content = _resolved(change.content, ids)
    where = path("rooms", room_id, "state", change.type, key)
    found = await look(api, where)
    if change.satisfied(found, content):
        return Result.ALREADY
    if change.type == acl.TYPE:
        await _second_look(hands, change, room_id, found, content)
    await api.request("PUT", where, content)
    return Result.DONE


async def _second_look(
    hands: _Hands, change: SetState, room_id: str, found: Mapping[str, object] | None, content: Mapping[str, object]
) -> None:
    """A server ACL cannot be taken back by whom it shuts out: looked at once more, against who is there now.

    Somebody may have come in since the survey, and a removal before this may have failed.
    """
    own = server_of(hands.me)
    if fault := acl.fault(content, own):
        raise _Failed(f"ACL server tidak ditulis: {fault}")
    joined = (await hands.api.request("GET", path("rooms", room_id, "joined_members"))).get("joined")
    servers = {server_of(str(user)) for user in joined} if isinstance(joined, Mapping) else set()
    gone = acl.shut_out(found, content, servers - {own})
    if own not in servers:
        raise _Failed("ACL server tidak ditulis: daftar anggota tidak memuat bot sendiri, jadi tidak bisa dipercaya")
    if gone and not change.forced:
        raise _Failed(f"ACL server tidak ditulis: masih ada anggota dari {', '.join(gone)}; jalankan lagi")


def _id(name: str, ids: Mapping[str, str]) -> str:
    if name not in ids:
        raise _Failed(f"menunggu ruang '{name}', yang belum ada")
    return ids[name]


def _resolved(value: Mapping[str, object], ids: Mapping[str, str]) -> dict[str, object]:
    resolved = resolve(value, ids)
    missing = sorted(_references(resolved))
    if missing:
        raise _Failed(f"menunggu ruang {', '.join(missing)}, yang belum ada")
    assert isinstance(resolved, dict)  # noqa: S101
    return resolved


def _references(value: object) -> set[str]:
    if isinstance(value, str) and value.startswith(REFERENCE):
        return {value.removeprefix(REFERENCE)}
    if isinstance(value, Mapping):
        return {name for item in value.values() for name in _references(item)}
    if isinstance(value, list):
        return {name for item in value for name in _references(item)}
    return set()
