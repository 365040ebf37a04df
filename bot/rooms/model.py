"""The rooms as their files describe them: values, checked, nothing from a homeserver in them."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
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
LiaisonPower = Annotated[int, Field(ge=0, le=50)]
"""Of somebody from another agency: at most a moderator's, since what a room is, is ours to say."""
Kind = Literal["space", "operations", "private", "agency_space", "channel"]
"""`private`: where the cards of violence at home, children and sexual crime go instead of the operations room.
`agency_space`: what the liaisons of other agencies are invited to; membership of it lets them into their channels."""
Join = Literal["public", "knock", "space", "agencies", "invite"]
Servers = Literal["agencies", "any"]
"""Whose servers may take part in a federating room: ours and those of the agencies named for it, or everybody's."""
History = Literal["shared", "invited", "joined"]
"""`world_readable` is left out on purpose: it would show reports to people who never joined."""


Glob = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9*?][A-Za-z0-9*?.\-]*(:[0-9*?]{1,5})?$", max_length=230)]
"""A server's name with "*" and "?" in it, as m.room.server_acl understands them."""
Repair = Literal[
    "acl", "power_levels", "name", "topic", "avatar", "join_rules", "history_visibility", "guest_access", "encryption",
    "retention", "canonical_alias", "space",
]  # fmt: skip
"""What the running bot may put right by itself when somebody changed it by hand."""


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

    greet: Literal["thread", "dm", "none"] | None = None
    """How a newcomer is: in a thread of the channel (unset, too), in the DM they have with the bot, or not at all."""
    welcome: str | None = None
    """The rules of the channel and how to report."""
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
    servers: Servers | None = None
    retention: Annotated[int, Field(ge=1, le=3650)] | None = None
    """Days after which servers may delete messages (m.room.retention, MSC1763); unset: as the server has it."""
    power_of_liaisons: LiaisonPower | None = None
    bulletins: tuple[str, ...] | None = None
    power: Powers = Powers()
    notices: Notices = Notices()


class RoomEntry(RoomFields):
    """A room as written."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    topic: str = ""
    alias: Localpart | None = None
    districts: tuple[str, ...] = ()
    avatar: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """A picture's path, from the folder of rooms.yaml."""
    guide: Annotated[str, StringConstraints(min_length=1, max_length=8000)] | None = None
    """Markdown: pinned in the channel."""


class RoomsFile(Part):
    """rooms.yaml."""

    version: Annotated[str, StringConstraints(pattern=r"^[0-9a-z.\-]{1,32}$")] = "12"
    defaults: RoomFields = RoomFields()
    controller: str | None = None
    """Who is responsible for people's data (UU 27/2022), as they know them."""
    space: RoomEntry
    operations: dict[Localpart, RoomEntry] = Field(min_length=1, max_length=1)
    private: dict[Localpart, RoomEntry] = Field(default_factory=dict, max_length=1)
    agencies: dict[Localpart, RoomEntry] = Field(default_factory=dict, max_length=1)
    banned_servers: tuple[Glob, ...] = ()
    """Kept out of rooms that are open to everybody's servers."""
    repair: tuple[Repair, ...] = ()
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


class Avatar(Part):
    """A room's picture, as it stood on the disk when the files were read."""

    file: Path
    sha256: str
    mimetype: str
    size: int


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
    servers: Servers
    retention: int | None
    power_of_liaisons: int
    """Of liaisons whose agency says nothing else."""
    avatar: Avatar | None
    guide: str
    bulletins: tuple[str, ...]
    """Slots that are announced here."""
    power: Powers
    districts: tuple[str, ...]
    """Names as in places/districts.csv: hints for reading places."""
    notices: Notices

    @property
    def closed(self) -> bool:
        """Whether only those may be in it whom the files name."""
        return self.kind in ("operations", "private", "agency_space") or self.join == "agencies"

    @property
    def confidential(self) -> bool:
        """Whether it holds data on persons and cases: no other server ever takes part."""
        return self.kind in ("operations", "private")

    @property
    def is_space(self) -> bool:
        """Whether it holds rooms and no talk."""
        return self.kind in ("space", "agency_space")

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
        return works_in(self.rooms, room)


class Rooms(Part):
    """Everything in rooms/ but the bulletins."""

    version: str
    space: Room
    operations: Room
    private: Room | None = None
    agency_space: Room | None = None
    channels: tuple[Room, ...]
    officers: tuple[Officer, ...]
    break_glass: tuple[str, ...]
    notices: Notices = Notices()
    """Of `defaults`: for the channels that say nothing else, and for DMs."""
    controller: str = ""
    """Who is responsible for people's data; never empty when a notice names them."""
    banned_servers: tuple[str, ...] = ()
    repair: tuple[Repair, ...] = ()

    @property
    def all(self) -> tuple[Room, ...]:
        """Spaces and the rooms of officers first, then the channels, which point at them: the order of making."""
        optional = (one for one in (self.private, self.agency_space) if one is not None)
        return (self.space, self.operations, *optional, *self.channels)

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


def works_in(rooms: Collection[str], room: Room) -> bool:
    """Whether a role with these rooms covers a room."""
    return room.name in rooms or (ALL in rooms and room.kind != "private")


def full_id(person: str, server_name: str) -> str:
    """A full user id from one that may lack our server."""
    return person if ":" in person else f"{person}:{server_name}"


def server_of(user_id: str) -> str:
    """The server in a full user id, its port included."""
    return user_id.split(":", 1)[1] if ":" in user_id else ""
