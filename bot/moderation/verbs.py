"""What can be ordered with `!`, by which words, and what each order needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """An order, by the words that officers read everywhere."""

    WARN = "tegur"
    MUTE = "bisukan"
    UNMUTE = "suarakan"
    KICK = "keluarkan"
    BAN = "cekal"
    BAN_SERVER = "cekal server"
    UNBAN = "cabut cekal"
    UNBAN_SERVER = "cabut cekal server"
    REDACT = "hapus"
    SLOW = "pelan"
    FAST = "pelan mati"
    LOCK = "kunci"
    UNLOCK = "buka kunci"
    REMARK = "catat"
    PERSON = "orang"
    LIST = "daftar"
    PROTECTIONS = "perlindungan"
    PROTECT_OFF = "perlindungan mati"
    PROTECT_ON = "perlindungan nyala"
    LISTS = "daftarcekal"
    LIST_LOOK = "daftarcekal lihat"
    LIST_FOLLOW = "daftarcekal ikut"
    LIST_LEAVE = "daftarcekal lepas"
    HELP = "bantuan"
    VOUCH = "percaya"
    CANCEL = "batal"


class Right(StrEnum):
    """What a role may do, as rooms/moderation.yaml names it. Who may do something may undo it."""

    WARN = "tegur"
    MUTE = "bisukan"
    KICK = "keluarkan"
    BAN = "cekal"
    BAN_SERVER = "cekal server"
    REDACT = "hapus"
    SLOW = "pelan"
    LOCK = "kunci"
    REMARK = "catat"
    LIST = "daftar"
    PROTECT = "perlindungan"
    POLICIES = "daftarcekal"
    VOUCH = "percaya"


@dataclass(frozen=True)
class Needs:
    """What an order is made of."""

    right: Right | None
    person: bool = False
    """It is about people."""
    several: bool = False
    """… and may name more than one of them."""
    room: bool = False
    """It is done in a channel, or in all of them."""
    term: bool = False
    """It may end by itself."""
    reason: bool = False
    """It is not done without one."""
    address: bool = False
    """It is about the room of a policy list."""


NEEDS: Mapping[Verb, Needs] = {
    Verb.WARN: Needs(Right.WARN, person=True, several=True, room=True),
    Verb.MUTE: Needs(Right.MUTE, person=True, several=True, room=True, term=True),
    Verb.UNMUTE: Needs(Right.MUTE, person=True, several=True, room=True),
    Verb.KICK: Needs(Right.KICK, person=True, several=True, room=True),
    Verb.BAN: Needs(Right.BAN, person=True, several=True, room=True, term=True, reason=True),
    Verb.BAN_SERVER: Needs(Right.BAN_SERVER, room=True, term=True, reason=True),
    Verb.UNBAN: Needs(Right.BAN, person=True, several=True, room=True),
    Verb.UNBAN_SERVER: Needs(Right.BAN_SERVER, room=True),
    Verb.REDACT: Needs(Right.REDACT, person=True, room=True),
    Verb.SLOW: Needs(Right.SLOW, room=True),
    Verb.FAST: Needs(Right.SLOW, room=True),
    Verb.LOCK: Needs(Right.LOCK, room=True, term=True),
    Verb.UNLOCK: Needs(Right.LOCK, room=True),
    Verb.REMARK: Needs(Right.REMARK, person=True, reason=True),
    Verb.PERSON: Needs(Right.LIST, person=True),
    Verb.LIST: Needs(Right.LIST),
    Verb.PROTECTIONS: Needs(Right.LIST),
    Verb.PROTECT_OFF: Needs(Right.PROTECT, room=True, term=True),
    Verb.PROTECT_ON: Needs(Right.PROTECT, room=True, term=True),
    Verb.LISTS: Needs(Right.LIST),
    Verb.LIST_LOOK: Needs(Right.POLICIES, address=True),
    Verb.LIST_FOLLOW: Needs(Right.POLICIES, address=True),
    Verb.LIST_LEAVE: Needs(Right.POLICIES, address=True),
    Verb.HELP: Needs(None),
    Verb.VOUCH: Needs(Right.VOUCH, person=True),
    Verb.CANCEL: Needs(None),
}

MENDING = frozenset(
    (Verb.UNMUTE, Verb.UNBAN, Verb.UNBAN_SERVER, Verb.UNLOCK, Verb.FAST, Verb.PROTECT_ON, Verb.LIST_LEAVE)
)
"""What only takes back, or guards: allowed against anybody, an officer who was silenced by mistake included."""
WORDS: Mapping[str, Verb] = {
    "tegur": Verb.WARN, "peringatkan": Verb.WARN, "warn": Verb.WARN,
    "bisukan": Verb.MUTE, "bisu": Verb.MUTE, "mute": Verb.MUTE,
    "suarakan": Verb.UNMUTE, "unmute": Verb.UNMUTE,
    "keluarkan": Verb.KICK, "kick": Verb.KICK,
    "cekal": Verb.BAN, "ban": Verb.BAN,
    "unban": Verb.UNBAN,
    "hapus": Verb.REDACT,
    "pelan": Verb.SLOW, "pelankan": Verb.SLOW,
    "kunci": Verb.LOCK, "lock": Verb.LOCK,
    "unlock": Verb.UNLOCK,
    "catat": Verb.REMARK,
    "orang": Verb.PERSON,
    "daftar": Verb.LIST,
    "perlindungan": Verb.PROTECTIONS, "pelindung": Verb.PROTECTIONS,
    "daftarcekal": Verb.LISTS,
    "bantuan": Verb.HELP, "bantu": Verb.HELP, "help": Verb.HELP,
    "percaya": Verb.VOUCH, "percayai": Verb.VOUCH,
    "batal": Verb.CANCEL, "batalkan": Verb.CANCEL,
}  # fmt: skip
"""Orders of one word."""
PAIRS: Mapping[tuple[str, str], Verb] = {
    ("cabut", "cekal"): Verb.UNBAN, ("buka", "cekal"): Verb.UNBAN,
    ("buka", "kunci"): Verb.UNLOCK, ("cabut", "kunci"): Verb.UNLOCK,
    ("buka", "bisu"): Verb.UNMUTE, ("cabut", "bisu"): Verb.UNMUTE,
    ("daftar", "cekal"): Verb.LISTS,
    ("pelan", "mati"): Verb.FAST, ("pelan", "off"): Verb.FAST, ("pelankan", "mati"): Verb.FAST,
}  # fmt: skip
"""Orders of two words."""
FURTHER: Mapping[tuple[Verb, str], Verb] = {
    (Verb.BAN, "server"): Verb.BAN_SERVER, (Verb.UNBAN, "server"): Verb.UNBAN_SERVER,
    (Verb.LISTS, "lihat"): Verb.LIST_LOOK,
    (Verb.LISTS, "ikut"): Verb.LIST_FOLLOW, (Verb.LISTS, "ikuti"): Verb.LIST_FOLLOW,
    (Verb.LISTS, "lepas"): Verb.LIST_LEAVE, (Verb.LISTS, "lepaskan"): Verb.LIST_LEAVE,
}  # fmt: skip
"""What a further word makes of an order."""
SWITCHES: Mapping[str, Verb] = {
    "mati": Verb.PROTECT_OFF, "matikan": Verb.PROTECT_OFF, "off": Verb.PROTECT_OFF,
    "nyala": Verb.PROTECT_ON, "nyalakan": Verb.PROTECT_ON, "hidup": Verb.PROTECT_ON, "hidupkan": Verb.PROTECT_ON,
    "on": Verb.PROTECT_ON,
}  # fmt: skip
"""What becomes of a protection: before its name or behind it."""
