"""What is said and done when the rooms have come to differ from the files while the bot runs. Pure.

Only what the file names under `repair` is put right by machine; the rest waits for a person and `rooms apply`. Somebody
removed or a room made is never the machine's own idea.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence

from bot.markup import escape
from bot.rooms import acl
from bot.rooms.change import Change, Level, Plan, RemoveMember, SetAvatar, SetState, differences
from bot.rooms.expulsion import DROPPED
from bot.rooms.found import Found
from bot.rooms.model import Repair, Rooms

FIELDS: Mapping[str, Repair] = {
    acl.TYPE: "acl",
    "m.room.power_levels": "power_levels",
    "m.room.name": "name",
    "m.room.topic": "topic",
    "m.room.avatar": "avatar",
    "m.room.join_rules": "join_rules",
    "m.room.history_visibility": "history_visibility",
    "m.room.guest_access": "guest_access",
    "m.room.encryption": "encryption",
    "m.room.retention": "retention",
    "m.room.canonical_alias": "canonical_alias",
    "m.space.child": "space",
    "m.space.parent": "space",
}
"""State event → the word for it under `repair`."""
WORDS: Mapping[Repair, str] = {
    "acl": "server yang boleh ikut",
    "power_levels": "kuasa",
    "name": "nama",
    "topic": "keterangan",
    "avatar": "gambar",
    "join_rules": "cara masuk",
    "history_visibility": "riwayat yang terlihat",
    "guest_access": "tamu",
    "encryption": "enkripsi",
    "retention": "masa simpan",
    "canonical_alias": "alias",
    "space": "tempat di ruang induk",
}
LONGEST = 300
"""Characters of one difference; the whole of it shows `rooms plan`."""
MOST = 20
"""Differences in one card."""


def repairs(plan: Plan, allowed: Collection[Repair]) -> list[Change]:
    """The changes that the machine may make by itself.

    An ACL for which people have to leave first is a person's to order, like their leaving.
    """
    dropping = {one.room for one in plan.changes if isinstance(one, RemoveMember) and one.why == DROPPED}
    return [
        change
        for change in plan.changes
        if _field(change) in allowed and not (_field(change) == "acl" and change.room in dropping)
    ]


def digest(plan: Plan) -> str:
    """Short name of all that differs; empty when nothing does."""
    said = sorted([*map(str, plan.changes), *(str(one) for one in plan.remarks if one.level is Level.BLOCKED)])
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16] if said else ""


def card(repaired: Sequence[Change], left: Plan, rooms: Rooms, found: Found) -> str:
    """Markdown for the officers. `found` is from before the repair: it knows who changed what."""
    parts: list[str] = []
    if repaired:
        parts += ["🔧 **Ruang diubah dari luar, sudah dikembalikan:**", *_lines(repaired, rooms, found)]
    open_ = [one for one in left.remarks if one.level is Level.BLOCKED]
    if left.changes or open_:
        parts += ["⚠️ **Ruang berbeda dari berkas `rooms/`:**", *_lines(left.changes, rooms, found)]
        parts += [f"- {_title(one.room, rooms)}: {escape(_short(one.message))}" for one in open_[:MOST]]
        parts.append("\nLihat: `kentongan rooms plan`. Kembalikan: `kentongan rooms apply`.")
    return "\n".join(parts)


GONE = "✅ Ruang-ruang kembali sesuai dengan berkas `rooms/`."


def _lines(changes: Sequence[Change], rooms: Rooms, found: Found) -> list[str]:
    lines = [_line(change, rooms, found) for change in changes[:MOST]]
    return lines + ([f"- … dan {len(changes) - MOST} lagi"] if len(changes) > MOST else [])


def _line(change: Change, rooms: Rooms, found: Found) -> str:
    title, field = _title(change.room, rooms), _field(change)
    if field is None or not isinstance(change, SetState | SetAvatar):
        return f"- {title}: {escape(_short(str(change).partition(': ')[2]))}"
    what = "diganti" if isinstance(change, SetAvatar) else "; ".join(differences(change.before or {}, change.content))
    return f"- {title}: {WORDS[field]}{_author(change, found)}: {escape(_short(what))}"


def _author(change: SetState | SetAvatar, found: Found) -> str:
    """Who left it as it stands, when that was not us."""
    there = found.rooms.get(change.room)
    key = ("m.room.avatar", "") if isinstance(change, SetAvatar) else (change.type, change.state_key)
    sender = there.senders.get(key) if there is not None else None
    return f" (diubah {escape(sender)})" if sender and sender != found.me else ""


def _title(name: str, rooms: Rooms) -> str:
    room = rooms.by_name(name)
    return f"**{escape(room.title if room is not None else name)}**"


def _field(change: Change) -> Repair | None:
    if isinstance(change, SetAvatar):
        return "avatar"
    return FIELDS.get(change.type) if isinstance(change, SetState) else None


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
