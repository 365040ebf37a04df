"""The rooms as their files describe them: values, checked, nothing from a homeserver in them."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator

ALL = "all"
"""In a role's `rooms`: every room there is."""

Localpart = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._=\-/]*$", max_length=200)]
"""Local part of an alias; also the key of a room in the files."""

_PERSON = re.compile(r"@[^:\s@]+(:([^:\s@\[\]]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?)?")


def _person(text: str) -> str:
    if not _PERSON.fullmatch(text):
        raise ValueError(f'\'{text}\' is no Matrix address: write "@name", or "@name:server" for another server')
    return text


Person = Annotated[str, StringConstraints(max_length=255), AfterValidator(_person)]
"""A Matrix user id (spec appendix "User Identifiers"), or "@name" for somebody on our own server."""

Power = Annotated[int, Field(ge=0, le=100)]
Kind = Literal["space", "operations", "private", "channel"]
"""`private`: where the cards of violence at home, children and sexual crime go instead of the operations room."""
Join = Literal["public", "knock", "space", "invite"]
History = Literal["shared", "invited", "joined"]
"""`world_readable` is left out on purpose: it would show reports to people who never joined."""


class Part(BaseModel):
    """Base: unknown keys are mistakes, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Powers(Part):
    """Power needed for an act (client-server API, m.room.power_levels); unset: from `defaults`."""

    speak: Power | None = None
    invite: Power | None = None
    kick: Power | None = None
    ban: Power | None = None
    redact: Power | None = None
    state: Power | None = None
    notify: Power | None = None

    def over(self, base: Powers) -> Powers:
        """These where set, `base` elsewhere."""
        return base.model_copy(update=self.model_dump(exclude_none=True))


class Notices(Part):
    """What members are told."""

    welcome: str | None = None
    privacy: str | None = None
    """Before a person's first voice note, with the placeholders of `bot.rooms.notices`."""
    private: str | None = None
    """Who else helps, under a private report: the whole channel reads it, so it says nothing of the matter."""


class RoomFields(Part):
    """What can be said of a room, or of all of them in `defaults`."""

    join: Join | None = None
    history: History | None = None
    encryption: bool | None = None
    federate: bool | None = None
    invite_officers: bool | None = None
    bulletins: tuple[str, ...] | None = None
    power: Powers = Powers()
    notices: Notices = Notices()


class RoomEntry(RoomFields):
    """A room as written."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    topic: str = ""
    alias: Localpart | None = None
    districts: tuple[str, ...] = ()


class RoomsFile(Part):
    """rooms.yaml."""

    version: Annotated[str, StringConstraints(pattern=r"^[0-9a-z.\-]{1,32}$")] = "12"
    defaults: RoomFields = RoomFields()
    controller: str | None = None
    """Who is responsible for people's data (UU 27/2022), as they know them."""
    space: RoomEntry
    operations: dict[Localpart, RoomEntry] = Field(min_length=1, max_length=1)
    private: dict[Localpart, RoomEntry] = Field(default_factory=dict, max_length=1)
    channels: dict[Localpart, RoomEntry] = Field(min_length=1)


class Role(Part):
    """What a group of officers may do, where."""

    title: str
    power: Power
    rooms: tuple[str, ...] = (ALL,)
    members: tuple[Person, ...] = ()


class OfficersFile(Part):
    """officers.yaml."""

    break_glass: tuple[Person, ...] = ()
    roles: dict[str, Role]

    @field_validator("roles")
    @classmethod
    def _one_role_each(cls, roles: dict[str, Role]) -> dict[str, Role]:
        seen: dict[str, str] = {}
        for name, role in roles.items():
            for person in role.members:
                if person in seen:
                    raise ValueError(f"{person} is listed twice, in '{seen[person]}' and '{name}': keep one")
                seen[person] = name
        return roles


class Room(Part):
    """One room with the defaults filled in."""

    name: str
    """Key in rooms.yaml; the store and the logs know the room by it."""
    kind: Kind
    alias: str
    """Local part."""
    title: str
    topic: str
    join: Join
    history: History
    encryption: bool
    federate: bool
    invite_officers: bool
    bulletins: tuple[str, ...]
    """Slots that are announced here."""
    power: Powers
    districts: tuple[str, ...]
    """Names as in places/districts.csv: hints for reading places."""
    notices: Notices

    def full_alias(self, server_name: str) -> str:
        """`#alias:server`."""
        return f"#{self.alias}:{server_name}"


class Officer(Part):
    """One person with a role."""

    person: str
    """As written: a full user id or "@name"."""
    role: str
    power: int
    rooms: tuple[str, ...]

    def user_id(self, server_name: str) -> str:
        """The full Matrix user id."""
        return full_id(self.person, server_name)

    def works_in(self, room: Room) -> bool:
        """Whether the role covers this room; a private one only when it names it: "all" is too many people."""
        return room.name in self.rooms or (ALL in self.rooms and room.kind != "private")


class Rooms(Part):
    """Everything in rooms/ but the bulletins."""

    version: str
    space: Room
    operations: Room
    private: Room | None = None
    channels: tuple[Room, ...]
    officers: tuple[Officer, ...]
    break_glass: tuple[str, ...]
    notices: Notices = Notices()
    """Of `defaults`: for the channels that say nothing else, and for DMs."""
    controller: str = ""
    """Who is responsible for people's data; never empty when a notice names them."""

    @property
    def all(self) -> tuple[Room, ...]:
        """Space first, then the rooms of officers, then the channels: the order in which they are made."""
        private = () if self.private is None else (self.private,)
        return (self.space, self.operations, *private, *self.channels)

    @property
    def confidential(self) -> Room | None:
        """The room for private matters, once somebody is named to read there: a card before nobody helps nobody."""
        room = self.private
        return room if room is not None and any(one.works_in(room) for one in self.officers) else None

    def by_name(self, name: str) -> Room | None:
        """The room of that name (the space is called "space")."""
        return next((room for room in self.all if room.name == name), None)

    def officer(self, user_id: str, server_name: str) -> Officer | None:
        """The officer behind a user id, if it is one. Display names never count."""
        return next((one for one in self.officers if one.user_id(server_name) == user_id), None)

    def powers_in(self, room: Room, server_name: str) -> dict[str, int]:
        """User id → power that the files give in this room."""
        if not room.invite_officers:
            return {}
        return {one.user_id(server_name): one.power for one in self.officers if one.works_in(room)}

    def creators(self, server_name: str) -> tuple[str, ...]:
        """Break-glass accounts, full user ids."""
        return tuple(full_id(person, server_name) for person in self.break_glass)


def full_id(person: str, server_name: str) -> str:
    """A full user id from one that may lack our server."""
    return person if ":" in person else f"{person}:{server_name}"
