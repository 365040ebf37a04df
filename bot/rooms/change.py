"""One difference between the files and the homeserver, and how it reads to a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.rooms import acl
from bot.rooms.model import Avatar

REFERENCE = "rooms:"
"""A string "rooms:NAME" in content or as a state key stands for the id of that room, known once it exists."""


@dataclass(frozen=True)
class CreateRoom:
    """Make the room and its alias in one request: a crash leaves both or neither."""

    room: str
    alias: str
    """Full alias."""
    body: Mapping[str, Any]
    """Request of POST /createRoom, with references."""

    def __str__(self) -> str:
        created = self.body.get("creation_content", {})
        spoken = f"+ {self.room}: buat ruang {self.alias} (versi {self.body.get('room_version', 'bawaan')})"
        if created.get("m.federate") is False:
            spoken += ", PERMANEN tanpa server lain"
        if more := created.get("additional_creators"):
            spoken += f", PERMANEN di atas semua kuasa bersama bot: {', '.join(more)}"
        return spoken


@dataclass(frozen=True)
class JoinRoom:
    """Enter a room that the alias leads to; what it lacks shows after that."""

    room: str
    room_id: str
    server: str

    def __str__(self) -> str:
        return f"> {self.room}: masuk ke ruang {self.room_id} yang sudah ada; isinya diperiksa setelah itu"


@dataclass(frozen=True)
class AdoptRoom:
    """Remember an existing room as ours; nothing is sent."""

    room: str
    room_id: str

    def __str__(self) -> str:
        return f"= {self.room}: pakai ruang {self.room_id} yang sudah ada"


@dataclass(frozen=True)
class PointAlias:
    """The alias leads to nothing, or to the room before an upgrade."""

    room: str
    alias: str
    before: str | None

    def __str__(self) -> str:
        return f"~ {self.room}: arahkan alias {self.alias} ke ruang ini" + (
            f" (tadinya {self.before})" if self.before else ""
        )


@dataclass(frozen=True)
class SetState:
    """Write one state event."""

    room: str
    type: str
    content: Mapping[str, Any]
    state_key: str = ""
    before: Mapping[str, Any] | None = None
    whole: bool = False
    """Compare the whole content; else only the keys that `content` has."""
    forced: bool = False
    """The operator knows that it shuts out servers whose people are in the room."""

    def __str__(self) -> str:
        key = f" [{self.state_key}]" if self.state_key else ""
        return f"~ {self.room}: {self.type}{key}: " + "; ".join(differences(self.before or {}, self.content))

    def satisfied(self, found: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
        """Whether what stands is already as wanted."""
        if not found:
            return False
        if self.type == "m.room.encryption":  # once on it stays as it is; writing again could only weaken it
            return True
        if self.type == acl.TYPE:
            return acl.same(found, wanted)
        return dict(found) == dict(wanted) if self.whole else covers(found, wanted)


@dataclass(frozen=True)
class Invite:
    """Ask an officer or a liaison in."""

    room: str
    user_id: str

    def __str__(self) -> str:
        return f"+ {self.room}: undang {self.user_id}"


@dataclass(frozen=True)
class RemoveMember:
    """Take somebody out, or an invitation back; bans are not ours to give or lift here."""

    room: str
    user_id: str
    why: str

    def __str__(self) -> str:
        return f"- {self.room}: keluarkan {self.user_id} ({self.why})"


AVATAR_DIGEST = "id.kentongan.sha256"
"""Field of m.room.avatar: what the picture was when we sent it, so that it is sent once."""


@dataclass(frozen=True)
class SetAvatar:
    """Send a picture to the homeserver and hang it up."""

    room: str
    avatar: Avatar
    before: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return f"~ {self.room}: m.room.avatar: pasang gambar {self.avatar.file.name}"

    def satisfied(self, found: Mapping[str, Any] | None) -> bool:
        """Whether this picture hangs there."""
        return bool(found and found.get("url") and found.get(AVATAR_DIGEST) == self.avatar.sha256)

    def content(self, uri: str) -> dict[str, Any]:
        """Content of m.room.avatar."""
        info = {"mimetype": self.avatar.mimetype, "size": self.avatar.size}
        return {"url": uri, "info": info, AVATAR_DIGEST: self.avatar.sha256}


Change = CreateRoom | JoinRoom | AdoptRoom | PointAlias | SetState | SetAvatar | Invite | RemoveMember


class Level(StrEnum):
    """How grave a remark is; `blocked` means that part of the files cannot be applied."""

    INFO = "info"
    WARNING = "warning"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Remark:
    """What `apply` will not or cannot do by itself, and the remedy."""

    room: str
    level: Level
    message: str

    def __str__(self) -> str:
        sign = {Level.INFO: "i", Level.WARNING: "!", Level.BLOCKED: "x"}[self.level]
        return f"{sign} {self.room}: {self.message}"


@dataclass(frozen=True)
class Plan:
    """What is to be done, in order, and what is to be known."""

    changes: tuple[Change, ...] = ()
    remarks: tuple[Remark, ...] = field(default=())

    @property
    def blocked(self) -> bool:
        """Whether something in the files cannot be applied."""
        return any(remark.level is Level.BLOCKED for remark in self.remarks)


def covers(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether each key of `wanted` stands in `found` with the same value."""
    return all(key in found and found[key] == value for key, value in wanted.items())


def differences(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> list[str]:
    """`key from → to` for each key that differs, nested ones by their path."""
    lines: list[str] = []
    for key in sorted({*before, *after}, key=str):
        old, new = before.get(key), after.get(key)
        name = f"{path}{key}"
        if old == new or (key not in after and not path):
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            lines += differences(old, new, f"{name}.")
        elif old is None and isinstance(new, Mapping) and new:
            lines += differences({}, new, f"{name}.")
        else:
            lines.append(f"{name} {_word(old)} → {_word(new)}")
    return lines


def _word(value: Any) -> str:
    return "—" if value is None else str(value)
