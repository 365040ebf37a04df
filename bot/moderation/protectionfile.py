"""rooms/protections.yaml: what is watched for in the channels, from when on, and what follows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError, model_validator

from bot.moderation.insults import InsultWords
from bot.moderation.signals import LinkWords
from bot.problem import ContentError, Problem
from bot.rooms.model import Localpart, Part, Rooms
from bot.yamlfile import Document, read, validate

PROTECTIONS = "protections.yaml"

Name = Literal["flood", "mentions", "repeats", "links", "invites", "newcomers", "insults", "voices", "joins"]
NAMES: tuple[Name, ...] = (
    "flood", "mentions", "repeats", "links", "invites", "newcomers", "insults", "voices", "joins",
)  # fmt: skip
Consequence = Literal["warn", "redact", "mute", "kick", "report"]
Rung = Annotated[tuple[Consequence, ...], Field(min_length=1)]
_UNHEARD = "a voice note is never redacted before it is heard: take 'redact' out of voices.ladder"


class Watch(Part):
    """What every protection has."""

    on: bool = True
    ladder: Annotated[tuple[Rung, ...], Field(min_length=1, max_length=10)]
    """What follows on the first strike, the second …; the last rung repeats."""
    half_life_days: Annotated[float, Field(gt=0, le=365)] = 7
    """A strike counts in full for so long and then no more for a rung of its own; two of them last longer."""
    mute_minutes: Annotated[int, Field(ge=1, le=10_080)] = 10
    """How long a mute lasts on the first strike; on the second twice as long, and so on, at most a week."""


class Flood(Watch):
    """Many messages in a short time; reports count only from twice as many on."""

    messages: Annotated[int, Field(ge=3, le=1000)]
    seconds: Annotated[int, Field(ge=1, le=600)]


class Mentions(Watch):
    """Many people named in one message, or the whole room without the power for it."""

    people: Annotated[int, Field(ge=2, le=100)]


class Repeats(Watch):
    """The same words again and again, in one channel or in several."""

    times: Annotated[int, Field(ge=2, le=100)]
    minutes: Annotated[int, Field(ge=1, le=1440)]
    letters: Annotated[int, Field(ge=4, le=500)]
    """Shorter texts ("siap", "oke") may be said as often as one likes."""


class Links(Watch):
    """Addresses outside the list `allowed`."""

    links: Annotated[int, Field(ge=1, le=100)]
    minutes: Annotated[int, Field(ge=1, le=1440)]
    allowed: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9.\-]+$", max_length=253)], ...] = ()
    """With everything below them: "go.id" allows "batangkab.go.id"."""
    endings: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9\-]+$", max_length=63)], ...] = ()
    """Last parts by which an address without "https://" is known."""


class Invites(Watch):
    """Invitations into groups elsewhere: other rooms of Matrix, other messengers."""

    places: tuple[Annotated[str, StringConstraints(min_length=4, max_length=200)], ...] = ()
    """Beginnings of such addresses: "chat.whatsapp.com", "t.me/+"."""


class Newcomers(Watch):
    """Pictures and files of people who have only just come."""

    hours: Annotated[int, Field(ge=1, le=720)]


class Insults(Watch):
    """Words that insult somebody; quoting them, or speaking of an animal, does not."""

    always: tuple[str, ...] = ()
    """Insults whatever stands around them."""
    aimed: tuple[str, ...] = ()
    """Insults when aimed at somebody ("kamu bodoh")."""
    animals: tuple[str, ...] = ()
    """Animals; insults when aimed at somebody and nothing is told of an animal."""
    people: tuple[str, ...] = ()
    """At whom: "kamu", "kowe", "polisi" …"""
    before: tuple[str, ...] = ()
    """Words that aim what follows: "dasar", "woi"."""
    quoting: tuple[str, ...] = ()
    """Words after which somebody else's words stand: "bilang", "diarani" …"""
    speakers: tuple[str, ...] = ()
    """Before such a word they say that these are the sender's own: "saya bilang kamu …"."""
    between: tuple[str, ...] = ()
    """What may stand between somebody and the word aimed at them: "memang", "kabeh"."""
    about_animals: tuple[str, ...] = ()
    """Words by which an animal is told of: "menggigit", "liar", "kandang" …"""


class Voices(Watch):
    """Many voice notes in a short time; nothing is redacted, they are heard first."""

    notes: Annotated[int, Field(ge=2, le=100)]
    seconds: Annotated[int, Field(ge=10, le=3600)]

    @model_validator(mode="after")
    def _heard_first(self) -> Voices:
        if any("redact" in rung for rung in self.ladder):
            raise ValueError(_UNHEARD)
        return self


