"""The ways in: where a newcomer is led to for each channel. Pure."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

import segno

from bot.rooms.model import Room, Rooms

_BY_THEMSELVES = ("public", "knock", "space")
Registration = Literal["open", "token", "office"]
"""Who may make an account: anybody, whoever has a code, or officers only."""


@dataclass(frozen=True)
class Door:
    """One channel's way in."""

    name: str
    """Key of the channel in rooms.yaml."""
    title: str
    topic: str
    alias: str
    """What people type, and what `link` leads to: the channel, or the space whose members alone may enter it."""
    link: str
    knock: bool
    """An officer opens."""
    through: str | None
    """Title of the space that `alias` names; `None` when it is the channel itself."""


@dataclass(frozen=True)
class House:
    """What all doors have in common."""

    controller: str
    """Whose channels they are: "Polres Batang"."""
    server: str
    """The homeserver's name, as people type it."""
    registration: Registration
    register: str | None
    """Where accounts are made."""


def doors(rooms: Rooms, server_name: str, base: str) -> tuple[Door, ...]:
    """Of every channel that people can enter by themselves: one by invitation, or for agencies, has none."""
    return tuple(_door(room, rooms, server_name, base) for room in rooms.channels if room.join in _BY_THEMSELVES)


def _door(room: Room, rooms: Rooms, server_name: str, base: str) -> Door:
    first = rooms.space if room.join == "space" else room
    alias = first.full_alias(server_name)
    through = None if first is room else first.title
    return Door(room.name, room.title, room.topic, alias, link(base, alias), first.join == "knock", through)


def link(base: str, alias: str) -> str:
    """A link to a room by its alias (appendices, "matrix.to navigation": "#" and ":" are percent-encoded)."""
    return base + quote(alias, safe="")


def qr(text: str) -> bytes:
    """The text as a QR code with its four quiet modules (ISO/IEC 18004), a PNG of few pixels to be scaled without
    smoothing.

    A quarter of it may be dirty or torn (level Q): it hangs in the street.
    """
    drawn = io.BytesIO()
    segno.make(text, error="q", micro=False, boost_error=False).save(drawn, kind="png", scale=8, border=4)
    return drawn.getvalue()