class Joins(Part):
    """Many people coming at once."""

    on: bool = True
    people: Annotated[int, Field(ge=2, le=10_000)]
    seconds: Annotated[int, Field(ge=1, le=86_400)]
    close: Literal["knock", "invite"] | None = None
    """What the channel becomes until an officer opens it, or `minutes` have passed; unset: it stays open."""
    minutes: Annotated[int, Field(ge=5, le=10_080)] = 60


class Watches(Part):
    """All protections of one room."""

    flood: Flood
    mentions: Mentions
    repeats: Repeats
    links: Links
    invites: Invites
    newcomers: Newcomers
    insults: Insults
    voices: Voices
    joins: Joins

    def on(self, name: Name) -> bool:
        """Whether the file switches it on."""
        return bool(getattr(self, name).on)

    @cached_property
    def insult_words(self) -> InsultWords:
        """The word lists, ready to be compared."""
        return InsultWords.of(self.insults.model_dump(include={one.name for one in fields(InsultWords)}))

    @cached_property
    def link_words(self) -> LinkWords:
        """The lists of addresses."""
        places = tuple(one.casefold() for one in self.invites.places)
        return LinkWords(frozenset(self.links.allowed), frozenset(self.links.endings), places)


class Complaints(Part):
    """How members complain, and how often."""

    signs: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=16)], ...], Field(min_length=1)
    ] = ("⚠️",)
    """Reactions to a message that complain about it."""
    per_hour: Annotated[int, Field(ge=1, le=1000)] = 6
    """So many complaints of one person count within an hour; further ones are only noted."""
    mute_minutes: Annotated[int, Field(ge=5, le=1440)] = 60
    """How long 🔇 on a card mutes."""
    context: Annotated[int, Field(ge=0, le=10)] = 3
    """So many messages before the one complained about stand on the card."""


class Policies(Part):
    """Lists of rules against people and servers: those of others, and our own."""

    most_percent: Annotated[int, Field(ge=1, le=50)] = 5
    """A rule, or a list, that would hit more of our members than this is never followed."""
    own: Localpart | None = None
    """Name in rooms.yaml of the channel in which we publish our own bans for agencies."""


class ProtectionsFile(Part):
    """protections.yaml."""

    defaults: Watches
    complaints: Complaints = Complaints()
    policies: Policies = Policies()
    rooms: dict[str, dict[Name, dict[str, Any]]] = Field(default={})


@dataclass(frozen=True)
class Protections:
    """What is watched for where; nothing without the file."""

    defaults: Watches | None = None
    rooms: Mapping[str, Watches] = field(default_factory=dict)
    complaints: Complaints = field(default_factory=Complaints)
    policies: Policies = field(default_factory=Policies)

    def of(self, room: str) -> Watches | None:
        """For the room of that name."""
        return self.rooms.get(room, self.defaults)


def load_protections(folder: Path, rooms: Rooms | None = None) -> Protections:
    """Read the file; without it nothing is watched for. Raises ContentError with every problem found."""
    file = folder / PROTECTIONS
    if not file.exists():
        return Protections()
    document = read(file)
    written = validate(document, ProtectionsFile)
    problems: list[Problem] = []
    found: dict[str, Watches] = {}
    channels = {room.name for room in rooms.channels} if rooms is not None else None
    for name, changes in written.rooms.items():
        if channels is not None and name not in channels:
            problems.append(document.problem(("rooms", name), f"no channel '{name}' in rooms.yaml"))
            continue
        watches = _over(document, name, changes, problems)
        if watches is not None:
            found[name] = watches
    if rooms is not None and written.policies.own is not None:
        problems += _own_list(document, written.policies.own, rooms)
    if problems:
        raise ContentError(problems)
    return Protections(written.defaults, found, written.complaints, written.policies)


def _own_list(document: Document, name: str, rooms: Rooms) -> list[Problem]:
    """Names of banned people are nobody's to read but those whom we ask in."""
    where = ("policies", "own")
    room = rooms.by_name(name)
    if room is None or room.kind != "channel":
        return [document.problem(where, f"no channel '{name}' in rooms.yaml")]
    if room.join not in ("invite", "agencies"):
        return [document.problem(where, f"'{name}' names banned people: its join must be invite or agencies")]
    return []


def _over(
    document: Document, name: str, changes: Mapping[Name, Mapping[str, Any]], problems: list[Problem]
) -> Watches | None:
    """The defaults with what is written for one room."""
    merged: dict[str, Any] = {one: dict(values) for one, values in document.data["defaults"].items()}
    for protection, values in changes.items():
        merged[protection] = {**merged[protection], **values}
    try:
        return Watches.model_validate(merged)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            where = tuple(part for part in fault["loc"] if isinstance(part, str | int))
            words = str(fault["msg"]).removeprefix("Value error, ")
            said = f"unknown key '{'.'.join(map(str, where))}'" if fault["type"] == "extra_forbidden" else words
            problems.append(document.problem(("rooms", name, *where), said))
        return None
